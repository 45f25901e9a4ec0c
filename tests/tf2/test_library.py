"""The plugin: found, linked for old scripts, and its absence explained."""

import subprocess
import sys

import pytest

from tfapprox.tf2 import library, library_path


def run(*arguments):
    command = [sys.executable, "-m", "tfapprox.tf2", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_link(tmp_path):
    for _ in range(2):  # the second time replaces the link
        result = run("link", tmp_path / "new")
        assert result.returncode == 0, result.stderr
    path = tmp_path / "new" / "libApproxGPUOpsTF.so"
    assert path.is_symlink()
    assert path.resolve().samefile(library_path())
    script = f"import tensorflow as tf; tf.load_op_library({str(path)!r}).approx_conv2d_with_min_max_vars"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_link_keeps_a_file(tmp_path):
    (tmp_path / "libApproxGPUOpsTF.so").write_text("mine")
    result = run("link", tmp_path)
    assert result.returncode == 1
    assert "cannot link: " in result.stderr
    assert "Traceback" not in result.stderr
    assert (tmp_path / "libApproxGPUOpsTF.so").read_text() == "mine"


def test_missing_plugin(monkeypatch):
    monkeypatch.setattr(library, "LIBRARY", "libNone.so")
    with pytest.raises(ImportError, match=r"tf2 needs libNone\.so, which this install was built without.*pip install"):
        library.load()


def test_plugin_of_another_tensorflow(monkeypatch, tmp_path):
    broken = tmp_path / "libBroken.so"
    broken.write_bytes(b"\x7fELF")
    (tmp_path / "built_for.txt").write_text("2.99.0\n")
    monkeypatch.setattr(library, "library_path", lambda: str(broken))
    with pytest.raises(
        ImportError, match=r"libBroken\.so was built for TensorFlow 2\.99\.0 and does not load in TensorFlow 2"
    ):
        library.load()


def test_the_plugin_has_its_own_cuda_runtime():
    """TensorFlow exports one of another version, to which CUDA's functions must not be bound."""
    undefined = subprocess.run(["nm", "-D", "--undefined-only", library_path()], capture_output=True, text=True)
    names = [line.split()[-1] for line in undefined.stdout.splitlines()]
    assert any(name.startswith("_ZN10tensorflow") for name in names)
    assert [name for name in names if name.lstrip("_").startswith("cuda")] == []
