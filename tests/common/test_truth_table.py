"""The truth table as a value: what it holds, what it refuses, and that it cannot change."""

import copy
import hashlib
import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import random_table
from tfapprox.common import TruthTable, metrics, reference
from tfapprox.common.truth_table import is_signed

# As if nothing had been compiled: an attempt to find or to load a library ends the program.
UNCOMPILED = """
import ctypes
import numpy as np

def refuse(*arguments, **named):
    raise SystemExit(f"a compiled library was needed: {arguments}")

ctypes.CDLL = refuse
from tfapprox.common import library
library.find = refuse
from tfapprox.common import TruthTable, metrics, reference
from tfapprox.common import cuda, plans, tables, truth_table
table = truth_table.TruthTable(reference.exact_table(8) // 2 * 2)
x, w = np.ones((1, 4, 4, 1)), np.ones((3, 3, 1, 1))
y = reference.approx_conv2d_with_min_max_vars(x, w, 0, 1, 0, 1, [1, 1, 1, 1], "VALID", table=table)
codes = [np.full(shape, 3, np.uint8) for shape in (x.shape, w.shape)]
z = reference.ax_conv2d(*codes, 0, 255, 0, 255, [1, 1, 1, 1], "VALID", table=table)
print(round(float(y[0, 0, 0, 0]), 3), int(z.output[0, 0, 0, 0]), metrics.errors(table).wce)
"""


@st.composite
def tables(draw):
    """Any table: its width from 2 to 8 bits, or signed with 8."""
    width = draw(st.integers(2, 9))
    return random_table(min(width, 8), draw(st.integers(0, 2**32 - 1)), signed=width == 9)


@settings(max_examples=30, deadline=None)
@given(entries=tables())
def test_a_table_knows_what_its_entries_say(entries):
    table = TruthTable(entries, "mine")
    assert (2**table.num_bits, table.signed, table.name) == (len(entries), entries.dtype == np.int16, "mine")
    np.testing.assert_array_equal(table.entries, entries)
    assert table.entries.dtype == entries.dtype
    assert table.sha256 == hashlib.sha256(table.to_bytes()).hexdigest()
    assert TruthTable.from_bytes(table.to_bytes(), table.num_bits, table.signed) == table
    wide = TruthTable(entries.astype(np.int64), signed=table.signed)
    assert (wide, hash(wide)) == (table, hash(table))
    assert is_signed(table) == table.signed


def test_bytes_are_those_of_a_file():
    entries = np.zeros((256, 256), np.int16)
    entries[-3, 5] = -2
    assert TruthTable(entries).to_bytes()[2 * (253 * 256 + 5) :][:2] == b"\xfe\xff"


@pytest.mark.parametrize("num_bits", range(2, 9))
def test_exact_products(num_bits):
    codes = np.arange(2**num_bits)
    np.testing.assert_array_equal(TruthTable.exact(num_bits).entries, np.multiply.outer(codes, codes))


def test_exact_signed_products():
    codes = np.arange(256).astype(np.int8).astype(int)
    exact = TruthTable.exact(8, signed=True)
    assert exact.entries.dtype == np.int16
    np.testing.assert_array_equal(exact.entries, np.multiply.outer(codes, codes))


def test_a_table_cannot_change():
    source = random_table(4, 1)
    table = TruthTable(source)
    before, first = table.sha256, int(source[0, 0])
    source[0, 0] ^= 1
    assert int(table.entries[0, 0]) == first
    for same in (table, copy.deepcopy(table), pickle.loads(pickle.dumps(table))):
        with pytest.raises(ValueError, match="read-only"):
            same.entries[0, 0] = 7
        with pytest.raises(AttributeError):
            same.num_bits = 8
        assert (same, same.sha256) == (table, before)


def test_tables_are_equal_by_content_and_sign():
    entries = np.zeros((256, 256), np.uint16)
    table = TruthTable(entries, "one")
    assert table == TruthTable(entries, "other")
    assert table != TruthTable(entries.view(np.int16))
    assert table != TruthTable(np.zeros((4, 4), np.uint16))
    assert table != entries.tobytes()
    assert len({table, TruthTable(entries), TruthTable(entries.view(np.int16))}) == 2


def test_a_table_is_an_array_to_numpy():
    table = TruthTable(random_table(4, 1))
    assert np.asarray(table) is table.entries
    assert np.array(table).flags.writeable
    assert np.asarray(table, np.int64).dtype == np.int64


