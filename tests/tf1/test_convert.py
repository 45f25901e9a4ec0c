"""The command convert: float graphs become graphs with AxConv2D, on TensorFlow 1.14."""

import json

import numpy as np
import pytest
import tensorflow as tf

from tfapprox.tf1 import convert as conversion
from tfapprox.tf1 import graph as graphs

v1 = tf.compat.v1
only_1_14 = pytest.mark.skipif(not tf.__version__.startswith("1."), reason="TransformGraph is in TensorFlow 1 only")

CONVOLUTION = {"strides": [1, 1, 1, 1], "padding": "SAME"}


def float_graph(
    path, input=lambda: v1.placeholder(tf.float32, [None, 8, 8, 3], name="input"), two_ends=False, **options
):
    """Writes a graph with two convolutions, a batch normalisation with fixed statistics, ReLU and a dense layer."""
    random = np.random.RandomState(1)

    def weights(*shape):
        return tf.constant(random.normal(size=shape), tf.float32)

    with tf.Graph().as_default() as graph:
        convolution = {**CONVOLUTION, **options}
        x = tf.nn.conv2d(input(), weights(3, 3, 3, 5), name="first/Conv2D", **convolution)
        x, _, _ = v1.nn.fused_batch_norm(
            x,
            *(tf.abs(weights(5)) for _ in range(4)),
            is_training=False,
            data_format=options.get("data_format", "NHWC"),
        )
        x = tf.identity(tf.nn.relu(x), name="identity")  # TransformGraph takes it away
        with v1.colocate_with(x):
            kernel = tf.abs(weights(2, 2, 5, 4))
        x = tf.nn.conv2d(x, kernel, [1, 2, 2, 1], "VALID", name="second/Conv2D")
        tf.identity(tf.matmul(tf.reduce_mean(x, [1, 2]), weights(4, 10)), name="logits")
        if two_ends:
            tf.identity(x, name="features")
    graphs.write(graph.as_graph_def(), path)
    return path


def logits(graph, images, output="logits:0"):
    with tf.Graph().as_default(), v1.Session() as session:
        tf.import_graph_def(graph, name="")
        return session.run(output, {"input:0": images})


@only_1_14
def test_resnet8_is_the_recorded_graph(command, shared_data, tmp_path):
    folder, output = shared_data / "resnet8", tmp_path / "ax.pb"
    table = command("convert", folder / "resnet_8.pb", "-o", output)
    assert "12,238,848" in table
    assert "results depend on its size" in table
    converted, recorded = graphs.read(output), graphs.read(folder / "resnet_8_quant_ax.pb")
    assert {node.name: node.op for node in converted.node} == {node.name: node.op for node in recorded.node}
    with np.load(str(folder / "images64.npz")) as archive:
        images = archive["images"].astype(np.float32)
    for graph in (converted, recorded):
        for node in graph.node:
            if node.op == "AxConv2D":
                node.attr["AxTune"].b = False
    results = [
        logits(graph, images, "resnet/tower_0/fully_connected/dense/BiasAdd:0") for graph in (converted, recorded)
    ]
    np.testing.assert_array_equal(*results)


@only_1_14
def test_a_quantised_graph_is_only_renamed(command, shared_data, tmp_path):
    folder, output = shared_data / "resnet8", tmp_path / "ax.pb"
    command("convert", folder / "resnet_8_quant.pb", "-o", output)
    assert sum(node.op == "AxConv2D" for node in graphs.read(output).node) == 7


@only_1_14
def test_small_graph(command, tmp_path, capfd):
    source, output = float_graph(tmp_path / "float.pb"), tmp_path / "ax.pb"
    command("convert", source, "-o", output, "--no-tune")
    assert "transform_graph" not in capfd.readouterr().err  # TensorFlow logs each of its transforms
    found = json.loads(command("layers", output, "--json"))
    assert [layer["macs"] for layer in found.values()] == [8 * 8 * 5 * 27, 4 * 4 * 4 * 20]
    converted = graphs.read(output)
    assert not any(node.op.startswith("FusedBatchNorm") for node in converted.node)  # folded into the weights
    images = np.random.RandomState(2).uniform(-1, 1, [5, 8, 8, 3]).astype(np.float32)
    results = logits(converted, images)
    for node in converted.node:
        node.op = node.op.replace("AxConv2D", "QuantizedConv2D")
        for name in {"AxMult", "AxTune"} & set(node.attr):
            del node.attr[name]
    np.testing.assert_array_equal(results, logits(converted, images))
    exact = logits(graphs.read(source), images)
    assert np.abs(results - exact).max() < 0.1 * np.abs(exact).max()


