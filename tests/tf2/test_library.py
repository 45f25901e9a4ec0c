"""The plugin: found, linked for old scripts, and its absence explained."""

import importlib.metadata
import re
import subprocess
import sys

import pytest
import tensorflow as tf

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
    assert "error: DIR must have no file libApproxGPUOpsTF.so that is not a link; received" in result.stderr
    assert "Traceback" not in result.stderr
    assert (tmp_path / "libApproxGPUOpsTF.so").read_text() == "mine"


def test_missing_plugin(monkeypatch):
    monkeypatch.setattr(library, "LIBRARY", "libNone.so")
    with pytest.raises(ImportError, match=r"tf2 needs libNone\.so, which this install was built without.*pip install"):
        library.load()


@pytest.mark.parametrize("built_for", ["2.9.0", "1.14.0", tf.__version__])
def test_plugin_of_another_tensorflow(monkeypatch, tmp_path, built_for):
    broken = tmp_path / "libBroken.so"
    broken.write_bytes(b"\x7fELF")
    (tmp_path / "built_for.txt").write_text(built_for + "\n")
    monkeypatch.setattr(library, "library_path", lambda: str(broken))
    failure = "does not load in" if built_for == tf.__version__ else "cannot be used in"
    message = f"libBroken.so was built for TensorFlow {built_for} and {failure} TensorFlow {tf.__version__}"
    with pytest.raises(ImportError, match=re.escape(message) + ".* Rebuild with the TensorFlow that you run: pip"):
        library.load()


def test_the_plugin_has_its_own_cuda_runtime():
    """TensorFlow exports one of another version, to which CUDA's functions must not be bound."""
    undefined = subprocess.run(["nm", "-D", "--undefined-only", library_path()], capture_output=True, text=True)
    names = [line.split()[-1] for line in undefined.stdout.splitlines()]
    assert any(name.startswith("_ZN10tensorflow") for name in names)
    assert [name for name in names if name.lstrip("_").startswith("cuda")] == []


def test_the_metadata_says_what_it_was_built_for():
    distribution = importlib.metadata.distribution("tfapprox")
    assert distribution.read_text("built_for_tensorflow.txt") == tf.__version__ + "\n"
