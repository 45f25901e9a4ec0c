"""The built-in multipliers against the formulas of their papers, written independently of the core."""

import json
import math

import numpy as np
import pytest

from cases import random_table
from tfapprox.common import load_table, metrics, multipliers, save_table
from tfapprox.common.reference import exact_table

PAIRS = np.mgrid[0:256, 0:256]


def partial_products(keep):
    """Sum of the partial products a_i w_j 2^(i+j) that `keep(i, j)` keeps."""
    a, w = PAIRS
    bits = [(i, j) for i in range(8) for j in range(8) if keep(i, j)]
    return sum(((a >> i) & 1) * ((w >> j) & 1) << (i + j) for i, j in bits)


def mitchell(a, w):
    """Antilogarithm of the sum of two piecewise linear logarithms, as in the paper."""
    if a == 0 or w == 0:
        return 0

    def logarithm(x):
        k = math.floor(math.log2(x))
        return k + x / 2**k - 1

    total = logarithm(a) + logarithm(w)
    return round(2 ** math.floor(total) * (1 + total % 1))


def drum(a, w, k):
    def operand(x):
        bits = bin(x)[2:]
        return x if len(bits) <= k else int(bits[: k - 1] + "1" + "0" * (len(bits) - k), 2)

    return operand(a) * operand(w)


def kulkarni(a, w, bits=8):
    """Recursion of the paper: four multipliers of half the width."""
    if bits == 2:
        return 7 if a == w == 3 else a * w
    half = bits // 2
    low = 2**half - 1
    parts = [kulkarni(x, y, half) for x in (a >> half, a & low) for y in (w >> half, w & low)]
    return (parts[0] << bits) + ((parts[1] + parts[2]) << half) + parts[3]


def signed_product(a, w):
    """The product of two's complement bytes."""
    return (a - 256 * (a > 127)) * (w - 256 * (w > 127))


def over_pairs(function, *parameters):
    return [[function(a, w, *parameters) for w in range(256)] for a in range(256)]


EXPECTED = {
    "mul8u_exact": lambda: PAIRS[0] * PAIRS[1],
    "mul8u_1JFF": lambda: PAIRS[0] * PAIRS[1],
    **{f"mul8u_trunc{k}": lambda k=k: partial_products(lambda i, j: i + j >= k) for k in (2, 4, 6, 8)},
    **{
        f"mul8u_bam_h{h}_v{v}": lambda h=h, v=v: partial_products(lambda i, j: j >= h and i + j >= v)
        for h, v in [(1, 5), (2, 6), (3, 8)]
    },
    "mul8u_mitchell": lambda: over_pairs(mitchell),
    **{f"mul8u_drum{k}": lambda k=k: over_pairs(drum, k) for k in (3, 4, 5, 6)},
    "mul8u_kulkarni": lambda: over_pairs(kulkarni),
    **{name: lambda: over_pairs(signed_product) for name in ("mul8s_exact", "mul8s_1KV8")},
}


def test_every_listed_multiplier_has_an_expectation():
    assert set(multipliers.built_in_descriptions()) == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_construction(name):
    np.testing.assert_array_equal(load_table(name), EXPECTED[name]())


@pytest.mark.parametrize("construction", ["exact", "trunc3", "bam_h1_v3", "mitchell", "drum2", "kulkarni"])
@pytest.mark.parametrize("num_bits", range(2, 8))
def test_other_widths_are_corners_of_the_widest(construction, num_bits):
    codes = 2**num_bits
    wide = load_table(f"mul8u_{construction}")[:codes, :codes]
    np.testing.assert_array_equal(load_table(f"mul{num_bits}u_{construction}", num_bits), wide)


NO_NAMES = [
    "mul8u",
    "mul8u_",
    "mul8u_EXACT",
    "mul9u_exact",
    "mul1u_exact",
    "mul8s_1JFF",
    "mul8s_trunc4",
    "mul8u_trunc",
    "mul8u_trunc04",
    "mul8u_trunc17",
    "mul8u_trunc4x",
    "mul8u_drum1",
    "mul8u_drum9",
    "mul8u_bam_h2",
    "mul8u_bam_h9_v2",
]


@pytest.mark.parametrize("name", NO_NAMES)
def test_names_that_are_none(name):
    with pytest.raises(FileNotFoundError, match="must be a built-in multiplier"):
        load_table(name)


def half_a_digit(printed):
    """Half of the last printed decimal of a number."""
    decimals = 0 if float(printed).is_integer() else len(repr(printed).split(".")[1])
    return 0.5000001 * 10**-decimals


