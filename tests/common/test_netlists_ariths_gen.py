"""Circuits of ariths-gen: Verilog, BLIF and CGP have the products that its own Python evaluation has."""

import io

import numpy as np
import pytest

from tfapprox.common import netlists
from tfapprox.common.multipliers import c_circuit

ariths_gen = pytest.importorskip("ariths_gen")
from ariths_gen.multi_bit_circuits import approximate_multipliers, multipliers  # noqa: E402
from ariths_gen.wire_components import Bus  # noqa: E402

_EXACT = [
    (f"{sign}{kind}Multiplier", {}, bits)
    for sign in ("Unsigned", "Signed")
    for kind in ("Array", "CarrySave", "Dadda", "Wallace")
    for bits in (2, 3, 4, 5, 6)
]
_APPROXIMATE = [
    (name, parameters, bits)
    for name, parameters in [
        ("UnsignedBrokenArrayMultiplier", {"horizontal_cut": 1, "vertical_cut": 2}),
        ("UnsignedBrokenCarrySaveMultiplier", {"horizontal_cut": 1, "vertical_cut": 2}),
        ("UnsignedTruncatedArrayMultiplier", {"truncation_cut": 1}),
        ("UnsignedTruncatedCarrySaveMultiplier", {"truncation_cut": 2}),
    ]
    for bits in (3, 4, 5, 7)
]
_OTHER = [
    ("UnsignedWallaceMultiplier", {"use_csa": False}, 5),
    ("SignedWallaceMultiplier", {"use_csa": False}, 5),
    ("UnsignedRecursiveMultiplier", {}, 4),
    ("UnsignedDaddaMultiplier", {}, 8),
    ("SignedDaddaMultiplier", {}, 8),
    ("UnsignedBrokenArrayMultiplier", {"horizontal_cut": 2, "vertical_cut": 6}, 8),
]
_CIRCUITS = [*_EXACT, *_APPROXIMATE, *_OTHER]
_FORMS = {
    "v_code_flat": ".v",
    "v_code_hier": ".v",
    "blif_code_flat": ".blif",
    "blif_code_hier": ".blif",
    "cgp_code_flat": ".cgp",
}


def _circuit(name, parameters, bits):
    generator = getattr(multipliers, name, None) or getattr(approximate_multipliers, name)
    return generator(Bus("a", bits), Bus("b", bits), **parameters)


def _write(circuit, form, folder):
    text = io.StringIO()
    getattr(circuit, f"get_{form}")(text)
    path = folder / f"{form}{_FORMS[form]}"
    path.write_text(text.getvalue())
    return path


def _is_malformed(name, parameters, bits, form):
    """Whether ariths-gen 1.1 leaves an input of a carry-save row open, and connects the one before it twice."""
    return form == "blif_code_hier" and "Wallace" in name and parameters.get("use_csa", True) and bits > 2


@pytest.mark.parametrize(("name", "parameters", "bits"), _CIRCUITS)
def test_same_products(name, parameters, bits, tmp_path):
    circuit = _circuit(name, parameters, bits)
    signed = name.startswith("Signed")
    codes = np.arange(1 << bits)
    values = codes - (codes >> (bits - 1) << bits) if signed else codes
    expected = np.asarray(circuit(*np.broadcast_arrays(values[:, None], values[None, :])))
    for form in _FORMS:
        if _is_malformed(name, parameters, bits, form):
            continue
        table = netlists.products(netlists.read_netlist(_write(circuit, form, tmp_path)), signed=signed)
        np.testing.assert_array_equal(table, expected, form)
    if name in [exact for exact, _, _ in _EXACT]:
        np.testing.assert_array_equal(expected, np.multiply.outer(values, values))


@pytest.mark.parametrize("name", ["UnsignedWallaceMultiplier", "SignedWallaceMultiplier"])
def test_a_connection_that_ariths_gen_forgets_is_not_guessed(name, tmp_path):
    path = _write(_circuit(name, {}, 3), "blif_code_hier", tmp_path)
    with pytest.raises(netlists.NetlistError, match=r"must have one connection of a port; received two of a\[3\]"):
        netlists.read_netlist(path)


_IN_C = [circuit for circuit in _CIRCUITS if circuit[2] <= 5]


@pytest.mark.parametrize(("name", "parameters", "bits"), _IN_C)
def test_c_has_the_same_products(name, parameters, bits, tmp_path):
    circuit = _circuit(name, parameters, bits)
    signed = name.startswith("Signed")
    text = io.StringIO()
    circuit.get_c_code_flat(text)
    (tmp_path / "circuit.c").write_text(text.getvalue())
    table = c_circuit.products(tmp_path / "circuit.c", circuit.prefix, bits, signed)
    netlist = netlists.read_netlist(_write(circuit, "v_code_flat", tmp_path))
    np.testing.assert_array_equal(table, netlists.products(netlist, signed=signed))


def test_there_are_enough():
    assert len(_IN_C) >= 40
