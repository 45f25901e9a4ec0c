"""The plugin: found, linked for old scripts, and its absence explained."""

import importlib.metadata
import os
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
    (tmp_path / "new").mkdir()
    for _ in range(2):  # the second call replaces the link
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


@pytest.mark.parametrize("operation", ["tf2", "tf1", "tf1 tuned"])
def test_a_table_file_is_read_once(tmp_path, operation):
    """The kernel finds the table of a pinned file by its hash: the file may be gone when the kernel is made."""
    script = tmp_path / "script.py"
    script.write_text(
        f"""
import os
import numpy as np
import tensorflow as tf
from tfapprox import tf1, tf2
from tfapprox.common import pin_table, save_table

path = "{tmp_path}/mul8u_MINE.bin"
save_table(path, np.arange(65536).reshape(256, 256))
name = pin_table(path)
os.remove(path)
ones = [np.ones([1] * 4, np.float32)] * 2
codes = [tf.cast(tensor, tf.quint8) for tensor in ones]
if "{operation}" == "tf2":
    tf2.approx_conv2d_with_min_max_vars(*ones, 0.0, 1.0, 0.0, 1.0, [1] * 4, mul_map_file=name)
else:
    tune = "tuned" in "{operation}"
    operation = tf.load_op_library(tf2.library_path()).ax_conv2d
    operation(*codes, 0.0, 1.0, 0.0, 1.0, strides=[1] * 4, padding="SAME", AxMult=name, AxTune=tune)
print("the file was not needed")
""",
        encoding="utf-8",
    )
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    result = subprocess.run([sys.executable, script], capture_output=True, text=True, env=environment, check=False)
    assert result.stdout.endswith("the file was not needed\n"), result.stderr