def test_published_figures(shared_data):
    """MAE, WCE, EP and MRE are those that EvoApproxLib publishes, to the printed digits."""
    published = json.loads((shared_data / "multipliers" / "multipliers.json").read_text())
    assert len(published) == 47
    for name, figures in published.items():
        multiplier = multipliers.load(shared_data / "multipliers" / f"{name}.bin")
        assert multiplier.signed == figures["signed"]
        mae, wce, mre, ep = metrics.errors(multiplier.table)
        for measured, key in [(mae, "MAE"), (wce, "WCE"), (100 * ep, "EP%"), (100 * mre, "MRE%")]:
            assert measured == pytest.approx(figures[key], abs=half_a_digit(figures[key])), (name, key)


@pytest.mark.parametrize("name", ["mul8u_exact", "mul8s_exact"])
def test_errors_of_the_exact_multiplier(name):
    assert metrics.errors(load_table(name)) == (0, 0, 0, 0)


def test_errors_of_one_wrong_signed_entry():
    table = load_table("mul8s_exact")
    table[-3, 5] += 6
    assert metrics.errors(table) == (6 / 65536, 6, 6 / 15 / 255**2, 1 / 65536)


def test_published_figures_in_details(shared_data):
    """The function that users call gives the published figures from the folder's multipliers.json."""
    found = multipliers.load_details(shared_data / "multipliers" / "mul8s_1L1G.bin")
    assert found["published"] == {
        "MAE": {"value": 340.0, "agrees": True},
        "WCE": {"value": 1743.0, "agrees": True},
        "EP%": {"value": 97.75, "agrees": True},
        "MRE%": {"value": 27.44, "agrees": True},
    }
    assert (found["power_mW"], found["area_um2"], found["delay_ns"]) == (0.126, 284.9, 0.94)


def test_description_of_a_signed_table():
    table = exact_table(8, signed=True)
    table[0, 3], table[255, 254], table[254, 255] = 5, 12, -8  # 0 * 3, -1 * -2, -2 * -1
    found = metrics.describe(table)
    assert found.worst == (-2, -1, -8, 2)
    assert (found.wce, found.mae, found.ep) == (10, 25 / 65536, 3 / 65536)
    assert (found.mse, found.bias) == (225 / 65536, 5 / 65536)
    assert found.mre == pytest.approx((10 / 2 + 10 / 2) / 65025, rel=1e-12)
    assert not found.symmetric
    assert found.zero_row.tolist() == [0, 0, 0, 5] + 252 * [0]
    assert not found.zero_column.any()


def test_description_of_a_table_of_few_bits():
    found = metrics.describe(load_table("mul4u_trunc3", 4))
    assert found.symmetric
    assert found.bias == -found.mae == -4.25
    assert found.worst == (7, 7, 32, 49)


def test_details_of_a_built_in_multiplier():
    found = multipliers.load_details("mul8u_drum4")
    assert found["plan"]["name"] in found["plan"]["possible"] == {"polynomial": 1, "classes": 0, "look_up": 0}
    assert found["symmetric"]
    assert (found["path"], found["changed"], found["hidden"], found["published"]) == (None, False, [], {})
    assert found["zero_row"] == {"min": 0, "max": 0, "nonzero": 0}


def test_errors_of_one_wrong_entry():
    table = load_table("mul4u_exact", 4)
    table[3, 5] += 6
    assert metrics.errors(table) == (6 / 256, 6, 6 / 15 / 225, 1 / 256)


def test_found(tmp_path, monkeypatch):
    save_table(tmp_path / "mul8u_B.bin", random_table(8, 1))
    save_table(tmp_path / "mul8u_A.bin", random_table(8, 1))
    save_table(tmp_path / "mul8u_exact.bin", random_table(8, 1))
    save_table(tmp_path / "mul4u_A.bin", random_table(4, 1))
    save_table(tmp_path / "mul8s_A.bin", random_table(8, 1, signed=True))
    for not_loaded in ("mul8u_drum7.bin", "a.bin.bin", ".bin"):  # built in though not listed, a path, the exact product
        save_table(tmp_path / not_loaded, random_table(8, 1))
    first = tmp_path / "first"
    (first / "mul8u_B.bin").mkdir(parents=True)  # a folder does not hide a file behind it
    monkeypatch.setenv("TFAPPROX_MULTIPLIER_PATH", f"{first}:{tmp_path}:/nowhere")
    assert list(multipliers.in_folders()) == ["mul8s_A", "mul8u_A", "mul8u_B"]
    loaded, failures = multipliers.load_all()
    assert [multiplier.name for multiplier in loaded if multiplier.path] == ["mul4u_A", "mul8s_A", "mul8u_A", "mul8u_B"]
    reasons = {path.name: reason for path, reason in failures}
    assert reasons == {
        ".bin": "an operation takes this name for something else",
        "a.bin.bin": "an operation takes this name for something else",
        "mul8u_drum7.bin": "hidden by the built-in multiplier of this name",
        "mul8u_exact.bin": "hidden by the built-in multiplier of this name",
    }
    for name, path in multipliers.in_folders().items():
        np.testing.assert_array_equal(load_table(name), load_table(path))
    assert list(multipliers.in_folders(4)) == ["mul4u_A"]
    assert multipliers.loadable_names()[-2:] == ["mul8u_A", "mul8u_B"]


