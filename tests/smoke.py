"""What every installation must do, wheel or image: `python smoke.py BACKEND`, from any folder, without pytest.

BACKEND is what the package was built for: `core`, `tf1` or `tf2`. Results are compared with the numpy reference, bit
for bit; a backend that was not built must say so.
"""

import sys

import numpy as np

import tfapprox
from tfapprox.common import load_table, native, reference

NAME = "mul8u_drum4"
STRIDES = [1, 2, 2, 1]
RANGES = [-0.5, 0.5, -0.25, 0.5]
RANDOM = np.random.RandomState(0)
CODES = [RANDOM.randint(0, 256, shape).astype(np.uint8) for shape in ([2, 9, 8, 3], [3, 3, 3, 5])]
REALS = [(codes / 255 - 0.5).astype(np.float32) for codes in CODES]


def check(found, expected, what):
    """Ends the process if an array is not the expected one."""
    if not np.array_equal(np.asarray(found).astype(expected.dtype), expected):
        sys.exit(f"smoke test: {what} differs from the reference")


def core(expected_codes, expected_reals):
    """Checks the core by ctypes, and the message of a plugin that is not there."""
    table = load_table(NAME)
    check(native.ax_conv2d(*CODES, *RANGES, STRIDES, "SAME", table=table)[0], expected_codes, "native.ax_conv2d")
    found = native.approx_conv2d_with_min_max_vars(*REALS, *RANGES, STRIDES, table=table, padding="SAME")
    check(found, expected_reals, "native.approx_conv2d_with_min_max_vars")


def tf1(expected_codes, _):
    """Checks AxConv2D in a session of a graph."""
    import tensorflow as tf

    from tfapprox.tf1 import ax_conv2d

    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        codes = [tf.constant(tensor, tf.quint8) for tensor in CODES]
        found = session.run(ax_conv2d(*codes, *RANGES, STRIDES, "SAME", ax_mult=NAME).output)
    check(found, expected_codes, "tf1.ax_conv2d")
    return tf.__version__


def tf2(expected_codes, expected_reals):
    """Checks the operation of TensorFlow 2, and AxConv2D."""
    from tfapprox.tf2 import approx_conv2d_with_min_max_vars

    found = approx_conv2d_with_min_max_vars(*REALS, *RANGES, STRIDES, "SAME", mul_map_file=NAME)
    check(found, expected_reals, "tf2.approx_conv2d_with_min_max_vars")
    return tf1(expected_codes, expected_reals)


def main(backend):
    """Runs the checks of a backend, and those of the core."""
    table = load_table(NAME)
    expected = (
        reference.ax_conv2d(*CODES, *RANGES, STRIDES, "SAME", table=table).output,
        reference.approx_conv2d_with_min_max_vars(*REALS, *RANGES, STRIDES, table=table, padding="SAME"),
    )
    core(*expected)
    checked = "the core" if backend == "core" else f"the core and TensorFlow {globals()[backend](*expected)}"
    print(f"smoke test: tfapprox {tfapprox.__version__} in {tfapprox.__path__[0]} passed on {checked}")


if __name__ == "__main__":
    main(*sys.argv[1:])
