"""The check of an operation against the table: it passes where it must, and fails for every kind of wrong table."""

import numpy as np
import pytest

from cases import random_table
from tfapprox.common import multipliers, native, save_table


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A multiplier without any symmetry, imported, in the search path."""
    monkeypatch.setenv("TFAPPROX_MULTIPLIER_PATH", str(tmp_path))
    return multipliers.import_products(random_table(8, seed=1), "mul8u_MINE", folder=tmp_path)


def test_the_core_computes_with_the_table(mine):
    exact = np.multiply.outer(np.arange(256), np.arange(256))
    for name in ("mul8u_MINE", mine.path):
        outcome = multipliers.check(name)
        assert outcome == ("mul8u_MINE", mine.path, "core", 65536, 0, None, int((mine.table.entries != exact).sum()))


@pytest.mark.parametrize("name", multipliers.built_in_descriptions())
def test_built_in(name):
    outcome = multipliers.check(name)
    assert (outcome.pairs, outcome.wrong) == (255 * 255 if name.startswith("mul8s_") else 65536, 0)


@pytest.mark.parametrize("num_bits", range(2, 8))
def test_fewer_bits(tmp_path, num_bits):
    save_table(tmp_path / "mine.bin", random_table(num_bits, seed=2))
    outcome = multipliers.check(tmp_path / "mine.bin")
    assert (outcome.pairs, outcome.wrong) == (4**num_bits, 0)


def answering(table):
    """A stand-in for an operation that computes with another table."""
    return lambda name, codes, num_bits: table[np.ix_(codes.astype(int), codes.astype(int))].astype(np.float32)


def test_a_planted_wrong_table(mine):
    exact = native.load_table("mul8u_exact")
    wrong = multipliers.check("mul8u_MINE", answering(exact))
    assert wrong.wrong == (exact != mine.table.entries).sum() > 60000
    assert wrong.first[2:] == (exact[wrong.first[:2]], mine.table.entries[wrong.first[:2]])
    transposed = multipliers.check("mul8u_MINE", answering(mine.table.entries.T))
    assert transposed.wrong > 60000
    one = mine.table.entries.copy()
    one[200, 13] += 1
    outcome = multipliers.check("mul8u_MINE", answering(one))
    assert (outcome.wrong, outcome.first) == (1, (200, 13, one[200, 13], mine.table.entries[200, 13]))


def test_a_table_that_was_changed_after_its_import(mine):
    save_table(mine.path, random_table(8, seed=2))
    assert multipliers.load_details("mul8u_MINE")["changed"]
    with pytest.raises(
        ValueError, match=r"mul8u_MINE\.bin must be the file that its NAME\.json describes, of SHA-256 "
    ):
        multipliers.check("mul8u_MINE")
    mine.path.with_suffix(".json").unlink()
    assert multipliers.check("mul8u_MINE").wrong == 0


def test_signed_codes_are_those_that_an_operation_has(shared_data):
    path = shared_data / "multipliers" / "mul8s_1L1G.bin"
    table = multipliers.load(path).table.entries
    asked = []

    def products(name, codes, num_bits):
        asked.append(codes)
        return answering(table)(name, codes, num_bits)

    outcome = multipliers.check(path, products)
    assert (outcome.pairs, outcome.wrong) == (255 * 255, 0)
    np.testing.assert_array_equal(asked[0], np.arange(-127, 128))


def test_all_signed_tables_of_the_library(shared_data):
    paths = sorted((shared_data / "multipliers").glob("mul8s_*.bin"))
    assert len(paths) == 9
    for path in paths:
        outcome = multipliers.check(path)
        assert (outcome.pairs, outcome.wrong) == (255 * 255, 0), path
        wrong = multipliers.check(path, lambda name, *rest: multipliers.core_products("mul8s_exact", *rest))
        assert wrong.wrong == outcome.approximate
