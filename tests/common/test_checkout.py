"""A checkout of EvoApproxLib: both generations of names, repeated circuits, and failures."""

import circuits
import numpy as np
import pytest

from tfapprox.common import load_table, multipliers


@pytest.fixture
def checkout(tmp_path):
    """A folder laid out as EvoApproxLib, with one circuit that is broken and one that clashes."""
    files = {
        "multipliers/8x8_unsigned/pareto_pwr_ep/mul8u_EVEN.c": circuits.EVEN,
        "multipliers/8x8_unsigned/pareto_pwr_mae/mul8u_EVEN.c": circuits.EVEN.replace("MAE%", "MAE %"),  # a comment
        "multipliers/8x8_unsigned/pareto_pwr_wce/mul8u_EVEN.c": circuits.EVEN.replace("0xfe", "0xfc"),
        "multipliers/8x8_signed/pareto_pwr_mae/mul8s_LOW.c": circuits.SIGNED,
        "multipliers/7x7_unsigned/mul7u_X.c": "int mul7u_X(int a, int b) { return a * b; }",
        "multipliers_8/mul8_007.c": circuits.OLD,
        "multipliers_8/mul8_BROKEN.c": "int mul8_BROKEN(int a, int b) { return a * }",
        "multipliers/8x2_unsigned/mul8x2u_X.c": circuits.TWO,
        "multipliers/16x16_unsigned/mul16u_X.c": circuits.TWO,
        "adders/8_unsigned/add8u_X.c": circuits.TWO,
        "mult.c": circuits.TWO,
    }
    for name, code in files.items():
        path = tmp_path / "library" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
    return tmp_path / "library"


def test_import_checkout(checkout, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    paths = multipliers.circuits(checkout)
    seen = []
    outcomes = multipliers.import_checkout(paths, lambda paths: (seen.append(path) or path for path in paths))
    assert seen == paths
    assert [(outcome.name, outcome.status) for outcome in outcomes] == [
        ("mul7u_X", "imported"),
        ("mul8s_LOW", "imported"),
        ("mul8u_EVEN", "imported"),
        ("mul8u_EVEN", "same"),
        ("mul8u_EVEN", "failed"),
        ("mul8_007", "imported"),
        ("mul8_BROKEN", "failed"),
    ]
    messages = [outcome.message for outcome in outcomes if outcome.status == "failed"]
    assert messages[0] == f"name must mean one circuit; received another one in {outcomes[2].path}"
    assert messages[1].startswith(f"source must be C that compiles; received {checkout}/multipliers_8/mul8_BROKEN.c:\n")
    a, w = np.mgrid[0:256, 0:256]
    np.testing.assert_array_equal(load_table("mul8u_EVEN"), (a & 254) * w)
    np.testing.assert_array_equal(load_table("mul8_007"), a * (w & 254))
    assert multipliers.load("mul8_007").sidecar["power_mW"] == 0.2183
    assert multipliers.load("mul8s_LOW").signed
    again = multipliers.import_checkout(paths)
    assert {outcome.status for outcome in again} == {"failed"}
    assert "; force=True replaces it" in again[0].message


def test_folders_without_circuits(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"must have files such as mul8u_X\.c or mul8_X\.c; received"):
        multipliers.circuits(tmp_path)
    with pytest.raises(NotADirectoryError, match=r"must be a folder; received '.*none'"):
        multipliers.circuits(tmp_path / "none")
