"""Arrays of numpy and MATLAB in files that can have several."""

import numpy as np
import pytest
from typer.testing import CliRunner

from tfapprox.command_line import app
from tfapprox.common import multipliers
from tfapprox.common.argument_error import ArgumentError

PRODUCTS = np.multiply.outer(np.arange(16) & ~1, np.arange(16))


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def save_npz(path, arrays):
    np.savez(path, **arrays)


def save_mat(path, arrays):
    pytest.importorskip("scipy.io", reason="needs scipy").savemat(path, arrays)


@pytest.mark.parametrize(("suffix", "save"), [(".npz", save_npz), (".mat", save_mat)])
def test_one_array_or_the_one_that_is_named(suffix, save):
    for dtype in (np.int64, np.uint16, np.float64):
        save(f"mul4u_X{suffix}", {"T": PRODUCTS.astype(dtype)})
        made = multipliers.import_multiplier(f"mul4u_X{suffix}", force=True)
        np.testing.assert_array_equal(made.table.entries, PRODUCTS)
        assert made.sidecar["source"] == f"mul4u_X{suffix}, array T"
    save(f"two{suffix}", {"exact": PRODUCTS, "T": PRODUCTS})
    with pytest.raises(ArgumentError, match=r"must have one array; received .*exact, T; array chooses one"):
        multipliers.import_multiplier(f"two{suffix}", "mul4u_X")
    with pytest.raises(ArgumentError, match="array must be one of exact, T; received 'none'"):
        multipliers.import_multiplier(f"two{suffix}", "mul4u_X", array="none")
    arguments = ["multiplier", "import", f"two{suffix}", "--name", "mul4u_X", "--force"]
    assert "; --array chooses one" in CliRunner().invoke(app, arguments).output
    assert CliRunner().invoke(app, [*arguments, "--array", "T"]).exit_code == 0
    save(f"mul4u_X{suffix}", {"T": PRODUCTS + 0.5})
    with pytest.raises(ArgumentError, match="products must be integers; received dtype float64"):
        multipliers.import_multiplier(f"mul4u_X{suffix}", force=True)
    save(f"mul4x3u_X{suffix}", {"T": PRODUCTS[:, :8]})
    np.testing.assert_array_equal(multipliers.import_wide(f"mul4x3u_X{suffix}").products, PRODUCTS[:, :8])


def test_files_of_another_kind(tmp_path):
    with pytest.raises(ArgumentError, match=r"array is for \.npz and \.mat files; received "):
        multipliers.import_multiplier(PRODUCTS, "mul4u_X", array="T")
    (tmp_path / "x.npz").write_bytes(b"PK")
    with pytest.raises(ArgumentError, match=r"source must be a \.npz archive of arrays"):
        multipliers.import_multiplier("x.npz", "mul4u_X")
    (tmp_path / "x.mat").write_bytes(b"MATLAB 7.3".ljust(512) + b"\x89HDF\r\n\x1a\n")
    with pytest.raises(ArgumentError, match=r"must be a \.mat file of version 7 or older, as save -v7 writes it"):
        multipliers.import_multiplier("x.mat", "mul4u_X")


def test_a_damaged_mat_file(tmp_path):
    pytest.importorskip("scipy.io", reason="needs scipy")
    for content in (b"", b"no mat file", bytes(200), b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + b"\x0f" * 64):
        (tmp_path / "x.mat").write_bytes(content)
        with pytest.raises(ArgumentError, match=r"source must (be a \.mat file|have one array)"):
            multipliers.import_multiplier("x.mat", "mul4u_X")
