"""The operations on TensorFlow's GPU, against the reference, bit for bit, and the errors of a GPU."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings

from cases import (
    GOLDEN_TF1,
    GOLDEN_TF2,
    arguments,
    assert_same_in_threads,
    ax_arguments,
    convolutions,
    matrix_products,
    outcome,
    quantised_convolutions,
    random_table,
    transposed_convolutions,
)
from tfapprox.common import load_table, reference
from tfapprox.tf1 import ax_conv2d
from tfapprox.tf2 import (
    approx_conv2d_transpose_with_min_max_vars,
    approx_conv2d_with_min_max_vars,
    approx_depthwise_conv2d_with_min_max_vars,
    approx_matmul_with_min_max_vars,
)

ONES, RANGES = [1, 1, 1, 1], [-1.0, 1.0, -0.9, 0.8]
FEW = settings(max_examples=60, deadline=None)


def on_gpu(function, *arguments, **named):
    """Calls an operation on the GPU, and returns its tensor or tensors."""
    with tf.device("GPU:0"):
        result = function(*arguments, **named)
    assert "GPU:0" in tf.nest.flatten(result)[0].device
    return result


def is_model(gpu):
    """Whether the GPU is that of device.cc."""
    return gpu.name == "a host's model of a GPU"


def small():
    """An input and a filter."""
    random = np.random.RandomState(0)
    x, w = random.uniform(-1, 1, (2, 8, 8, 3)), random.uniform(-1, 1, (3, 3, 3, 4))
    return x.astype(np.float32), w.astype(np.float32)


@pytest.mark.parametrize("name", GOLDEN_TF2)
def test_approx_conv2d_golden(shared_data, golden_table, table_file, name):
    golden = np.load(shared_data / "golden" / "tf2" / name)
    case = arguments(golden)
    table = golden_table(str(golden["table"]), case["num_bits"])
    expected = reference.approx_conv2d_with_min_max_vars(table=table, **case)
    result = on_gpu(approx_conv2d_with_min_max_vars, mul_map_file=table_file(table), **case)
    np.testing.assert_array_equal(result, expected)


@FEW
@given(case=convolutions())
def test_approx_conv2d_random(table_file, case):
    expected = outcome(lambda: reference.approx_conv2d_with_min_max_vars(**case), ValueError)
    case["mul_map_file"] = table_file(case.pop("table"))
    result = outcome(lambda: on_gpu(approx_conv2d_with_min_max_vars, **case).numpy(), tf.errors.InvalidArgumentError)
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
@pytest.mark.parametrize("per_filter", [False, True])
def test_approx_depthwise_conv2d(table_file, data_format, per_filter):
    random = np.random.RandomState(0)
    x, w = random.uniform(-1, 1, (2, 9, 8, 37)), random.uniform(-1, 1, (3, 2, 37, 2))
    ends = np.sort(random.uniform(-1, 1, (2, 74)).astype(np.float32), 0) if per_filter else (-0.9, 0.8)
    case = {"input": x.astype(np.float32), "filter": w.astype(np.float32), "input_min": -1.0, "input_max": 1.0}
    case.update(filter_min=ends[0], filter_max=ends[1], strides=[1, 2, 1, 1], padding="SAME", data_format=data_format)
    if data_format == "NCHW":
        case.update(input=np.ascontiguousarray(case["input"].transpose(0, 3, 1, 2)), strides=[1, 1, 2, 1])
    table = random_table(8, 3)
    expected = reference.approx_depthwise_conv2d_with_min_max_vars(**case, table=table)
    result = on_gpu(approx_depthwise_conv2d_with_min_max_vars, mul_map_file=table_file(table), **case)
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("function", [approx_conv2d_with_min_max_vars, approx_depthwise_conv2d_with_min_max_vars])
def test_a_variable_is_swapped(function):
    """There are more tables than the GPU keeps copies of, some of them twice. The variable stays in host memory."""
    x, w = small()
    with tf.device("CPU:0"):
        variable = tf.Variable(random_table(8, 0))
    convolve = tf.function(lambda: function(x, w, *RANGES, ONES, "SAME", mul_map_file=variable))
    expect = getattr(reference, function.__name__)
    for seed in [0, 1, 0, *range(2, 70), 1, 0]:
        variable.assign(random_table(8, seed))
        expected = expect(x, w, *RANGES, ONES, "SAME", table=random_table(8, seed))
        np.testing.assert_array_equal(on_gpu(convolve), expected)
    assert convolve.experimental_get_tracing_count() == 1


def test_threads_with_different_tables_in_one_kernel():
    x, w = small()
    with tf.device("CPU:0"):
        tables = [tf.constant(random_table(8, seed)) for seed in range(3)]

    @tf.function
    def convolve(table):
        with tf.device("GPU:0"):
            return approx_conv2d_with_min_max_vars(x, w, *RANGES, ONES, "SAME", mul_map_file=table)

    expected = [
        reference.approx_conv2d_with_min_max_vars(x, w, *RANGES, ONES, "SAME", table=table.numpy()) for table in tables
    ]
    assert_same_in_threads(lambda number: convolve(tables[number]).numpy(), expected, threads=4, calls=40)


@FEW
@given(case=convolutions())
def test_table_as_an_input_random(case):
    expected = outcome(lambda: reference.approx_conv2d_with_min_max_vars(**case), ValueError)
    case["mul_map_file"] = case.pop("table")
    result = outcome(lambda: on_gpu(approx_conv2d_with_min_max_vars, **case).numpy(), tf.errors.InvalidArgumentError)
    np.testing.assert_array_equal(result, expected)


@FEW
@given(case=matrix_products())
def test_approx_matmul_random(table_file, case):
    expected = outcome(lambda: reference.approx_matmul_with_min_max_vars(**case), ValueError)
    for name in "ab":  # a transposition is TensorFlow's own operation, which the model's device does not have
        if case.pop(f"transpose_{name}"):
            case[name] = np.ascontiguousarray(case[name].swapaxes(-1, -2))
    case["mul_map_file"] = table_file(case.pop("table"))
    result = outcome(lambda: on_gpu(approx_matmul_with_min_max_vars, **case).numpy(), tf.errors.InvalidArgumentError)
    np.testing.assert_array_equal(result, expected)


@FEW
@given(case=transposed_convolutions())
def test_approx_conv2d_transpose_random(table_file, case):
    expected = outcome(lambda: reference.approx_conv2d_transpose_with_min_max_vars(**case), ValueError)
    case["mul_map_file"] = table_file(case.pop("table"))
    call = approx_conv2d_transpose_with_min_max_vars
    result = outcome(lambda: on_gpu(call, **case).numpy(), tf.errors.InvalidArgumentError)
    np.testing.assert_array_equal(result, expected)


def run_ax_conv2d(input, filter, ax_mult, **case):
    """The three outputs of AxConv2D on the GPU, as numpy arrays."""
    with tf.device("CPU:0"):
        codes = [tf.cast(tensor, tf.quint8) for tensor in (input, filter)]
    output, minimum, maximum = on_gpu(ax_conv2d, *codes, ax_mult=ax_mult, **case)
    with tf.device("CPU:0"):
        return tf.cast(output, tf.int32).numpy(), minimum.numpy(), maximum.numpy()


@pytest.mark.parametrize("name", GOLDEN_TF1)
def test_ax_conv2d_golden(shared_data, name):
    golden = np.load(shared_data / "golden" / "tf1" / name)
    results = run_ax_conv2d(ax_mult=shared_data / "multipliers" / f"{golden['AxMult']}.bin", **ax_arguments(golden))
    for result, key in zip(results, ("output", "min_output", "max_output")):
        np.testing.assert_array_equal(result, golden[key])


@FEW
@given(case=quantised_convolutions())
def test_ax_conv2d_random(table_file, case):
    case["strides"][2] = case["strides"][1]
    expected = outcome(lambda: reference.ax_conv2d(**case), ValueError)
    case["ax_mult"] = table_file(case.pop("table"))
    results = outcome(lambda: run_ax_conv2d(**case), tf.errors.InvalidArgumentError)
    assert (results is None) == (expected is None)
    for result, theirs in zip(results or (), expected or ()):
        np.testing.assert_array_equal(result, theirs)


def test_in_a_graph():
    @tf.function
    def convolve(x, w):
        return approx_conv2d_with_min_max_vars(x, w, *RANGES, ONES, "SAME", mul_map_file="mul8u_drum4")

    x, w = small()
    expected = reference.approx_conv2d_with_min_max_vars(x, w, *RANGES, ONES, table=load_table("mul8u_drum4"))
    np.testing.assert_array_equal(on_gpu(convolve, x, w), expected)


def test_subnormal_scales_are_kept():
    """TensorFlow's threads flush subnormal numbers to zero; the result must not depend on it."""
    x, w = np.full((1, 40, 40, 3), 2e-41, np.float32), np.ones((3, 3, 3, 9), np.float32)
    case = {"input_min": -1e-41, "input_max": 3e-41, "filter_min": -1.0, "filter_max": 1.0, "strides": ONES}
    expected = reference.approx_conv2d_with_min_max_vars(x, w, **case)
    np.testing.assert_array_equal(on_gpu(approx_conv2d_with_min_max_vars, x, w, padding="SAME", **case), expected)
    assert np.any(expected)


