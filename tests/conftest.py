"""Fixtures: the recorded data that lies beside the repository, where it does."""

import os
import pathlib

import pytest

from tfapprox.common import load_table, reference, save_table

SHARED_DATA = pathlib.Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data():
    """Folder of recorded outputs and truth tables; tests that need it are skipped where there is none."""
    if not SHARED_DATA.is_dir():
        pytest.skip("no recorded data: ../shared/data does not exist")
    return SHARED_DATA


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch):
    """Tests set what they need of the environment themselves; a forced path stays, to test that path."""
    for name in set(os.environ) & {"TFAPPROX_MULTIPLIER_PATH"}:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", "/nonexistent")  # without the multipliers of who runs the tests


@pytest.fixture(scope="session")
def golden_table(shared_data):
    """Function from the `table` of a TF2 golden case to the table."""

    def load(name, num_bits):
        for folder in ("golden/tf2", "multipliers"):
            if name and (shared_data / folder / name).is_file():
                return load_table(shared_data / folder / name, num_bits)
        return load_table(name, num_bits)

    return load


@pytest.fixture(scope="module")
def table_file(tmp_path_factory):
    """Function that writes a table, under a new name of its sign each time, and returns its path."""
    folder = tmp_path_factory.mktemp("tables")

    def write(table):
        sign = "s" if reference.is_signed(table) else "u"
        path = folder / f"mul8{sign}_{len(os.listdir(folder))}.bin"
        save_table(path, table)
        return str(path)

    return write
