"""MACs of every kind of layer, and the summary with its formats."""

import csv
import io
import json

import keras
import numpy as np
import pytest
from rich.console import Console

from tfapprox.common import TruthTable, load_truth_table, multipliers
from tfapprox.tf2 import FakeApproxConv2D, approximate_model, summary
from tfapprox.tf2.counting import count_macs

layers = keras.layers


def model_of(shape, *stack):
    inputs = x = keras.Input(shape)
    for layer in stack:
        x = layer(x)
    return keras.Model(inputs, x)


@pytest.mark.parametrize(
    ("shape", "layer", "macs"),
    [
        ([8, 8, 3], layers.Conv2D(4, 3), 6 * 6 * 4 * 9 * 3),
        ([8, 8, 3], layers.Conv2D(4, (3, 2), padding="same", strides=2, dilation_rate=1), 4 * 4 * 4 * 6 * 3),
        ([8, 8, 4], layers.Conv2D(6, 3, groups=2), 6 * 6 * 6 * 9 * 2),
        ([3, 8, 8], layers.Conv2D(4, 1, data_format="channels_first"), 64 * 4 * 3),
        ([8, 3], layers.Conv1D(4, 3, dilation_rate=2), 4 * 4 * 3 * 3),
        ([8, 8, 8, 2], layers.Conv3D(3, 2), 343 * 3 * 8 * 2),
        ([8, 8, 3], layers.DepthwiseConv2D(3, depth_multiplier=2), 36 * 6 * 9),
        ([8, 3], layers.DepthwiseConv1D(3), 6 * 3 * 3),
        ([8, 8, 3], layers.SeparableConv2D(5, 3, depth_multiplier=2), 36 * 6 * 9 + 36 * 6 * 5),
        ([8, 3], layers.SeparableConv1D(5, 3), 6 * 3 * 3 + 6 * 3 * 5),
        ([4, 4, 3], layers.Conv2DTranspose(5, 2, strides=2), 64 * 1 * 3 * 5),  # one tap meets each output
        ([4, 4, 3], layers.Conv2DTranspose(5, 4, strides=2, padding="same"), 64 * 4 * 3 * 5),
        ([4, 3], layers.Conv1DTranspose(5, 3, padding="same"), 4 * 3 * 3 * 5),
        ([4, 3], layers.Conv1DTranspose(2, 3, strides=2, padding="same"), (4 * 2 + 4 * 1) * 3 * 2),
        ([7], layers.Dense(5), 35),
        ([4, 7], layers.Dense(5), 140),
        ([4, 6], layers.EinsumDense("abc,cde->abde", [None, 2, 5]), 4 * 6 * 10),
        ([4, 6], layers.EinsumDense("...x,xy->...y", 5), 4 * 6 * 5),
        ([5, 3], layers.LSTM(4), 5 * 4 * 4 * (3 + 4)),
        ([5, 3], layers.GRU(4, return_sequences=True), 5 * 3 * 4 * 7),
        ([5, 3], layers.SimpleRNN(4), 5 * 4 * 7),
        ([5, 3], layers.RNN([layers.LSTMCell(4), layers.GRUCell(2)]), 5 * (4 * 4 * 7 + 3 * 2 * 6)),
        ([5, 8, 8, 2], layers.ConvLSTM2D(3, 3, padding="same"), 5 * 4 * 64 * 3 * 9 * 5),
        ([2, 8, 8, 3], layers.TimeDistributed(layers.Conv2D(4, 3)), 2 * 36 * 4 * 27),
        ([8, 8, 3], layers.Lambda(lambda x: keras.ops.matmul(x, keras.ops.ones([3, 5]))), 64 * 15),
        ([8, 8, 3], lambda x: keras.ops.conv(x, keras.ops.ones([3, 3, 3, 2])), 36 * 27 * 2),
        ([8, 6], lambda x: keras.ops.einsum("abc,aec->abe", x, x), 8 * 8 * 6),
        ([8, 6], lambda x: layers.Dot(2)([x, x]), 8 * 8 * 6),
        ([8, 6], lambda x: layers.Attention()([x, x]), 2 * 8 * 8 * 6),
        ([8, 8, 3], layers.MaxPooling2D(), 0),
    ],
)
def test_macs(shape, layer, macs):
    assert sum(row.macs for row in count_macs(model_of(shape, layer))) == macs


def test_macs_of_attention():
    inputs = keras.Input([6, 8])
    memory = keras.layers.AveragePooling1D(2)(inputs)  # Keras 3.0 requires queries and values of one size
    model = keras.Model(inputs, layers.MultiHeadAttention(2, 5, value_dim=7, name="mha")(inputs, memory))
    rows = {row.path: row.macs for row in count_macs(model)}
    assert rows == {
        "mha": 2 * 6 * 3 * (5 + 7),
        "mha/query": 6 * 8 * 10,
        "mha/key": 3 * 8 * 10,
        "mha/value": 3 * 8 * 14,
        "mha/attention_output": 6 * 14 * 8,
    }


