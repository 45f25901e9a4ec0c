"""Batches of arrays in an order that depends on a seed and the number of the epoch only."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfapprox.common.argument_error import ArgumentError


class ShuffledBatches(keras.utils.PyDataset):
    """Samples and labels in batches, which `OrderOfEpoch` shuffles for each epoch.

    Keras' own order of arrays depends on how many random numbers were drawn before, so that a run that was interrupted
    would go on in another order.

    Args:
        x: array of samples, or a structure of arrays with one length.
        y: array of labels, or a structure of arrays of the same length.
        batch_size: number of samples in a batch, of which the last one of an epoch can have fewer.
        seed: integer from 0.

    Raises:
        ArgumentError: if lengths differ, there is no sample, or an argument is not possible.
    """

    def __init__(self, x: Any, y: Any, batch_size: int, seed: int) -> None:
        super().__init__()
        self._arrays = tf.nest.map_structure(np.asarray, (x, y))
        lengths = {len(array) for array in tf.nest.flatten(self._arrays)}
        if len(lengths) != 1 or lengths == {0}:
            raise ArgumentError("data", "must have samples, and as many labels", f"lengths {sorted(lengths)}")
        if batch_size < 1:
            raise ArgumentError("batch_size", "must be at least 1", batch_size)
        self._batch_size, self._seed, self._length = batch_size, seed, lengths.pop()
        self.start(0)

    def start(self, epoch: int) -> None:
        """Shuffles the samples for an epoch.

        Args:
            epoch: number of the epoch, from 0.
        """
        self._order = np.random.default_rng([self._seed, epoch]).permutation(self._length)

    def __len__(self) -> int:
        return -(-self._length // self._batch_size)

    def __getitem__(self, index: int) -> Any:
        chosen = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        return tf.nest.map_structure(lambda array: array[chosen], self._arrays)


class OrderOfEpoch(keras.callbacks.Callback):
    """Shuffles the batches at the beginning of each epoch.

    Args:
        batches: what `fit` gets.
    """

    def __init__(self, batches: ShuffledBatches) -> None:
        super().__init__()
        self._batches = batches

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Shuffles the batches; called by Keras before it takes the first one."""
        self._batches.start(epoch)
