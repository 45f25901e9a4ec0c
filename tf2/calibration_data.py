"""The inputs of a model from everything that people call data, cut into batches of one size."""

from __future__ import annotations

from typing import Any, Iterator

import keras
import numpy as np
import tensorflow as tf


def _inputs(element: Any) -> Any:
    """The inputs of a model in a batch as Keras' `fit` takes it: a tuple has labels and weights of samples after it."""
    return element[0] if isinstance(element, tuple) else element


def _is_samples(data):
    return isinstance(data, (np.ndarray, tf.Tensor, tuple, dict)) or hasattr(data, "__array__")


def number_of_samples(data: Any) -> int | None:
    """How many samples arrays have; `None` where data comes in batches, of which only the user knows the number."""
    if not _is_samples(data):
        return None
    return len(tf.nest.flatten(_inputs(data))[0])


def batches(data: Any, batch_size: int) -> Iterator[Any]:
    """The inputs of a model in batches of one size, whatever batches the data comes in; the last one can be smaller.

    Samples of different shapes are not put into one batch.

    Args:
        data: an array, a dictionary of arrays, or a tuple of one of these and labels; or an iterable of batches, each
            an array, a dictionary, or a tuple with labels: a `tf.data.Dataset`, a `keras.utils.PyDataset`, a list or a
            generator.
        batch_size: number of samples in a batch.

    Yields:
        Numpy arrays, in the structure of the inputs.

    Raises:
        TypeError: if the data is none of these.
    """
    waiting: list[Any] = []  # flat lists of arrays with the same shapes of samples
    for element in _elements(data):
        structure = _inputs(element)
        arrays = [np.asarray(array) for array in tf.nest.flatten(structure)]
        if waiting and [x.shape[1:] for x in waiting] != [x.shape[1:] for x in arrays]:
            yield tf.nest.pack_sequence_as(structure, waiting)
            waiting = []
        waiting = [np.concatenate(pair) for pair in zip(waiting, arrays)] if waiting else arrays
        while len(waiting[0]) >= batch_size:
            yield tf.nest.pack_sequence_as(structure, [array[:batch_size] for array in waiting])
            waiting = [array[batch_size:] for array in waiting]
        if not len(waiting[0]):
            waiting = []
    if waiting:
        yield tf.nest.pack_sequence_as(structure, waiting)


def _elements(data):
    if _is_samples(data):
        return [data]
    if isinstance(data, keras.utils.PyDataset):  # it has no end as an iterable
        return (data[index] for index in range(len(data)))
    try:
        return iter(data)
    except TypeError:
        raise TypeError(
            f"data must be an array, a tf.data.Dataset, or an iterable of batches; received {type(data).__name__}"
        ) from None
