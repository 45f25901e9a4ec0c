"""Models of TensorFlow Lite are refused by their name, content and class."""

import pytest

from tfapprox.common.tflite import refuse_tflite

MESSAGE = "graph must be the model from which the TensorFlow Lite file was converted, because kernels of TensorFlow"


@pytest.mark.parametrize("kind", ["name", "content", "renamed", "class"])
def test_refused(tmp_path, kind):
    content = b"\x1c\0\0\0TFL3" + bytes(20)
    (tmp_path / "model.pb").write_bytes(content)
    interpreter = type("Interpreter", (), {"__module__": "tensorflow.lite.python.interpreter"})()
    models = {"name": "a.tflite", "content": content, "renamed": tmp_path / "model.pb", "class": interpreter}
    with pytest.raises(TypeError, match=MESSAGE):
        refuse_tflite(models[kind], "graph")


def test_everything_else_passes(tmp_path):
    (tmp_path / "model.pb").write_bytes(b"TFL3")
    for model in ("a.keras", b"", b"TFL3", tmp_path, tmp_path / "model.pb", tmp_path / "none", None, 3):
        refuse_tflite(model)
