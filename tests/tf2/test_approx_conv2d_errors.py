"""Bad input of the TensorFlow 2 operation: an error that says argument, rule and value, never an abort."""

import numpy as np
import pytest
import tensorflow as tf

from tfapprox.tf2 import approx_conv2d_with_min_max_vars, library_path

GOOD = {
    "input": np.ones((1, 5, 5, 3), np.float32),
    "filter": np.ones((3, 3, 3, 4), np.float32),
    "input_min": 0.0,
    "input_max": 1.0,
    "filter_min": -1.0,
    "filter_max": 1.0,
    "strides": [1, 1, 1, 1],
    "padding": "SAME",
}


def ones(*shape, dtype=np.float32):
    return np.ones(shape, dtype)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"input": ones(5, 5, 3)}, r"input and filter must have 4 dimensions; received input \[5,5,3\]"),
        ({"filter": ones(3, 3, 3)}, r"must have 4 dimensions; received .*filter \[3,3,3\]"),
        (
            {"filter": ones(3, 3, 1, 4)},
            r"input's depth, or 1 / groups .*; received input \[1,5,5,3\], filter",
        ),
        ({"data_format": "NCHW"}, r"filter must have the input's depth"),
        ({"filter": ones(3, 3, 2, 4)}, r"filter must have the input's depth, or 1 / groups"),
        ({"input": ones(1, 5, 5, 0), "filter": ones(3, 3, 0, 4)}, "input channels must be from 1"),
        ({"filter": ones(0, 3, 3, 4)}, "filter height must be from 1"),
        ({"filter": ones(3, 3, 3, 0)}, "filter output channels must be from 1"),
        (
            {"filter": ones(3, 3, 3, 0), "filter_min": ones(0), "filter_max": ones(0)},
            "filter output channels must be from 1",
        ),
        ({"filter": ones(7, 3, 3, 4), "padding": "VALID"}, "input height with its padding must not be smaller"),
        ({"input_min": np.zeros(2, np.float32)}, r"input_min must be a scalar; received shape \[2\]"),
        ({"input_max": np.ones((1, 1), np.float32)}, r"input_max must be a scalar; received shape \[1,1\]"),
        (
            {"filter_min": np.zeros(4, np.float32)},
            r"must be scalars, or vectors .* the 4 filters; received shapes \[4\] and \[\]",
        ),
        (
            {"filter_max": np.zeros(0, np.float32)},
            r"filter_min and filter_max must be scalars.*; received shapes \[\] and \[0\]",
        ),
        ({"input_min": 2.0}, "input_min must not be greater than input_max; received input_min=2, input_max=1"),
        ({"filter_max": -2.0}, "filter_min must not be greater than filter_max; .* filter_max=-2"),
        ({"input_max": float("nan")}, "must be finite; received input_min=0, input_max=nan"),
        ({"filter_min": -float("inf")}, "must be finite; received filter_min=-inf"),
        ({"input_min": -3e38, "input_max": 3e38}, "input_min, input_max and their difference must be finite"),
        (
            {"input_max": float("inf"), "mul_map_file": "mul8s_exact"},
            "must be finite; received input_min=0, input_max=inf",
        ),
        ({"input_min": 2.0, "mul_map_file": "mul8s_exact"}, "input_min must not be greater than input_max"),
        ({"strides": [1, 1]}, r"strides must be 4 integers, 1 for batch and channels; received \[1, 1\]"),
        ({"strides": [2, 1, 1, 1]}, r"strides must be 4 integers, .*; received \[2, 1, 1, 1\]"),
        ({"strides": [1, 0, 1, 1]}, "strides height must be from 1 to 2147483647; received 0"),
        ({"strides": [1, 1, -2, 1]}, "strides width must be from 1 to 2147483647; received -2"),
        ({"dilations": [1, 1, 1, 2]}, r"dilations must be 4 integers, 1 for batch and channels"),
        ({"dilations": [1, 2**40, 1, 1]}, "dilations height must be from 1 to 2147483647; received 1099511627776"),
        ({"explicit_paddings": [0] * 8}, "explicit_paddings must be empty for padding=SAME"),
        (
            {  # there is no element, but the product of the other sizes exceeds 63 bits
                "input": np.ones((2**31 - 1, 1, 1, 0), np.float32),
                "filter": np.ones((1, 1, 1, 2**20), np.float32),
                "data_format": "NCHW",
                "padding": "EXPLICIT",
                "explicit_paddings": [0, 0, 0, 0, 0, 2**31 - 2, 0, 0],
            },
            r"input and output elements 2\^63 - 1",
        ),
        ({"padding": "EXPLICIT"}, r"explicit_paddings must be 8 integers, .*; received \[\]"),
        ({"padding": "EXPLICIT", "explicit_paddings": [1, 0, 0, 0, 0, 0, 0, 0]}, "0 for batch and channels; received"),
        ({"padding": "EXPLICIT", "explicit_paddings": [0, 0, -1, 0, 0, 0, 0, 0]}, "explicit_paddings top must be"),
    ],
)
def test_invalid_argument(changed, message):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        approx_conv2d_with_min_max_vars(**{**GOOD, **changed})


@pytest.mark.parametrize(("dtype", "name"), [(tf.half, "half"), (tf.bfloat16, "bfloat16"), (tf.double, "double")])
def test_dtypes_refused(dtype, name):
    tensors = {name: tf.cast(GOOD[name], dtype) for name in ("input", "filter")}
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"T must be float32; received {name}"):
        approx_conv2d_with_min_max_vars(**{**GOOD, **tensors})


