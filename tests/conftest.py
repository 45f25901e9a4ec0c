"""Fixtures for the tests of all rooms: recorded data, truth tables, and an environment without surprises."""

import os
import pathlib
import sys

import pytest

from tfapprox.common import load_table, reference, save_table
from tfapprox.common.multipliers import c_compiler

SHARED_DATA = pathlib.Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data():
    """Folder of recorded outputs and truth tables; a test that needs it is skipped where the folder does not exist."""
    if not SHARED_DATA.is_dir():
        pytest.skip("no recorded data: ../shared/data does not exist")
    return SHARED_DATA


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch):
    """Hides the multipliers of the user who runs the tests. TFAPPROX_FORCE_PATH stays, to test one path."""
    monkeypatch.delenv("TFAPPROX_MULTIPLIER_PATH", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", "/nonexistent")


@pytest.fixture(autouse=True)
def _memory_for_address_sanitizer(monkeypatch):
    """Lifts the compiler's limit of memory where `nox -s sanitize` preloads libasan, which reserves terabytes."""
    if "libasan" in os.environ.get("LD_PRELOAD", ""):
        limits = {name: value for name, value in c_compiler._LIMITS.items() if name != "AS"}
        monkeypatch.setattr(c_compiler, "_LIMITS", limits)


@pytest.fixture(autouse=True)
def _no_modules_of_other_tests(tmp_path_factory):
    """Forgets the modules that a test wrote and imported: a later test may write others of the same names."""
    before = set(sys.modules)
    yield
    folder = str(tmp_path_factory.getbasetemp())
    sys.path[:] = [entry for entry in sys.path if not entry.startswith(folder)]
    for name in set(sys.modules) - before:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(folder):
            del sys.modules[name]


def _settings():
    """The settings of this process that tests of other files rely on."""
    settings = {"current directory": os.getcwd()}
    determinism = sys.modules.get("tfapprox.tf2.training.determinism")
    if determinism:
        settings["determinism"] = determinism.config.is_op_determinism_enabled()
    keras = sys.modules.get("tfapprox.tf2") and sys.modules.get("keras")
    if keras:
        names = ("dtype_policy", "floatx", "image_data_format", "epsilon")
        settings.update((name, str(getattr(keras.config, name)())) for name in names)
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow:
        settings["eager execution"] = tensorflow.executing_eagerly()
    return settings


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Keeps the settings that a test begins with."""
    item.settings = _settings()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item):
    """Fails a test that leaves a setting changed. What the test was the first to import may have added settings."""
    after = _settings()
    changed = [
        f"{name} was {value} before this test and is {after[name]} after it"
        for name, value in item.settings.items()
        if after[name] != value
    ]
    assert not changed, "; ".join(changed)


@pytest.fixture(scope="session")
def golden_table(shared_data):
    """Function from the name of a table in a recorded case of TensorFlow 2, and its number of bits, to the table."""

    def load(name, num_bits):
        for folder in ("golden/tf2", "multipliers"):
            if name and (shared_data / folder / name).is_file():
                return load_table(shared_data / folder / name, num_bits)
        return load_table(name, num_bits)

    return load


@pytest.fixture(scope="module")
def table_file(tmp_path_factory):
    """Function that writes a table to a new file, mul8u_N.bin or mul8s_N.bin by its sign, and returns the path."""
    folder = tmp_path_factory.mktemp("tables")

    def write(table):
        sign = "s" if reference.is_signed(table) else "u"
        path = folder / f"mul8{sign}_{len(os.listdir(folder))}.bin"
        save_table(path, table)
        return str(path)

    return write