@only_1_14
def test_multipliers(command, tmp_path):
    source, output, assignment = float_graph(tmp_path / "float.pb"), tmp_path / "ax.pb", tmp_path / "layers.json"
    assignment.write_text(json.dumps({"second/Conv2D": {"multiplier": "mul8u_trunc4", "tune": False}}))
    command("convert", source, "-o", output, "--mult", "mul8u_drum4", "--layers", assignment)
    found = json.loads(command("layers", output, "--json"))
    assert [(layer["multiplier"], layer["tune"]) for layer in found.values()] == [
        ("mul8u_drum4", True),
        ("mul8u_trunc4", False),
    ]


@only_1_14
def test_inputs_and_outputs(command, tmp_path):
    source = float_graph(tmp_path / "float.pb", lambda: tf.random.uniform([4, 8, 8, 3], name="input"), two_ends=True)
    output = tmp_path / "ax.pb"
    assert "the graph has no placeholder" in command("convert", source, "-o", output, code=1)
    arguments = ["convert", source, "-o", output, "--input-node", "input"]
    assert "the graph ends in ['logits', 'features']" in command(*arguments, code=1)
    assert "--output-node must name nodes of the graph, such as ['logits', 'features']; received 'no'" in command(
        *arguments, "--output-node", "no", code=1
    )
    command(*arguments, "--output-node", "logits:0")
    assert {node.name for node in graphs.read(output).node} > {"input", "logits"}
    assert json.loads(command("layers", output, "--json"))["first/Conv2D/eightbit"]["input"] == [8, 8, 3]


@only_1_14
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"strides": [1, 1, 2, 1]},
            "layer first/Conv2D must have equal strides for height and width; received [1, 1, 2, 1]",
        ),
        ({"dilations": [1, 2, 2, 1]}, "layer first/Conv2D must have dilations 1; received [1, 2, 2, 1]"),
        ({"padding": [[0, 0], [1, 1], [1, 1], [0, 0]]}, "layer first/Conv2D must have padding SAME or VALID; received"),
    ],
)
def test_refused_convolutions(command, tmp_path, options, message):
    source = float_graph(tmp_path / "float.pb", **options)
    assert message in command("convert", source, "-o", tmp_path / "ax.pb", code=1)
    assert not (tmp_path / "ax.pb").exists()


@only_1_14
def test_refused_layout(command, tmp_path):
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [None, 3, 8, 8])
        tf.nn.conv2d(x, tf.ones([3, 3, 3, 2]), [1, 1, 1, 1], "SAME", data_format="NCHW", name="conv")
    graphs.write(graph.as_graph_def(), tmp_path / "float.pb")
    message = "layer conv must have data_format NHWC; received b'NCHW'"
    assert message in command("convert", tmp_path / "float.pb", "-o", tmp_path / "ax.pb", code=1)


@only_1_14
def test_refused(command, tmp_path):
    source, output, assignment = float_graph(tmp_path / "float.pb"), tmp_path / "ax.pb", tmp_path / "layers.json"
    assert "received 'mul8u_NONE'" in command("convert", source, "-o", output, "--mult", "mul8u_NONE", code=1)
    assignment.write_text('{"third": "mul8u_drum4"}')
    message = (
        "a layer must be one of the graph's; received 'third'; the layers are\n"
        "  first/Conv2D/eightbit\n  second/Conv2D/eightbit"
    )
    assert message in command("convert", source, "-o", output, "--layers", assignment, code=1)
    assert "No such file or directory" in command("convert", tmp_path / "none.pb", "-o", output, code=1)
    (tmp_path / "bad.pb").write_text("not a graph")
    assert "GRAPH must be a frozen graph" in command("convert", tmp_path / "bad.pb", "-o", output, code=1)
    with tf.Graph().as_default() as graph:
        tf.abs(v1.placeholder(tf.float32, [None, 3]), name="end")
    graphs.write(graph.as_graph_def(), tmp_path / "other.pb")
    message = "GRAPH must have a Conv2D of floats that leads to ['end']; received a graph without"
    assert message in command("convert", tmp_path / "other.pb", "-o", output, code=1)
    assert not output.exists()


def simple_graph(path, dtype=tf.float32, channels=1024, bias=True, variable=False):
    """Writes a graph with one 1x1 convolution of positive weights and, unless it is left out, a bias of zeros."""
    random = np.random.RandomState(4)
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(dtype, [None, 4, 4, 8], name="input")
        weights = tf.constant(random.uniform(0, 1, [1, 1, 8, channels]), dtype)
        if variable:
            weights = v1.get_variable("weights", initializer=weights, use_resource=False)
        x = tf.nn.conv2d(x, weights, name="first/Conv2D", **CONVOLUTION)
        if bias:
            x = tf.nn.bias_add(x, tf.constant(np.zeros(channels), dtype))
        tf.nn.relu(x, name="logits")
    graphs.write(graph.as_graph_def(), path)
    return path


