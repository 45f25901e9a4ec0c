"""TensorFlow Lite: its models are refused, and approximate models are not converted to it."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from typer.testing import CliRunner

from tfapprox.command_line import app
from tfapprox.common.argument_error import ArgumentError
from tfapprox.search import loading
from tfapprox.tf1 import freezing, graph
from tfapprox.tf2 import approximate_model, calibrate, compensate, distortion, set_multiplier, summary

CONTENT = b"\x1c\0\0\0TFL3" + bytes(20)
FUNCTIONS = {
    "approximate_model": approximate_model,
    "calibrate": lambda model: calibrate(model, None),
    "compensate": lambda model: compensate(model, None),
    "distortion": lambda model: distortion(model, None),
    "set_multiplier": lambda model: set_multiplier(model, ""),
    "summary": summary,
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
@pytest.mark.parametrize("model", ["a.tflite", CONTENT], ids=["path", "content"])
def test_a_function_refuses_it(function, model):
    with pytest.raises(TypeError, match="model must be the model from which the TensorFlow Lite file was converted"):
        function(model)


@pytest.mark.parametrize("read", [graph.read, freezing.read, lambda path: loading.load_network(path, None)])
def test_a_reader_refuses_it(read, tmp_path):
    (tmp_path / "a.tflite").write_bytes(CONTENT)
    with pytest.raises(ArgumentError, match="must be the model from which the TensorFlow Lite file was converted"):
        read(str(tmp_path / "a.tflite"))


def test_a_command_refuses_it(tmp_path):
    (tmp_path / "a.tflite").write_bytes(CONTENT)
    np.savez(tmp_path / "data.npz", x=np.zeros([4, 2]))
    options = ["a.tflite", "--data", str(tmp_path / "data.npz")]
    for command in (["vectors", "layer", "-o", str(tmp_path)], ["sensitivity", "-m", "mul8u_*"]):
        result = CliRunner().invoke(app, [command[0], options[0], *command[1:], *options[1:]])
        assert (result.exit_code, "MODEL must be the model from which" in result.output) == (1, True), result.output


def test_a_path_is_no_model():
    with pytest.raises(TypeError, match=r"received 'a\.keras'\. keras\.saving\.load_model opens a file"):
        approximate_model("a.keras")


def converter(name, model, path):
    """A converter of a model by one of the three constructors."""
    if name == "from_keras_model":
        return tf.lite.TFLiteConverter.from_keras_model(model)
    if name == "from_saved_model":
        model.export(path)
        return tf.lite.TFLiteConverter.from_saved_model(str(path))
    function = tf.function(model).get_concrete_function(tf.TensorSpec([1, 4]))
    return tf.lite.TFLiteConverter.from_concrete_functions([function], model)


@pytest.mark.skipif(tf.__version__.startswith("2.16."), reason="TensorFlow 2.16 aborts when it converts")
@pytest.mark.parametrize("name", ["from_keras_model", "from_saved_model", "from_concrete_functions"])
def test_the_conversion_is_refused(name, tmp_path):
    model = keras.Sequential([keras.Input([4]), keras.layers.Dense(3)])
    assert converter(name, model, tmp_path / "exact").convert()[4:8] == b"TFL3"
    approximate = approximate_model(model, "mul8u_drum4", ranges="moving")
    message = "TensorFlow Lite cannot run approximate layers, whose operation Approx.* is no part of it; convert the"
    with pytest.raises(NotImplementedError, match=message):
        converter(name, approximate, tmp_path / "approximate").convert()