def test_threads_with_different_ranges_and_tables():
    """Each of four eager threads gets what one thread alone gets, and what the CPU gives."""
    x, w = small()
    names = ["mul8u_exact", "mul8u_drum3", "mul8u_mitchell", "mul8u_trunc8"]

    def call(number, device="GPU:0"):
        limit = 0.5 + number / 8
        with tf.device(device):
            ranges = [-limit, limit, -1.0, 1.0]
            return approx_conv2d_with_min_max_vars(x, w, *ranges, ONES, "SAME", mul_map_file=names[number % 4]).numpy()

    expected = [call(number, "CPU:0") for number in range(8)]
    assert_same_in_threads(call, expected, threads=4, calls=100)
    assert len({array.tobytes() for array in expected}) == 8


@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
def test_gradient(gpu, data_format, dilation):
    """TensorFlow's own operations compute the gradient on the GPU, or on the CPU if the GPU is the model's device."""
    tf.config.experimental.enable_tensor_float_32_execution(False)  # TF32 has only 10 bits of mantissa
    x, w = small()
    x = x if data_format == "NHWC" else x.transpose(0, 3, 1, 2)
    dilations = [1, dilation, dilation, 1] if data_format == "NHWC" else [1, 1, dilation, dilation]

    def gradients(forward, backward):
        with tf.device("CPU:0"):
            tensors = [tf.constant(x), tf.constant(w)]
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            with tf.device(forward):
                output = approx_conv2d_with_min_max_vars(
                    *tensors, *RANGES, ONES, "SAME", data_format=data_format, dilations=dilations
                )
            with tf.device(backward):
                loss = tf.reduce_sum(output * output)
                return [gradient.numpy() for gradient in tape.gradient(loss, tensors)]

    expected = gradients("CPU:0", "CPU:0")
    results = gradients("GPU:0", "CPU:0" if is_model(gpu) else "GPU:0")
    for result, theirs in zip(results, expected):
        np.testing.assert_allclose(result, theirs, rtol=0, atol=1e-5 * np.abs(theirs).max())


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_other_types_are_refused(dtype):
    x, w = (tensor.astype(dtype) for tensor in small())
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"T must be float32; received (half|double)"):
        on_gpu(approx_conv2d_with_min_max_vars, x, w, *RANGES, ONES, "SAME")


