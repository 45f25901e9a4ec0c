"""A step that is cancelled, and the environment variables of the core that is in the plugin.

Times are those of the processor, because other programs may have it for any time.
"""

import os
import threading
import time

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.eager.cancellation import CancellationManager

from cases import random_table
from tfapprox.common import native, save_table
from tfapprox.tf2 import approx_conv2d_with_min_max_vars, library

RANGES, ONES = [0.0, 1.0, 0.0, 1.0], [1, 1, 1, 1]
X, W, Y = [1, 64, 64, 256], [5, 5, 256, 1024], [1, 64, 64, 1024]


@pytest.fixture(params=["convolution", "gradients"])
def long_operation(request, tmp_path, monkeypatch):
    """A function of tensors that computes for many seconds, and their shapes. TensorFlow would fold constants."""
    table = random_table(8, 0)
    save_table(tmp_path / "mul8u_RANDOM.bin", table)

    def convolution(x, w):
        name = tmp_path / "mul8u_RANDOM.bin"
        return approx_conv2d_with_min_max_vars(x, w, *RANGES, ONES, "SAME", mul_map_file=name)

    def gradients(x, w, upstream):
        form = {"half_window": 16, "strides": [1, 1], "dilations": [1, 1]}
        dx, _ = library.load().approx_conv2d_table_gradients(x, w, *RANGES, upstream, [2, 2, 2, 2], table, **form)
        return dx

    with monkeypatch.context() as patch:
        patch.setenv("TFAPPROX_FORCE_PATH", "scalar")
        native.reload_settings()  # for the raw operation
        yield {"convolution": (convolution, [X, W]), "gradients": (gradients, [X, W, Y])}[request.param]
    native.reload_settings()


def test_cancelled_function(long_operation):
    operation, shapes = long_operation
    manager, tensors = CancellationManager(), [tf.ones(shape) for shape in shapes]
    function = tf.function(lambda: operation(*tensors)).get_concrete_function()
    start, cancelled, ended = time.process_time(), [], threading.Event()

    def cancel():
        while time.process_time() < start + 1 and not ended.wait(0.01):
            pass
        cancelled.append(time.process_time())
        manager.start_cancel()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    try:
        with pytest.raises(tf.errors.CancelledError):
            manager.get_cancelable_function(function)()
    finally:
        ended.set()
        canceller.join()
    assert time.process_time() - cancelled[0] < 1 + 0.1 * os.cpu_count()


def test_time_limit_of_a_session(long_operation):
    operation, shapes = long_operation
    config = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=2)
    with tf.Graph().as_default(), tf.compat.v1.Session(config=config) as session:
        tensors = [tf.compat.v1.placeholder(tf.float32, shape) for shape in shapes]
        output, feed = operation(*tensors), {x: np.ones(x.shape, np.float32) for x in tensors}
        start = time.process_time()
        with pytest.raises(tf.errors.DeadlineExceededError):
            session.run(output, feed, options=tf.compat.v1.RunOptions(timeout_in_ms=1000))
        assert time.process_time() - start < 6


def test_raw_operations_keep_the_settings_that_were_passed_on_last(monkeypatch):
    operations = library.load()
    x, w = tf.ones([1, 2, 2, 1]), tf.ones([1, 1, 1, 1])

    def call():
        return operations.approx_conv2d_with_min_max_vars(x, w, *RANGES, strides=ONES, padding="SAME")

    native.reload_settings()
    expected = call().numpy()
    monkeypatch.setenv("TFAPPROX_FORCE_PATH", "avx1024")
    np.testing.assert_array_equal(call().numpy(), expected)
    native.reload_settings()
    with pytest.raises(tf.errors.InvalidArgumentError, match="received 'avx1024'"):
        call()
    monkeypatch.delenv("TFAPPROX_FORCE_PATH")
    approx_conv2d_with_min_max_vars(x, w, *RANGES, ONES, "SAME")
    np.testing.assert_array_equal(call().numpy(), expected)
