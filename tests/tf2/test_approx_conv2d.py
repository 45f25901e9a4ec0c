"""The TensorFlow 2 operation against the reference, bit for bit, and against TensorFlow's own convolution."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings

from cases import GOLDEN_TF2, SIGNED, all_pairs, arguments, assert_same_in_threads, convolutions, outcome, random_table
from tfapprox.common import load_table, multipliers, reference, save_table
from tfapprox.tf2 import approx_conv2d_with_min_max_vars

ONES = [1, 1, 1, 1]


@pytest.mark.image
@pytest.mark.parametrize("name", GOLDEN_TF2)
def test_golden(shared_data, golden_table, table_file, name):
    golden = np.load(shared_data / "golden" / "tf2" / name)
    case = arguments(golden)
    table = golden_table(str(golden["table"]), case["num_bits"])
    expected = reference.approx_conv2d_with_min_max_vars(table=table, **case)
    np.testing.assert_array_equal(approx_conv2d_with_min_max_vars(mul_map_file=table_file(table), **case), expected)


@settings(max_examples=200, deadline=None)
@given(case=convolutions())
def test_random(table_file, case):
    expected = outcome(lambda: reference.approx_conv2d_with_min_max_vars(**case), ValueError)
    path = table_file(case.pop("table"))
    result = outcome(
        lambda: approx_conv2d_with_min_max_vars(mul_map_file=path, **case).numpy(), tf.errors.InvalidArgumentError
    )
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("name", ["mul8u_bam_h2_v6", "mul8u_mitchell", "mul8u_1JFF", "mul8s_exact"])
def test_all_pairs_of_operands(name):
    """A 1x1 convolution of all activation codes with all weight codes is the table."""
    case, products = all_pairs(load_table(name))
    np.testing.assert_array_equal(approx_conv2d_with_min_max_vars(mul_map_file=name, **case), products)


@pytest.mark.parametrize("signed", [False, True])
def test_all_pairs_of_operands_of_any_table(table_file, signed):
    table = random_table(8, 1, signed)
    case, products = all_pairs(table)
    np.testing.assert_array_equal(approx_conv2d_with_min_max_vars(mul_map_file=table_file(table), **case), products)


@pytest.mark.parametrize("name", SIGNED)
def test_all_pairs_of_signed_operands(shared_data, name):
    path = shared_data / "multipliers" / f"{name}.bin"
    case, products = all_pairs(load_table(path))
    np.testing.assert_array_equal(approx_conv2d_with_min_max_vars(mul_map_file=path, **case), products)


def test_a_table_that_is_written_anew_is_used(tmp_path):
    """TensorFlow caches the kernel of an attribute's value: the path alone would give the old table, silently."""
    x, w = np.full(ONES, 200.0, np.float32), np.full(ONES, 77.0, np.float32)
    for seed in (1, 2, 1):
        save_table(tmp_path / "t.bin", random_table(8, seed))
        result = approx_conv2d_with_min_max_vars(x, w, *[0.0, 255.0] * 2, ONES, "SAME", mul_map_file=tmp_path / "t.bin")
        assert result.numpy().item() == random_table(8, seed)[200, 77]


def test_every_built_in_multiplier_is_found_by_name():
    x, w = np.full(ONES, 100.0, np.float32), np.full(ONES, 77.0, np.float32)
    for name in multipliers.built_in_descriptions():
        ends = [-127.0, 127.0] if name.startswith("mul8s") else [0.0, 255.0]
        result = approx_conv2d_with_min_max_vars(x, w, *ends, *ends, ONES, "SAME", mul_map_file=name)
        assert result.numpy().item() == load_table(name)[100, 77]


def test_table_of_the_search_path(tmp_path, monkeypatch):
    save_table(tmp_path / "mul8u_MINE.bin", random_table(8, 3))
    monkeypatch.setenv("TFAPPROX_MULTIPLIER_PATH", str(tmp_path))
    x, w = np.full(ONES, 200.0, np.float32), np.full(ONES, 77.0, np.float32)
    result = approx_conv2d_with_min_max_vars(x, w, *[0.0, 255.0] * 2, ONES, "SAME", mul_map_file="mul8u_MINE")
    assert result.numpy().item() == random_table(8, 3)[200, 77]


def symmetric(tensor, minimum, maximum):
    """TensorFlow's symmetric quantisation, as in (2.5)-(2.7)."""
    return tf.quantization.quantize_and_dequantize_v2(tensor, minimum, maximum, range_given=True, narrow_range=True)