def test_the_memory_of_the_gpu():
    """An output of 4 TB does not fit."""
    pads = [0, 0, 2**14, 0, 2**14, 0, 0, 0]
    with pytest.raises(tf.errors.ResourceExhaustedError, match="OOM when allocating tensor"):
        on_gpu(
            approx_conv2d_with_min_max_vars,
            np.ones((1, 1, 1, 1), np.float32),
            np.ones((1, 1, 1, 4096), np.float32),
            *RANGES,
            ONES,
            "EXPLICIT",
            explicit_paddings=pads,
        )


@pytest.mark.parametrize(
    ("failure", "error", "message"),
    [
        (
            "no kernel",
            tf.errors.FailedPreconditionError,
            r"compute capability 6\.1, and this build has kernels for .*Rebuild",
        ),
        ("no driver", tf.errors.FailedPreconditionError, "no NVIDIA GPU with a driver for CUDA"),
        ("no memory", tf.errors.ResourceExhaustedError, "the GPU's memory is exhausted: no room for"),
        (
            "other device",
            tf.errors.InvalidArgumentError,
            "the table must be on the current GPU, 1; received one on GPU 0",
        ),
    ],
)
def test_failures_of_the_gpu(gpu, table_file, monkeypatch, failure, error, message):
    """A kernel whose table did not reach the GPU works as soon as the GPU works."""
    if not is_model(gpu):
        pytest.skip("a GPU does not fail on demand")
    x, w = small()
    table = load_table("mul8u_drum4") + np.uint16(sum(failure.encode()))  # each failure has a new kernel
    call = {"mul_map_file": table_file(table), "padding": "SAME"}
    if failure == "other device":
        on_gpu(approx_conv2d_with_min_max_vars, x, w, *RANGES, ONES, **call)
    monkeypatch.setenv("TFAPPROX_HOST_CUDA", failure)
    with pytest.raises(error, match=message):
        on_gpu(approx_conv2d_with_min_max_vars, x, w, *RANGES, ONES, **call)
    monkeypatch.delenv("TFAPPROX_HOST_CUDA")
    expected = reference.approx_conv2d_with_min_max_vars(x, w, *RANGES, ONES, table=table)
    np.testing.assert_array_equal(on_gpu(approx_conv2d_with_min_max_vars, x, w, *RANGES, ONES, **call), expected)
