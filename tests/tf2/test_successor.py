"""Scripts in the style of TFApprox4IL by `python -m tfapprox.tf2 run`, and its layers compared with this project's."""

import os
import subprocess
import sys

import numpy as np
import pytest

from tfapprox.tf2 import FakeApproxConv2D, FakeApproxDepthwiseConv2D

pytest.importorskip("tf_keras")

START = """
import sys
import numpy as np
import tensorflow as tf
from tensorflow import keras

x = np.random.RandomState(0).normal(size=[2, 9, 8, 3]).astype(np.float32)
TABLE = 'mul8u_drum4'
operations = tf.load_op_library('libApproxGPUOpsTF.so')


def conv(*operands, padding='VALID'):
    return operations.approx_conv2d_with_min_max_vars(*operands, [1, 1, 1, 1], 8, TABLE, padding)
"""
FAKE = """
from python.keras.layers.fake_convolutional import (
    FakeApproxConv2D, FakeApproxDepthwiseConv2D, FakeApproxSeparableConv2D)

saved = {'x': x}
layers = {
    'position': FakeApproxConv2D(4, (3, 3), (2, 2), 'same', approx_num_bits=8, approx_mul_table_file=TABLE),
    'keyword': FakeApproxConv2D(filters=4, kernel_size=3, strides=2, padding='same', approx_mul_table_file=TABLE,
                                per_channel=True),
    'depthwise': FakeApproxDepthwiseConv2D((3, 3), (1, 1), 'valid', 2, approx_num_bits=8, approx_mul_table_file=TABLE),
    'separable': FakeApproxSeparableConv2D(5, (3, 3), padding='same', depth_multiplier=2, approx_mul_table_file=TABLE)}
for name, layer in layers.items():
    with tf.GradientTape() as tape:
        y = layer(x)
        total = tf.reduce_sum(y)
    assert all((gradient.numpy() != 0).any() for gradient in tape.gradient(total, layer.trainable_weights))
    saved[name] = y.numpy()
    saved.update({f'{name}{i}': value for i, value in enumerate(layer.get_weights())})
    assert layer.get_config()['approx_mul_table_file'] == TABLE
    copy = type(layer).from_config(layer.get_config())
    copy.build(x.shape)
    copy.set_weights(layer.get_weights())
    assert (copy(x).numpy() == y.numpy()).all()
np.savez('layers.npz', **saved)
for bits in (0, 9):
    try:
        FakeApproxConv2D(4, 3, approx_num_bits=bits)
        sys.exit('no error')
    except ValueError as error:
        assert 'num_bits' in str(error), error
"""
RANGES = """
from python.keras.layers.fake_convolutional import ApproxConv2DWithMinMaxVars, ApproxDepthwiseConv2DWithMinMaxVars

ranges = [-2.0, 2.5, -0.5, 0.5]
layer = ApproxConv2DWithMinMaxVars(4, (3, 3), approx_mul_table_file=TABLE, use_bias=False)
y = layer([x, *ranges])
expected = conv(x, layer.kernel, *ranges)
assert (y.numpy() == expected.numpy()).all()
by_filter = [-2.0, 2.5, [-0.5] * 4, [0.2, 0.4, 0.6, 0.8]]
expected = conv(x, layer.kernel, *by_filter)
assert (layer([x, *map(tf.constant, by_filter)]).numpy() == expected.numpy()).all()

layer = ApproxDepthwiseConv2DWithMinMaxVars((3, 3), (1, 1), 'same', approx_mul_table_file=TABLE, activation='relu')
y = layer([x, *ranges])
depthwise = operations.approx_depthwise_conv2d_with_min_max_vars
expected = depthwise(x, layer.depthwise_kernel, *ranges, [1, 1, 1, 1], 8, TABLE, 'SAME')
assert (y.numpy() == tf.nn.relu(expected).numpy()).all()
"""
TUNABLE = """
import python.keras.layers.fake_convolutional as layers

float_layers = {'Conv2D': (keras.layers.Conv2D(4, 3), (4, 3)),
                'DepthwiseConv2D': (keras.layers.DepthwiseConv2D(3), (3,)),
                'SeparableConv2D': (keras.layers.SeparableConv2D(4, 3), (4, 3))}
for name, (exact, arguments) in float_layers.items():
    approximate = getattr(layers, 'FakeApprox' + name)(*arguments, approx_mul_table_file=TABLE)
    layer = getattr(layers, 'TunableFakeApprox' + name)(*arguments, approx_mul_table_file=TABLE)
    for built in (exact, approximate, layer):
        built(x)
    weights = exact.get_weights()
    approximate.set_weights(weights)
    assert layer.weights[-1] is layer.tuning_phase and layer.get_weights()[-1] == False
    assert layer.tuning_phase.dtype == tf.bool and len(layer.non_trainable_weights) == 1
    run = tf.function(layer)
    layer.set_weights(weights + [False])
    np.testing.assert_allclose(run(x), exact(x), atol=1e-5)
    layer.tuning_phase.assign(True)
    assert (run(x).numpy() == approximate(x).numpy()).all()
layer = layers.TunableApproxConv2DWithMinMaxVars(4, 3, approx_mul_table_file=TABLE)
exact = layer([x, -1., 1., -1., 1.]).numpy()
layer.tuning_phase.assign(True)
assert (layer([x, -1., 1., -1., 1.]).numpy() != exact).any()
"""
QUANTIZE = """
from python.keras.utils.quantize import (
    QuantConv2DConfig, QuantDepthwiseConv2DConfig, TunableQuantConv2DConfig,
    quantize_annotate_layer, quantize_annotate_model, quantize_apply)

tf.random.set_seed(3)
model = keras.Sequential([keras.layers.Conv2D(6, 3, input_shape=(9, 8, 3), activation='relu', name='one'),
                          keras.layers.DepthwiseConv2D(3, padding='same', name='two'),
                          keras.layers.Conv2D(4, 3, name='three'), keras.layers.GlobalAveragePooling2D(),
                          keras.layers.Dense(2)])
expected = model.predict(x, verbose=0)
maps = [{keras.layers.Conv2D: lambda: QuantConv2DConfig(8, TABLE)}, {'three': TunableQuantConv2DConfig(8, TABLE)}]
annotated = quantize_annotate_model(model, *maps)
np.testing.assert_allclose(annotated.predict(x, verbose=0), expected, rtol=1e-6)
quantised = quantize_apply(annotated)
one, two, three = quantised.layers[:3]
assert type(two) is keras.layers.DepthwiseConv2D and one.layer.get_config()['approx_mul_table_file'] == TABLE
assert [float(value) for value in one.ranges] == [-6, 6, -6, 6]
assert (one.layer.get_weights()[0] == model.layers[0].get_weights()[0]).all()
kernel, bias = one.layer.get_weights()
first = tf.nn.relu(conv(x, kernel, -6., 6., -6., 6.) + bias)
assert (one(x).numpy() == first.numpy()).all()

quantised.compile('sgd', 'mse')
quantised.fit(x, np.zeros([2, 2], np.float32), batch_size=2, epochs=1, verbose=0)
moved = [0.999 * -6 + 0.001 * x.min(), 0.999 * 6 + 0.001 * x.max(), kernel.min(), kernel.max()]
np.testing.assert_allclose([float(value) for value in one.ranges], moved, rtol=1e-5)
assert (one.layer.get_weights()[0] != kernel).any()
before = [float(value) for value in one.ranges]
after = quantised.predict(x, verbose=0)
assert [float(value) for value in one.ranges] == before
quantised.save('model.h5')
again = keras.models.load_model('model.h5')
assert (again.predict(x, verbose=0) == after).all()
three.layer.tuning_phase.assign(True)
assert (quantised.predict(x, verbose=0) != after).any()

# Layer by layer; rounding first changes the gradients, and the outputs by the rounding of codes only.
inputs = keras.Input([9, 8, 3])
config = QuantDepthwiseConv2DConfig(8, TABLE, fake_quant=True)
middle = quantize_annotate_layer(keras.layers.DepthwiseConv2D(3, name='two'), config)(inputs)
model = keras.Model(inputs, quantize_annotate_layer(keras.layers.Conv2D(2, 3, name='last'))(middle))
applied = quantize_apply(model)
assert [layer.name for layer in applied.layers[1:]] == ['quant_two', 'quant_last']
assert np.isfinite(applied.predict(x, verbose=0)).all()
wide = tf.constant(10 * x)
plain = lambda wide: conv(wide, kernel, -6., 6., -6., 6.)
for layer, is_cut in ((applied.layers[1], True), (plain, False)):
    with tf.GradientTape() as tape:
        tape.watch(wide)
        y = layer(wide)
    outside = tape.gradient(y, wide).numpy()[np.abs(wide) > 6.1]
    assert outside.size > 100 and (outside == 0).all() == is_cut


class Subclassed(keras.Model):
    def call(self, x):
        return x


subclassed = keras.Sequential([keras.Input([9, 8, 3]), Subclassed(name='own')])

for call, text in ((lambda: quantize_apply(keras.Sequential([keras.layers.Dense(2, input_shape=(3,))])), 'annotated'),
                   (lambda: quantize_annotate_layer(keras.layers.Dense(2)), 'to_annotate must be'),
                   (lambda: quantize_annotate_model(model, {}, {'none': config}), "received 'none'"),
                   (lambda: quantize_annotate_model(subclassed), "received 'own', a Subclassed"),
                   (lambda: config.quantised(keras.layers.Conv2D(2, 3)), 'must be a DepthwiseConv2D for'),
                   (lambda: QuantConv2DConfig(8, 'mul8s_exact', True), 'fake_quant must be False')):
    try:
        call()
        sys.exit('no error')
    except ValueError as error:
        assert text in str(error), error
"""
NESTED = """
from python.keras.utils.quantize import (
    QuantConv2DConfig, QuantizeWrapper, quantize_annotate_layer, quantize_annotate_model, quantize_apply)

layers = keras.layers
frames = np.random.RandomState(1).normal(size=[2, 4, 9, 8, 3]).astype(np.float32)
base = keras.Sequential([layers.Conv2D(4, 3, input_shape=(9, 8, 3), name='in_base'), layers.GlobalAveragePooling2D()])
start = keras.Input([4, 9, 8, 3])
middle = layers.TimeDistributed(layers.Conv2D(3, 1, name='in_frames'), name='frames')(start)
middle = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(layers.TimeDistributed(base)(middle))
model = keras.Model(start, layers.Dense(2)(middle))
annotated = quantize_annotate_model(model, None, {'in_frames': QuantConv2DConfig(8, TABLE)})
np.testing.assert_allclose(annotated.predict(frames, verbose=0), model.predict(frames, verbose=0), rtol=1e-5, atol=1e-6)
annotated.save('annotated.h5')
quantised = quantize_apply(keras.models.load_model('annotated.h5'))
assert quantised.layers[1].name == 'frames' and isinstance(quantised.layers[1].layer, QuantizeWrapper)
in_frames, in_base = quantised.layers[1].layer, quantised.layers[2].layer.layers[0]
assert in_frames.layer.get_config()['approx_mul_table_file'] == TABLE and isinstance(in_base, QuantizeWrapper)
kernel, bias = model.layers[1].layer.get_weights()
ranges = [-6., 6., -6., 6.]
expected = tf.reshape(conv(frames.reshape(8, 9, 8, 3), kernel, *ranges) + bias, frames.shape)
assert (quantised.layers[1](frames).numpy() == expected.numpy()).all()
for layer, copy in zip(model.layers[3:], quantised.layers[3:]):
    for weight, theirs in zip(copy.get_weights(), layer.get_weights()):
        np.testing.assert_array_equal(weight, theirs)
quantised.compile('sgd', 'mse')
quantised.fit(frames, np.zeros([2, 4, 2], np.float32), verbose=0)
moved = [0.999 * -6 + 0.001 * frames.min(), 0.999 * 6 + 0.001 * frames.max()]
np.testing.assert_allclose([float(value) for value in in_frames.ranges[:2]], moved, rtol=1e-5)

# A second pass changes what is annotated now, and keeps the ranges that training has moved.
again = quantize_apply(quantize_annotate_model(
    keras.Sequential([keras.Input([4, 9, 8, 3]), quantised, layers.Reshape([4, 2, 1]), layers.Conv2D(2, 1)])))
assert [float(value) for value in again.layers[0].layers[1].layer.ranges] == [
    float(value) for value in in_frames.ranges]
# A layer that is annotated in a wrapper or in a model inside is found, too.
by_hand = keras.Sequential([keras.Input([4, 9, 8, 3]),
                            layers.TimeDistributed(quantize_annotate_layer(layers.Conv2D(2, 3)))])
assert isinstance(quantize_apply(by_hand).layers[0].layer, QuantizeWrapper)
"""