@only_1_14
@pytest.mark.parametrize("channels", [64, 1024])
def test_a_bias_of_zeros(command, tmp_path, channels):
    source, output = simple_graph(tmp_path / "float.pb", channels=channels), tmp_path / "ax.pb"
    command("convert", source, "-o", output, "--no-tune")
    images = np.random.RandomState(5).uniform(0, 1, [3, 4, 4, 8]).astype(np.float32)
    exact = logits(graphs.read(source), images)
    assert np.abs(logits(graphs.read(output), images) - exact).max() < 0.02 * np.abs(exact).max()


@only_1_14
def test_weights_and_offsets_of_zeros(command, tmp_path):
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [None, 4, 4, 8], name="input")
        x = tf.nn.conv2d(x, tf.zeros([2, 2, 8, 64]), name="zero/Conv2D", **CONVOLUTION)
        x = tf.nn.relu(x + tf.constant(np.zeros([4, 4, 64]), tf.float32))
        tf.identity(x, name="logits")
    graphs.write(graph.as_graph_def(), tmp_path / "float.pb")
    command("convert", tmp_path / "float.pb", "-o", tmp_path / "ax.pb", "--no-tune")
    images = np.random.RandomState(5).uniform(-1, 1, [3, 4, 4, 8]).astype(np.float32)
    assert np.abs(logits(graphs.read(tmp_path / "ax.pb"), images)).max() < 0.05


@only_1_14
def test_graphs_of_another_kind_are_named(command, small_graph, tmp_path):
    output = tmp_path / "ax.pb"
    half = simple_graph(tmp_path / "half.pb", tf.float16, 4, bias=False)
    assert "received a graph whose Conv2D are float16" in command("convert", half, "-o", output, code=1)
    message = "received a graph that has AxConv2D already, whose multipliers `set` changes"
    assert message in command("convert", small_graph, "-o", output, code=1)
    variable = simple_graph(tmp_path / "variable.pb", channels=4, variable=True)
    shown = command("convert", variable, "-o", output, code=1)
    assert "GRAPH must be frozen: give the .meta file of its checkpoint or the folder of its SavedModel" in shown
    assert "convert_variables_to_constants; received one with the variable weights, whose values" in shown
    assert not output.exists()


@only_1_14
def test_macs_of_a_convolution_with_dilation(command, tmp_path):
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [None, 16, 16, 3], name="input")
        x = tf.nn.convolution(x, tf.ones([3, 3, 3, 32]), "SAME", dilation_rate=[2, 2], name="dilated")
        tf.nn.relu(x, name="logits")
    graphs.write(graph.as_graph_def(), tmp_path / "float.pb")
    command("convert", tmp_path / "float.pb", "-o", tmp_path / "ax.pb")
    (layer,) = json.loads(command("layers", tmp_path / "ax.pb", "--json")).values()
    assert layer["macs"] == 16 * 16 * 32 * 27 == 221184


@only_1_14
def test_a_normalisation_before_its_activation_is_named_with_its_share(command, tmp_path):
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [None, 8, 8, 3], name="input")
        ones = tf.ones([5])
        x = tf.nn.relu(tf.nn.conv2d(x, tf.random.stateless_uniform([3, 3, 3, 5], [1, 2]), name="first", **CONVOLUTION))
        x = v1.nn.fused_batch_norm(x, ones, ones, ones, ones, is_training=False, name="norm")[0]
        tf.nn.conv2d(x, tf.random.stateless_uniform([1, 1, 5, 2], [3, 4]), name="second", **CONVOLUTION)
    graphs.write(graph.as_graph_def(), tmp_path / "float.pb")
    output = command("convert", tmp_path / "float.pb", "-o", tmp_path / "ax.pb")
    share = 5 / (5 + 5 * 27 + 2 * 5)  # share of the multiplications for each pixel
    assert "note: no convolution comes right before these batch normalisations, which stay float and have" in output
    assert f"have {share:.2%} of the multiplications: norm\n" in output


@pytest.mark.skipif(tf.__version__.startswith("1."), reason="TensorFlow 1 has TransformGraph")
def test_elsewhere_it_says_where_it_runs(command, small_graph, tmp_path):
    output = command("convert", small_graph, "-o", tmp_path / "ax.pb", code=1)
    assert (
        f"convert needs the graph transforms of TensorFlow 1.14, which TensorFlow {tf.__version__} does not" in output
    )
    assert "run it in the TensorFlow 1.14 container" in output


@pytest.mark.parametrize(
    ("attributes", "expected"), [({}, True), ({"is_training": True}, True), ({"is_training": False}, False)]
)
def test_normalises_by_batch(attributes, expected):
    graph = v1.GraphDef()
    node = graph.node.add(name="norm", op="FusedBatchNormV3")
    for name, value in attributes.items():
        node.attr[name].b = value
    assert conversion.normalises_by_batch(graph) is expected
