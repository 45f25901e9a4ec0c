"""Golden vectors of frozen graphs: the integers are those of the graph, and the test bench passes with the module."""

import json
import shutil
import subprocess

import numpy as np
import pytest
import tensorflow as tf
from typer.testing import CliRunner

from tfapprox.command_line import app
from tfapprox.common import load_table, multipliers, save_table, vectors
from tfapprox.tf1 import graph as graphs
from tfapprox.tf1 import layer_vectors, layers

IMAGES = np.random.RandomState(0).randint(0, 256, (3, 32, 32, 3)).astype(np.float32)
FIRST, SECOND = "first/Conv2D", "second/Conv2D"


@pytest.fixture(scope="module")
def graph(small_graph):
    return graphs.read(small_graph)


@pytest.mark.parametrize("tune", [True, False])
@pytest.mark.parametrize("layer", [FIRST, f"{SECOND}/eightbit"])
def test_the_output_of_the_graph_follows_from_the_integers(graph, layer, tune):
    chosen = layers.assigned(graph, layers.Choice("mul8u_bam_h2_v6", tune))
    computed = layer_vectors(chosen, layer, IMAGES)
    filters, zero_a, zero_w = len(computed.weights), computed.activation.zero_point, computed.weight[0].zero_point
    taps = computed.windows.shape[2]
    sums, table = computed.sums.reshape(-1, filters), computed.table.entries
    corrections = computed.correction_weights.reshape(filters, taps)
    assert computed.table == multipliers.load("mul8u_bam_h2_v6").table
    assert np.array_equal(computed.weights, computed.correction_weights) != tune
    for pixel in range(0, len(sums), 97):
        for f in range(filters):
            a, w = computed.windows[0, pixel].tolist(), computed.weights[f].ravel().tolist()
            assert sums[pixel, f] == sum(int(table[i, j]) for i, j in zip(a, w))
            total = sums[pixel, f] - zero_w * sum(a) - zero_a * corrections[f].sum() + taps * zero_a * zero_w
            assert computed.totals.reshape(-1, filters)[pixel, f] == total
    # What the graph computes in TensorFlow.
    name = layer if layer.endswith("/eightbit") else f"{layer}/eightbit"
    with tf.compat.v1.Session(graph=graphs.imported(chosen)) as session:
        seen = session.run(
            tf.compat.v1.bitcast(session.graph.get_tensor_by_name(f"{name}:0"), tf.int32), {"images:0": IMAGES}
        )
    np.testing.assert_array_equal(computed.outputs, seen)


@pytest.mark.skipif(not shutil.which("iverilog"), reason="needs Icarus Verilog (iverilog)")
def test_a_layer_in_a_simulator(graph, tmp_path):
    vectors.write(layer_vectors(graph, FIRST, IMAGES[:1]), tmp_path, FIRST)
    multipliers.export("mul8u_drum4", "verilog", tmp_path / "multiplier.v")
    subprocess.run(["iverilog", "-o", "bench", "test_bench.v", "multiplier.v"], cwd=str(tmp_path), check=True)
    output = subprocess.run(["vvp", "-n", "bench"], cwd=str(tmp_path), check=True, stdout=subprocess.PIPE)
    assert output.stdout.decode().splitlines()[-1] == "PASS"


def command(*arguments):
    result = CliRunner().invoke(app, ["vectors", *map(str, arguments)])
    return result.exit_code, result.output


def test_the_command(small_graph, tmp_path):
    np.savez(str(tmp_path / "data.npz"), images=IMAGES)
    options = ["--data", tmp_path / "data.npz", "-o", tmp_path / "vectors", "--count", "2"]
    code, output = command(small_graph, FIRST, *options)
    assert (code, output.splitlines()[0]) == (0, f"wrote 20 files to {tmp_path}/vectors: 2 inputs, sums (2, 16, 16, 4)")
    readme = (tmp_path / "vectors" / "README.md").read_text()
    assert "equations (5)" in readme
    assert "| `correction_weights` | filter, row, column, channel: 4 x 3 x 3 x 3 | 8 bits |" in readme
    quantisation = json.loads((tmp_path / "vectors" / "quantisation.json").read_text())
    assert quantisation["operation"] == "AxConv2D"
    assert quantisation["sha256"] == multipliers.load("mul8u_drum4").table.sha256
    assert np.load(str(tmp_path / "vectors" / "outputs.npy")).dtype == np.int32
    for arguments, message in [
        (
            [small_graph, "third"],
            f"LAYER must be an AxConv2D node, {FIRST}/eightbit, {SECOND}/eightbit; received 'third'",
        ),
        ([small_graph, FIRST, "--input-node", "none"], "--input-node must be a node of the graph, such as images"),
        ([tmp_path / "data.npz", FIRST], "MODEL must be a .keras file or a frozen graph, a .pb file"),
        ([tmp_path / "none.pb", FIRST], "No such file or directory"),
    ]:
        code, output = command(*arguments, *options)
        assert (code, output[:7]) == (1, "error: ")
        assert message in output


def test_inputs_that_do_not_fit(graph):
    with pytest.raises(ValueError, match="inputs must be arrays that the graph takes at images; received "):
        layer_vectors(graph, FIRST, IMAGES[..., :2])
    two = type(graph).FromString(graph.SerializeToString())
    two.node.add(name="other", op="Placeholder").attr["dtype"].type = tf.float32.as_datatype_enum
    with pytest.raises(ValueError, match=r"input_node must be given where .*; received a graph with images, other"):
        layer_vectors(two, FIRST, IMAGES)
    assert layer_vectors(two, FIRST, IMAGES[:1], "images:0").sums.shape == (1, 16, 16, 4)


def test_a_multiplier_by_path(graph, tmp_path):
    save_table(str(tmp_path / "mul8u_OWN.bin"), load_table("mul8u_trunc2"))
    chosen = layers.assigned(graph, layers.Choice(str(tmp_path / "mul8u_OWN.bin")))
    computed = layer_vectors(chosen, SECOND, IMAGES[:1])
    assert (computed.table.name, computed.table) == ("mul8u_OWN", multipliers.load("mul8u_trunc2").table)
