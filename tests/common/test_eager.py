"""When eager calls of an operation are serialised: on a GPU only, and not where a graph is built."""

import types

import pytest

from tfapprox.common.eager import gpu_eager_lock


def tensorflow(eager, gpus):
    """A stand-in for TensorFlow with as many GPUs."""
    config = types.SimpleNamespace(list_logical_devices=lambda kind: ["GPU:0"] * gpus if kind == "GPU" else ["CPU:0"])
    return types.SimpleNamespace(executing_eagerly=lambda: eager, config=config)


@pytest.mark.parametrize(("eager", "gpus"), [(False, 0), (True, 0), (False, 1)])
def test_calls_may_overlap(eager, gpus):
    with gpu_eager_lock(tensorflow(eager, gpus)), gpu_eager_lock(tensorflow(eager, gpus)):
        pass


def test_eager_calls_on_a_gpu_have_one_lock():
    lock = gpu_eager_lock(tensorflow(True, 1))
    assert lock is gpu_eager_lock(tensorflow(True, 2))
    with lock:
        assert lock.locked()
    assert not lock.locked()