# The exact product, and the quantisation that TensorFlow has for its codes.
QUANTISATIONS = {"": tf.quantization.fake_quant_with_min_max_vars, "mul8s_exact": symmetric}


@pytest.mark.parametrize("limits", [(-1.0, 1.0), (-0.83, 2.71), (0.0, 3e-5), (-4e4, -1.0), (0.5, 2.0)])
def test_signed_codes_are_those_of_tensorflow(limits):
    """The codes are those of `quantize`, and their values those of `quantize_and_dequantize_v2`, also for halves."""
    quantiser = reference.quantiser("input", *limits, signed=True)
    halves = (np.arange(-130, 130) + np.float32(0.5)) * quantiser.scale
    x = np.concatenate([np.random.RandomState(0).uniform(-1.2, 1.2, 5000) * 127 * quantiser.scale, halves])
    x = np.concatenate([x, np.nextafter(halves, np.float32(1e9)), [0.0]]).astype(np.float32)
    mode = {"mode": "SCALED", "round_mode": "HALF_TO_EVEN", "narrow_range": True, "ensure_minimum_range": 0.0}
    theirs = tf.cast(tf.quantization.quantize(x, *limits, tf.qint8, **mode).output, tf.int32)
    codes = reference.codes(quantiser, x)
    np.testing.assert_array_equal(codes, theirs)
    np.testing.assert_array_equal(codes.astype(np.float32) * quantiser.scale, symmetric(x, *limits))
    result = approx_conv2d_with_min_max_vars(
        x.reshape(1, 1, -1, 1), np.ones(ONES), *limits, -127.0, 127.0, ONES, "VALID", mul_map_file="mul8s_exact"
    )
    np.testing.assert_array_equal(np.ravel(result), codes.astype(np.float32) * quantiser.scale)


@pytest.mark.parametrize("exact", QUANTISATIONS)
@pytest.mark.parametrize("padding", ["SAME", "VALID", [[0, 0], [2, 1], [0, 3], [0, 0]]])
@pytest.mark.parametrize(("size", "filter_size", "strides", "dilations"), [
    ((9, 10), (3, 3), (1, 1), (1, 1)),
    ((9, 10), (1, 1), (2, 2), (1, 1)),
    ((9, 10), (9, 10), (1, 1), (1, 1)),
    ((9, 10), (2, 5), (3, 2), (1, 1)),
    ((12, 11), (3, 2), (1, 1), (2, 3)),
    ((12, 11), (3, 2), (2, 1), (2, 3)),
])  # fmt: skip
def test_exact_product_is_conv2d_of_fake_quantised_values(exact, padding, size, filter_size, strides, dilations):
    random = np.random.RandomState(0)
    x = tf.constant(random.uniform(-1, 3, (2, *size, 7)), tf.float32)
    w = tf.constant(random.uniform(-0.5, 0.4, (*filter_size, 7, 5)), tf.float32)
    ranges = [-1.0, 3.0, -0.5, 0.4]
    quantised = [QUANTISATIONS[exact](tensor, *limits) for tensor, limits in [(x, ranges[:2]), (w, ranges[2:])]]
    expected = tf.nn.conv2d(
        *[tf.cast(tensor, tf.float64) for tensor in quantised], [1, *strides, 1], padding, dilations=[1, *dilations, 1]
    ).numpy()
    result = approx_conv2d_with_min_max_vars(
        x,
        w,
        *ranges,
        [1, *strides, 1],
        padding if isinstance(padding, str) else "EXPLICIT",
        explicit_paddings=[] if isinstance(padding, str) else np.ravel(padding).tolist(),
        dilations=[1, *dilations, 1],
        mul_map_file=exact,
    ).numpy()
    assert result.shape == expected.shape
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize(("name", "exact"), [("mul8u_drum4", ""), ("mul8s_exact", "mul8s_exact")])
def test_quantising_twice_changes_nothing(name, exact):
    """Fake-quantised values keep their codes, so that a layer may fake-quantise first."""
    x = np.random.RandomState(0).uniform(-1, 3, (1, 9, 9, 50)).astype(np.float32)
    w = np.random.RandomState(1).uniform(-1, 1, (3, 3, 50, 20)).astype(np.float32)
    ranges, rest = [-0.83, 2.71, -0.97, 0.33], {"strides": ONES, "padding": "SAME", "mul_map_file": name}
    quantised = [QUANTISATIONS[exact](tensor, *limits) for tensor, limits in [(x, ranges[:2]), (w, ranges[2:])]]
    np.testing.assert_array_equal(
        approx_conv2d_with_min_max_vars(*quantised, *ranges, **rest),
        approx_conv2d_with_min_max_vars(x, w, *ranges, **rest),
    )