def test_shared_layers_count_twice_and_models_call_by_call():
    shared = layers.Conv2D(3, 3, padding="same", name="shared")
    inner = keras.Sequential([keras.Input([8, 8, 3]), shared], name="inner")
    inputs = keras.Input([8, 8, 3], batch_size=5)
    rows = count_macs(keras.Model(inputs, inner(inner(inputs))))
    assert [(row.path, row.macs) for row in rows] == [("inner/shared", 2 * 64 * 81)]


def test_open_sizes():
    model = model_of([None, None, 3], layers.Conv2D(4, 3, name="conv"))
    assert [row.macs for row in count_macs(model)] == [None]
    assert [row.macs for row in count_macs(model, [8, 8, 3])] == [3888]
    assert "?" in str(summary(model))
    with pytest.raises(ValueError, match="input_shape must have a shape for each of 1 inputs"):
        summary(model, [[8, 8, 3], [8, 8, 3]])


def test_counting_leaves_the_model_as_it_was():
    model = model_of([8, 8, 3], layers.Conv2D(4, 3))
    count_macs(model)
    assert "call" not in vars(model) | vars(model.layers[1])


@pytest.fixture
def own(tmp_path, monkeypatch):
    """The name of a multiplier with a known power."""
    monkeypatch.setenv("TFAPPROX_MULTIPLIER_PATH", str(tmp_path))
    entries = load_truth_table("mul8u_drum6").entries
    multipliers.import_products(entries, "mul8u_OWN", {"power_mW": 0.1, "source": "a test"}, folder=tmp_path)
    return "mul8u_OWN"


def approximate(own, **chosen):
    model = model_of([8, 8, 3], layers.Conv2D(4, 3, name="a"), layers.Conv2D(4, 3, name="b"), layers.Flatten())
    return approximate_model(model, {"a": own, **chosen}, ranges="fixed", per_channel=True)


def test_summary(own):
    result = summary(approximate(own))
    a, b = result.layers
    assert (a.path, a.kind, a.multiplier, a.ranges, a.power_mw) == (
        "a",
        "FakeApproxConv2D",
        own,
        "fixed, per channel",
        0.1,
    )
    assert a.sha256 == load_truth_table("mul8u_drum6").sha256[:16]
    assert b.sha256 == TruthTable.exact(8).sha256[:16]
    assert (a.macs, b.macs, result.macs) == (3888, 2304, 6192)
    assert result.approximate_share == pytest.approx(1)
    assert result.energy == pytest.approx((3888 * 0.1 + 2304 * 0.391) / (0.391 * 6192))
    assert summary(approximate(own), exact_power_mw=0.2).energy == pytest.approx((3888 * 0.5 + 2304) / 6192)


def test_a_power_that_is_not_known(own):
    result = summary(approximate(own, b="mul8u_drum4"))
    assert result.energy is None
    assert "power of mul8u_drum4 is not known; `tfapprox multiplier annotate` states it." in str(result)
    mixed = summary(approximate(own, b="mul8s_exact"))
    assert mixed.exact_power_mw is None
    assert "no power of an exact multiplier is known" in str(mixed)


def test_float_layers_are_no_tables(own):
    result = summary(approximate(own, b=False))
    assert result.layers[1][4:7] == ("", "", "")
    assert result.approximate_share == pytest.approx(3888 / 6192)


def test_formats(own):
    result = summary(approximate(own))
    console = Console(file=io.StringIO(), width=200)
    console.print(result)
    for text in (str(result), console.file.getvalue()):
        assert "mul8u_OWN" in text
        assert "power of mul8u_OWN 0.1 mW (a test)" in text
    rows = list(csv.DictReader(io.StringIO(result.to_csv())))
    assert [(row["path"], int(row["macs"]), row["multiplier"]) for row in rows] == [
        ("a", 3888, own),
        ("b", 2304, "mul8u_exact"),
    ]
    content = json.loads(result.to_json())
    assert (content["macs"], content["energy"], len(content["layers"])) == (6192, result.energy, 2)
    assert r"mul8u\_OWN & " in result.to_latex()
    assert result.to_latex().count(r"\\") == 4


def test_data_frame(own):
    pytest.importorskip("pandas")
    assert list(summary(approximate(own)).to_dataframe()["macs"]) == [3888, 2304]


def test_mobile_net():
    exact = keras.applications.MobileNetV2(input_shape=(224, 224, 3), weights=None)
    macs = {row.path: row.macs for row in count_macs(exact)}
    assert 300_000_000 < sum(macs.values()) < 301_000_000  # 300 million in the paper, Sandler et al. 2018
    assert len(macs) == 53


def test_a_layer_alone_in_a_subclassed_model():
    class Own(keras.Model):
        """A model whose call is code with a product."""

        def __init__(self):
            super().__init__(name="own")
            self.conv = FakeApproxConv2D(2, 3, name="conv")

        def call(self, x):
            return keras.ops.matmul(self.conv(x), keras.ops.ones([2, 3]))

    model = Own()
    model(np.ones([1, 8, 8, 1], np.float32))
    assert [(row.path, row.macs) for row in count_macs(model)] == [("own", 36 * 6), ("conv", 36 * 18)]