def test_the_representation_names_the_table():
    text = repr(TruthTable.exact(8, signed=True))
    assert text.startswith("TruthTable(unnamed, 8 bits, signed, sha256 ")
    assert "mul4u_A, 4 bits, unsigned" in repr(TruthTable(random_table(4, 1), "mul4u_A"))


def refused(message, *arguments, **named):
    with pytest.raises(ValueError, match=message):
        TruthTable(*arguments, **named)


def test_entries_refused():
    refused(
        r"must be \[2\*\*num_bits, 2\*\*num_bits\] for num_bits from 2 to 8; received \(2, 2\)", np.ones((2, 2), int)
    )
    refused(r"received \(4, 8\)", np.ones((4, 8), int))
    refused("integer entries; received dtype float64", np.ones((4, 4)))
    refused("integer entries; received dtype object", np.full((4, 4), None))
    refused("integer entries; received dtype bool", np.ones((4, 4), bool))
    refused(r"from 0 to 65535; received table\[3, 3\] = 65536", np.diag([0, 0, 0, 65536]))
    refused(r"entries from 0, or dtype int16; received -1, dtype int64", np.diag([0, -1, 0, 0]))
    refused(r"from 0 to 65535; received table\[1, 1\] = -1", np.diag([0, -1, 0, 0]), signed=False)
    refused(r"must be \[256, 256\] if it is signed; received \(4, 4\)", np.ones((4, 4), int), signed=True)
    refused(r"from -32768 to 32767; received table\[0, 0\] = 32768", np.full((256, 256), 32768), signed=True)
    refused(r"from 0 to 65535; received table\[0, 0\] = -1", np.full((256, 256), -1, np.int16), signed=False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1, False), "num_bits must be from 2 to 8; received 1"),
        ((9, False), "num_bits must be from 2 to 8; received 9"),
        ((7, True), "num_bits must be 8 for a signed table; received 7"),
    ],
)
def test_widths_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        TruthTable.exact(*arguments)
    with pytest.raises(ValueError, match=message):
        TruthTable.from_bytes(b"", *arguments)


def test_bytes_of_another_size_are_refused():
    with pytest.raises(ValueError, match="content must be 32 bytes for num_bits=2; received 31 bytes"):
        TruthTable.from_bytes(b"x" * 31, 2)


def test_of():
    table = TruthTable(random_table(4, 1), "mine")
    assert TruthTable.of(table, 4) is table
    assert TruthTable.of(table, None) is table
    assert TruthTable.of(table.entries, 4) == table
    assert TruthTable.of(None, 5) == TruthTable.exact(5)
    assert TruthTable.of(None, None) == TruthTable.of(None) == TruthTable.exact(8)
    for given_table in (table, table.entries):
        with pytest.raises(ValueError, match=r"must be \[256, 256\] for num_bits=8; received \(16, 16\)"):
            TruthTable.of(given_table)
    with pytest.raises(ValueError, match="num_bits must be from 2 to 8; received 9"):
        TruthTable.of(table, 9)


def test_the_reference_and_metrics_take_a_table_or_its_entries():
    table = TruthTable(random_table(4, 1))
    x, w = np.linspace(0, 1, 16).reshape(1, 4, 4, 1), np.ones((3, 3, 1, 1))
    outputs = [
        reference.approx_conv2d_with_min_max_vars(x, w, 0, 1, 0, 1, [1, 1, 1, 1], num_bits=4, table=form)
        for form in (table, table.entries)
    ]
    np.testing.assert_array_equal(*outputs)
    assert metrics.errors(table) == metrics.errors(table.entries)
    np.testing.assert_array_equal(reference.tune(table), reference.tune(table.entries))
    signed = TruthTable(random_table(8, 1, signed=True))
    assert metrics.errors(signed) == metrics.errors(signed.entries.astype(np.int64), signed=True)
    with pytest.raises(ValueError, match="must be one of unsigned products for AxConv2D"):
        reference.tune(signed)


def test_reference_and_metrics_need_no_compiled_library():
    result = subprocess.run([sys.executable, "-c", UNCOMPILED], capture_output=True)
    assert result.stdout.split() == [b"9.0", b"72", b"1.0"], result.stderr.decode()