def run(folder, source):
    (folder / "script.py").write_text(START + source)
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-W", "ignore", "-m", "tfapprox.tf2", "run", "script.py"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, timeout=300)
    assert result.returncode == 0, result.stderr


def same(layer, x, weights, expected):
    """Checks that a layer of Keras 3 computes what one of Keras 2 did, bit for bit."""
    layer.build(x.shape)
    layer.set_weights(weights)
    np.testing.assert_array_equal(layer(x), expected)


def test_layers(tmp_path):
    run(tmp_path, FAKE + RANGES + TUNABLE)
    with np.load(tmp_path / "layers.npz") as saved:
        arrays = dict(saved)
    x, table = arrays["x"], {"mul_map_file": "mul8u_drum4"}
    weights = {name: [arrays[f"{name}0"], arrays[f"{name}1"]] for name in ("position", "keyword", "depthwise")}
    for name in ("position", "keyword"):
        same(FakeApproxConv2D(4, 3, 2, "same", **table), x, weights[name], arrays[name])
    same(FakeApproxDepthwiseConv2D(3, 1, "valid", 2, **table), x, weights["depthwise"], arrays["depthwise"])
    # A separable layer is a depthwise layer and a pointwise one, both approximate.
    first = FakeApproxDepthwiseConv2D(3, 1, "same", 2, use_bias=False, **table)
    first.build(x.shape)
    first.set_weights([arrays["separable0"]])
    pointwise = [arrays["separable1"], arrays["separable2"]]
    same(FakeApproxConv2D(5, 1, **table), first(x), pointwise, arrays["separable"])


def test_quantize(tmp_path):
    run(tmp_path, QUANTIZE)


def test_quantize_in_wrappers_and_models(tmp_path):
    run(tmp_path, NESTED)
