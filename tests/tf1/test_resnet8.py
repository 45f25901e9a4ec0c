"""A real frozen graph of 2019: ResNet-8 for CIFAR-10 with AxConv2D, 64 images as one batch."""

import numpy as np
import pytest
import tensorflow as tf

from tfapprox.common import native
from tfapprox.tf1 import library_path

pytestmark = pytest.mark.image

tf.load_op_library(library_path())


@pytest.fixture(scope="module")
def logits(shared_data):
    """Function from a graph's file, AxMult and AxTune to its logits, as an old script gets them."""
    with np.load(str(shared_data / "resnet8" / "images64.npz")) as archive:
        images = archive[archive.files[0]]

    def run(name, **attributes):
        definition = tf.compat.v1.GraphDef.FromString((shared_data / "resnet8" / name).read_bytes())
        for node in definition.node:
            if node.op == "AxConv2D" and attributes:
                node.attr["AxMult"].s = attributes["AxMult"].encode()
                node.attr["AxTune"].b = attributes["AxTune"]
        with tf.Graph().as_default() as graph, tf.compat.v1.Session() as session:
            tf.import_graph_def(definition, name="")
            placeholder = graph.get_tensor_by_name("input:0")
            feed = {placeholder: images.astype(placeholder.dtype.as_numpy_dtype)}
            return session.run("resnet/tower_0/fully_connected/dense/BiasAdd:0", feed)

    return run


@pytest.mark.skipif(
    not tf.__version__.startswith("1.14"), reason="other operations of the graph differ in TensorFlow 2"
)
@pytest.mark.parametrize(("multiplier", "tune"), [("mul8u_1JFF", False), ("mul8u_L40", True)])
def test_recorded_logits(shared_data, logits, monkeypatch, multiplier, tune):
    monkeypatch.setenv("TFAPPROX_MULTIPLIER_PATH", str(shared_data / "multipliers"))
    native.reload_settings()  # a graph keeps the settings that were passed on last
    with np.load(str(shared_data / "golden" / "tf1" / "resnet8_logits.npz")) as golden:
        expected = golden[f"logits_{multiplier}_tune{tune}"]
    np.testing.assert_array_equal(logits("resnet_8_quant_ax.pb", AxMult=multiplier, AxTune=tune), expected)


def test_the_exact_multiplier_is_tensorflows_own_quantized_convolution(logits):
    approximate = logits("resnet_8_quant_ax.pb", AxMult="mul8u_1JFF", AxTune=False)
    np.testing.assert_array_equal(approximate, logits("resnet_8_quant.pb"))
