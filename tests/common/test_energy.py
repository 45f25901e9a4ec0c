"""Energy of assignments, and the costs that it is computed from."""

import json
from fractions import Fraction

import numpy as np
import pytest

from tfapprox.common import load_table, save_table
from tfapprox.search import energy, multiplier_costs, read_costs

# ResNet-8 (CIFAR-10) as published: convolutions with a stride are counted at their padded size.
PUBLISHED = [442368, 2359296, 2359296, 5326848, 2359296, 5971968, 2359296]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Function that writes multipliers NAME with NAME.json into a folder of the search path."""
    monkeypatch.setenv("TFAPPROX_MULTIPLIER_PATH", str(tmp_path))

    def write(**described):
        for name, known in described.items():
            save_table(tmp_path / f"{name}.bin", load_table("mul8u_drum4"))
            (tmp_path / f"{name}.json").write_text(json.dumps(known))

    return write


def test_energy_is_the_formula_to_the_last_digits():
    rng = np.random.default_rng(0)
    power = {f"m{i}": float(value) for i, value in enumerate(rng.uniform(0.008, 0.4, 36))}
    for _ in range(200):
        names = list(rng.choice(list(power), len(PUBLISHED)))
        exact = sum(Fraction(power[name]) * count for name, count in zip(names, PUBLISHED)) / sum(PUBLISHED)
        assert abs(energy(names, PUBLISHED, power) - float(exact)) <= 1e-12 * float(exact)


def test_energy_of_one_multiplier_is_its_power():
    assert energy(["a"] * 7, PUBLISHED, {"a": 0.391}) == 0.391
    assert energy(("a", "b"), np.array([1, 3]), {"a": 1, "b": 0}) == 0.25


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["a"], [1, 2], {"a": 1.0}), "macs must have a number for each of 1 layers; received 2 numbers"),
        ((["a"], [0], {"a": 1.0}), r"macs must have a sum of more than 0; received \[0\]"),
        ((["a"], [-1], {"a": 1.0}), "macs must be integers from 0; received -1"),
        ((["a"], [1], {"b": 1.0}), "power must have a finite number for a; received None"),
        ((["a"], [1], {"a": float("nan")}), "power must have a finite number for a; received nan"),
        (("a", [1], {"a": 1.0}), "assignment must be a sequence with a name for each layer; received 'a'"),
    ],
)
def test_energy_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        energy(*arguments)


def test_columns_and_their_products(folder):
    folder(mul8u_a={"power_mW": 0.3, "area_um2": 100, "delay_ns": 1.5, "source": "mul8u_a.c"})
    assert multiplier_costs(["mul8u_a"]) == ({"mul8u_a": 0.3}, "mW", "NAME.c")
    assert multiplier_costs(["mul8u_a"], "area_um2 * delay_ns")[:2] == ({"mul8u_a": 150.0}, "um2*ns")
    with pytest.raises(ValueError, match=r"column must be one of power_mW, area_um2, delay_ns, .* received leakage"):
        multiplier_costs(["mul8u_a"], "leakage")


def test_sources_are_not_mixed(folder):
    folder(
        mul8u_a={"power_mW": 0.3, "source": "mul8u_a.c"},
        mul8u_b={"power_mW": 0.2, "source": "mul8u_b.c"},
        mul8u_c={"power_mW": 0.1, "source": "ariths-gen"},
        mul8u_d={"area_um2": 1},
    )
    assert multiplier_costs(["mul8u_a", "mul8u_b"]).values == {"mul8u_a": 0.3, "mul8u_b": 0.2}
    with pytest.raises(ValueError, match=r"costs must be of one source, .* mul8u_a; ariths-gen: mul8u_c; mix_sources"):
        multiplier_costs(["mul8u_a", "mul8u_c"])
    assert multiplier_costs(["mul8u_a", "mul8u_c"], mix_sources=True).source == "NAME.c; ariths-gen"
    with pytest.raises(ValueError, match="costs must be known for all multipliers; received no power_mW for mul8u_d"):
        multiplier_costs(["mul8u_a", "mul8u_d"])
    with pytest.raises(FileNotFoundError, match="mul8u_x"):
        multiplier_costs(["mul8u_x"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "must be JSON"),
        ("[]", "must have an object with texts under unit and source"),
        ('{"unit": "mW", "source": "s"}', "must have an object from multiplier to cost under costs; received None"),
        ('{"unit": "mW", "source": "s", "costs": {"a": "1"}}', "a must be a finite number from 0; received '1'"),
    ],
)
def test_a_bad_file_of_costs_is_refused(tmp_path, text, message):
    path = tmp_path / "costs.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_costs(path)