@pytest.mark.parametrize(
    ("pad", "error", "message"),
    [
        (
            2**31 - 1,
            tf.errors.InvalidArgumentError,
            r"output elements 2\^63 - 1; received .* output 4294967297x4294967297",
        ),
        (2**29, tf.errors.ResourceExhaustedError, "OOM when allocating tensor"),
    ],
)
def test_output_too_large(pad, error, message):
    with pytest.raises(error, match=message):
        approx_conv2d_with_min_max_vars(
            **{**GOOD, "padding": "EXPLICIT", "explicit_paddings": [0, 0, pad, pad, pad, pad, 0, 0]}
        )


@pytest.mark.parametrize("shape", [(0, 5, 5, 3), (2, 0, 5, 3), (2, 5, 0, 3)])
def test_empty_input(shape):
    """An input without pixels is no error. With explicit padding, outputs consist of padding only."""
    case = {**GOOD, "input": tf.zeros(shape)}
    with tf.GradientTape() as tape:
        tape.watch(case["input"])
        output = approx_conv2d_with_min_max_vars(**case)
    assert output.shape == (*shape[:3], 4)
    assert tape.gradient(output, case["input"]).shape == shape
    padded = approx_conv2d_with_min_max_vars(
        **{**case, "padding": "EXPLICIT", "explicit_paddings": [0, 0, 2, 2, 2, 2, 0, 0]}
    )
    assert padded.shape == (shape[0], shape[1] + 2, shape[2] + 2, 4)
    np.testing.assert_array_equal(padded, tf.zeros_like(padded))


# A table is refused twice: by the function, as Python's own errors, and by the operation, for old scripts.
BY_FUNCTION = (ValueError, FileNotFoundError, approx_conv2d_with_min_max_vars)
BY_OPERATION = (
    tf.errors.InvalidArgumentError,
    tf.errors.NotFoundError,
    tf.load_op_library(library_path()).approx_conv2d_with_min_max_vars,
)


@pytest.mark.parametrize(
    ("invalid", "not_found", "function"), [BY_FUNCTION, BY_OPERATION], ids=["function", "operation"]
)
def test_tables_refused(tmp_path, invalid, not_found, function):
    def refuses(error, message, **table):
        with pytest.raises(error, match=message):
            function(**GOOD, **table)

    for num_bits in (1, 9):
        refuses(invalid, f"num_bits must be from 2 to 8; received {num_bits}", num_bits=num_bits)
    refuses(invalid, "must fit num_bits=4; .*'mul8u_exact', which has 8", num_bits=4, mul_map_file="mul8u_exact")
    refuses(
        invalid,
        "for num_bits=8, if it is signed .*'mul8s_exact' for num_bits=4",
        num_bits=4,
        mul_map_file="mul8s_exact",
    )
    path = str(tmp_path / "t.bin")
    refuses(not_found, r"t\.bin': No such file", mul_map_file=path)
    for size in (0, 131071, 262144):
        (tmp_path / "t.bin").write_bytes(b"x" * size)
        refuses(invalid, f"must hold 131072 bytes for num_bits=8 .* with {size} bytes", mul_map_file=path)
    refuses(invalid, "which is a directory", mul_map_file=str(tmp_path))
    refuses(invalid, "must have no null character", mul_map_file="\0mul8u_drum4")
    refuses(not_found, r"received 'mul8u_NONE', and TFAPPROX_MULTIPLIER_PATH=\(not set\)", mul_map_file="mul8u_NONE")


def test_unknown_path(monkeypatch):
    monkeypatch.setenv("TFAPPROX_FORCE_PATH", "avx1024")
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"TFAPPROX_FORCE_PATH .* received 'avx1024'"):
        approx_conv2d_with_min_max_vars(**GOOD)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"input": ones(5, 5, 3)}, "must be rank 4"),
        ({"filter": ones(3, 3, 1, 4)}, "not a multiple of the number of groups"),
        ({"filter": ones(3, 3, 2, 4)}, "evenly divi|must be equal|multiple of"),
        ({"input_min": np.zeros(2, np.float32)}, "must be rank 0"),
        ({"filter": ones(7, 3, 3, 4), "padding": "VALID"}, "[Nn]egative"),
    ],
)
def test_shape_function(changed, message):
    case = {**GOOD, **changed}
    with tf.Graph().as_default(), pytest.raises(ValueError, match=message):
        approx_conv2d_with_min_max_vars(
            **{k: tf.constant(v) if isinstance(v, np.ndarray) else v for k, v in case.items()}
        )


def test_nan_reaches_the_outputs_that_it_touches():
    x, w = GOOD["input"].copy(), GOOD["filter"].copy()
    x[0, 0, 0, 1] = np.nan
    result = approx_conv2d_with_min_max_vars(**{**GOOD, "input": x}).numpy()
    expected = np.zeros((1, 5, 5, 4), bool)
    expected[0, :2, :2] = True
    np.testing.assert_array_equal(np.isnan(result), expected)
    w[1, 2, 0, 3] = np.nan
    expected[..., 3] = True
    result = approx_conv2d_with_min_max_vars(**{**GOOD, "input": x, "filter": w}).numpy()
    np.testing.assert_array_equal(np.isnan(result), expected)


def test_xla_is_refused_by_name():
    compiled = tf.function(lambda x: approx_conv2d_with_min_max_vars(**{**GOOD, "input": x}), jit_compile=True)
    with pytest.raises(tf.errors.InvalidArgumentError, match="ApproxConv2DWithMinMaxVars"):
        compiled(GOOD["input"])