def test_broken_files_are_listed_with_the_reason(tmp_path, monkeypatch):
    (tmp_path / "mul8u_SHORT.bin").write_bytes(b"123")
    monkeypatch.setenv("TFAPPROX_MULTIPLIER_PATH", str(tmp_path))
    ((path, reason),) = multipliers.load_all()[1]
    assert path == tmp_path / "mul8u_SHORT.bin"
    assert reason.endswith("mul8u_SHORT.bin' with 3 bytes")


MAKE = [
    ("exact", {}),
    ("trunc", {"k": 5}),
    ("bam", {"h": 2, "v": 7}),
    ("mitchell", {}),
    ("drum", {"k": 7}),
    ("kulkarni", {}),
]


@pytest.mark.parametrize(("construction", "parameters"), MAKE)
def test_make(tmp_path, construction, parameters):
    made = multipliers.make(construction, "mine", 7, tmp_path, **parameters)
    name = multipliers.construction_name(construction, 7, **parameters)
    np.testing.assert_array_equal(load_table(made.path, 7), load_table(name, 7))
    assert made.sidecar["source"] == f"construction {name}"
    assert multipliers.make(construction, None, 7, tmp_path, **parameters).name == name
    assert set(multipliers.CONSTRUCTIONS) == {name for name, _ in MAKE}


@pytest.mark.parametrize(
    ("construction", "parameters", "message"),
    [
        ("booth", {}, r"construction must be one of exact, trunc, bam, mitchell, drum, kulkarni; received 'booth'"),
        ("bam", {"h": 2}, r"bam must have the parameters h, v; received h=2"),
        ("exact", {"k": 2}, r"exact must have no parameters; received k=2"),
        ("drum", {"k": 9}, r"drum must have k from 2 to the bits, and 2 to 8 bits; received 'mul8u_drum9'"),
        (
            "bam",
            {"h": 9, "v": 0},
            r"bam must have h from 0 to the bits, v from 0 to twice the bits, .*'mul8u_bam_h9_v0'",
        ),
        ("trunc", {"k": 17}, r"trunc must have k from 0 to twice the bits, .*; received 'mul8u_trunc17'"),
        ("trunc", {"k": "x"}, r"k must be an integer from 0 to 2147483647; received 'x'"),
        ("exact", {"num_bits": 9}, r"num_bits must be from 2 to 8; received 9"),
    ],
)
def test_make_refuses(tmp_path, construction, parameters, message):
    with pytest.raises(ValueError, match=message):
        multipliers.make(construction, folder=tmp_path, **parameters)
    assert list(tmp_path.iterdir()) == []


def test_tune(tmp_path):
    random = random_table(8, seed=3)
    save_table(tmp_path / "mul8u_RANDOM.bin", random)
    tuning = multipliers.tune(tmp_path / "mul8u_RANDOM.bin")
    operand = np.arange(256, dtype=np.int64)
    distances = np.abs(operand[:, None, None] * operand[None, :, None] - random.astype(np.int64)[:, None, :]).sum(0)
    np.testing.assert_array_equal(tuning.mapping, distances.argmin(1))  # [weight, column]
    np.testing.assert_array_equal(tuning.table, random[:, tuning.mapping])
    assert tuning.before == metrics.errors(random)
    assert tuning.after == metrics.errors(random[:, tuning.mapping])
    assert tuning.after.mae < tuning.before.mae
    assert (multipliers.tune("mul8u_exact").mapping == operand).all()


def test_tune_refuses_signed_tables(tmp_path):
    (tmp_path / "mul8s_X.bin").write_bytes(bytes(131072))
    message = r"^name_or_path must have unsigned operands, which AxConv2D has; received 'mul8s_X'$"
    with pytest.raises(ValueError, match=message):
        multipliers.tune(tmp_path / "mul8s_X.bin")