@pytest.mark.filterwarnings("ignore::tfapprox.common.table_doubts.TableWarning")
def test_sums_beyond_32_bits(table_file):
    taps = 70000
    result = approx_conv2d_with_min_max_vars(
        np.full((1, 1, 1, taps), 255, np.float32),
        np.full((1, 1, taps, 1), 255, np.float32),
        *[0.0, 255.0] * 2,
        ONES,
        "VALID",
        mul_map_file=table_file(np.full((256, 256), 65535)),
    )
    assert result.numpy().item() == np.float32(65535 * taps)


def test_subnormal_scales_are_kept():
    """TensorFlow's threads flush subnormal numbers to zero; the result must not depend on it."""
    case = {"input_min": -1e-41, "input_max": 3e-41, "filter_min": -1.0, "filter_max": 1.0, "strides": ONES}
    case["input"], case["filter"] = np.full((1, 40, 40, 3), 2e-41, np.float32), np.ones((3, 3, 3, 9), np.float32)
    result = approx_conv2d_with_min_max_vars(padding="SAME", **case)
    np.testing.assert_array_equal(result, reference.approx_conv2d_with_min_max_vars(**case))
    assert np.any(result)


def test_threads_with_different_ranges_and_tables():
    """Eight eager threads make 1,000 calls, each of which gets what one thread alone gets."""
    random = np.random.RandomState(0)
    x, w = (
        random.uniform(-1, 1, (2, 8, 8, 3)).astype(np.float32),
        random.uniform(-1, 1, (3, 3, 3, 4)).astype(np.float32),
    )
    names = ["mul8u_exact", "mul8u_drum3", "mul8u_mitchell", "mul8u_trunc8"]

    def call(number):
        limit = 0.5 + number % 8 / 8
        ranges = [-limit, limit, -1.0, 1.0]
        return approx_conv2d_with_min_max_vars(x, w, *ranges, ONES, "SAME", mul_map_file=names[number % 4]).numpy()

    expected = [call(number) for number in range(8)]
    assert_same_in_threads(call, expected, threads=8, calls=125)
    assert len({array.tobytes() for array in expected}) == 8


def test_in_a_graph_with_unknown_sizes():
    specification = [tf.TensorSpec([None, None, None, 3]), tf.TensorSpec([3, 3, 3, 4])]

    @tf.function(input_signature=specification)
    def convolve(x, w):
        output = approx_conv2d_with_min_max_vars(x, w, -1.0, 1.0, -1.0, 1.0, [1, 2, 2, 1], "VALID")
        assert output.shape.as_list() == [None, None, None, 4]
        return output

    for size in (7, 12):
        x, w = np.ones((2, size, size, 3), np.float32), np.ones((3, 3, 3, 4), np.float32)
        eager = approx_conv2d_with_min_max_vars(x, w, -1.0, 1.0, -1.0, 1.0, [1, 2, 2, 1], "VALID")
        np.testing.assert_array_equal(convolve(x, w), eager)


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
def test_static_shape(data_format):
    strides = [1, 2, 1, 1] if data_format == "NHWC" else [1, 1, 2, 1]
    explicit = [0, 0, 1, 2, 0, 0, 0, 0] if data_format == "NHWC" else [0, 0, 0, 0, 1, 2, 0, 0]
    with tf.Graph().as_default():
        x = tf.zeros([2, 9, 8, 3] if data_format == "NHWC" else [2, 3, 9, 8])
        for padding, height, width in [("SAME", 5, 8), ("VALID", 4, 6), ("EXPLICIT", 5, 6)]:
            output = approx_conv2d_with_min_max_vars(
                x,
                tf.zeros([3, 3, 3, 4]),
                *[0.0, 1.0] * 2,
                strides,
                padding,
                explicit_paddings=explicit if padding == "EXPLICIT" else [],
                data_format=data_format,
            )
            assert output.shape.as_list() == ([2, height, width, 4] if data_format == "NHWC" else [2, 4, height, width])


def test_positional_call_of_the_original():
    """A script passes inputs and then attributes in the original's order to the operation that it loads."""
    from tfapprox.tf2 import library_path

    operation = tf.load_op_library(library_path()).approx_conv2d_with_min_max_vars
    x, w = np.full(ONES, 2.0, np.float32), np.full(ONES, 1.0, np.float32)
    result = operation(x, w, 0.0, 2.0, 0.0, 1.0, ONES, 8, "mul8u_drum4", "SAME", [], "NHWC", ONES)
    assert result.numpy().item() == pytest.approx(2 * 240 * 240 / 255 / 255)
