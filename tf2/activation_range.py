"""The quantisation range of a layer's activations: of the batch, moving averages, or fixed."""

from __future__ import annotations

from typing import Any, Callable, Sequence

import numpy as np
import tensorflow as tf

MODES = ("batch", "moving", "fixed")
MOMENTUM = 0.99  # the share of the moving averages that one training step keeps


def batch_range(tensor: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Minimum and maximum of a tensor, extended to contain 0, because padding has the value 0; 0 and 0 if it is empty.

    Args:
        tensor: float32 tensor of any shape.

    Returns:
        Two float32 scalars.
    """
    return tf.minimum(tf.reduce_min(tensor), 0.0), tf.maximum(tf.reduce_max(tensor), 0.0)


class ActivationRange(tf.Module):
    """The quantisation range of one tensor of activations in a layer.

    Its mode and its two ends are variables, so that functions that Keras has traced follow a change of both. They are
    no weights of the layer.

    Args:
        mode: `"batch"`: minimum and maximum of each batch. `"moving"`: moving averages of both, which each training
            step updates and which training and inference use; the first step initialises them. `"fixed"`: the values.
        values: minimum and maximum, or `None` where they are not known yet. `"batch"` ignores them.

    Raises:
        ValueError: if the mode does not exist, or the values are no range that contains 0.
    """

    def __init__(self, mode: str = "batch", values: Sequence[float] | None = None) -> None:
        super().__init__(name="activation_range")
        checked_mode(mode)
        # Calibration sets this to a function of the activations, a numpy array.
        self.observer: Callable[[np.ndarray], None] | None = None
        with tf.init_scope():
            self._mode = tf.Variable(MODES.index(mode), trainable=False, name="range_mode")
            self._ends = tf.Variable(
                _checked_values(values), trainable=False, name="range_ends", aggregation=tf.VariableAggregation.MEAN
            )

    @property
    def mode(self) -> str:
        """`"batch"`, `"moving"` or `"fixed"`, as the variable says, which a checkpoint of TensorFlow may have set."""
        with tf.init_scope():
            return MODES[int(self._mode.numpy())]

    @property
    def values(self) -> list[float] | None:
        """Minimum and maximum, or `None` where they are not known, or are those of each batch."""
        ends = self._ends.numpy()
        return None if self.mode == "batch" or np.isnan(ends[0]) else [float(end) for end in ends]

    def set(self, mode: str, values: Sequence[float] | np.ndarray | None) -> None:
        """Changes mode and values; functions that are traced already use them from their next call.

        Args:
            mode: `"moving"` or `"fixed"`. Functions that are traced would not follow a change back to `"batch"`.
            values: minimum and maximum, which contain 0, or `None`.

        Raises:
            ValueError: if the mode is not one of these, or the values are no range that contains 0.
        """
        if mode not in ("moving", "fixed"):
            raise ValueError(f"mode must be 'moving' or 'fixed'; received {mode!r}")
        ends = _checked_values(values)
        self._mode.assign(MODES.index(mode))
        self._ends.assign(ends)

    def __call__(self, tensor: tf.Tensor, training: bool, layer: str) -> tuple[tf.Tensor, tf.Tensor]:
        """Minimum and maximum of the range in which a tensor is quantised.

        Args:
            tensor: float32 tensor of any shape, the activations.
            training: whether this is a training step, which updates moving averages.
            layer: name of the layer, for errors.

        Returns:
            Two float32 scalars.

        Raises:
            tf.errors.InvalidArgumentError: if the range has no values yet.
        """
        if self.mode == "batch":
            # The mode may change after this is traced. `tf.cond` would make traces several times slower.
            ends = tf.where(self._mode == MODES.index("batch"), tf.stack(batch_range(tensor)), self._ends)
            return ends[0], ends[1]
        return self._moved(tensor) if training and self.mode == "moving" else self._stored(layer)

    def _stored(self, layer):
        ends = tf.convert_to_tensor(self._ends)
        source = "train it, call calibrate" if self.mode == "moving" else "call calibrate, give range_values"
        message = f"ranges of layer '{layer}' must have values: {source}, or load its weights; received"
        with tf.control_dependencies([tf.debugging.Assert(ends[0] <= ends[1], [message, ends])]):
            ends = tf.identity(ends)
        return ends[0], ends[1]

    def _moved(self, tensor):
        """The updated moving averages."""
        old, batch = tf.convert_to_tensor(self._ends), tf.stop_gradient(tf.stack(batch_range(tensor)))
        is_usable = (tf.size(tensor) > 0) & tf.reduce_all(tf.math.is_finite(batch))
        moved = tf.where(tf.math.is_nan(old), batch, MOMENTUM * old + (1 - MOMENTUM) * batch)
        # The mode may have become "fixed" since this was traced.
        new = tf.where(is_usable & (self._mode == MODES.index("moving")), moved, old)
        self._ends.assign(new)
        # The operation refuses a range that is not finite.
        used = tf.where(is_usable, new, batch)
        return used[0], used[1]

    def to_arrays(self) -> dict[str, np.ndarray]:
        """What a file of weights keeps: the number of the mode, and `[minimum, maximum]`, NaN where not known.

        A range of each batch has nothing to keep. The file can then be loaded into the layer of Keras, too.
        """
        if self.mode == "batch":
            return {}
        return {"mode": np.int32(MODES.index(self.mode)), "ends": self._ends.numpy()}

    def from_arrays(self, arrays: dict[str, Any]) -> None:
        """Takes over what `to_arrays` gave. A range of each batch has nothing to take over.

        Args:
            arrays: the arrays by their names.
        """
        mode, ends = MODES[int(arrays["mode"])], np.asarray(arrays["ends"])
        if mode != "batch":
            self.set(mode, None if np.isnan(ends[0]) else ends)


def checked_mode(ranges: str) -> str:
    """Checks the argument `ranges` of a layer or function.

    Raises:
        ValueError: if it is not one of the three modes.
    """
    if ranges not in MODES:
        raise ValueError(f"ranges must be 'batch', 'moving' or 'fixed'; received {ranges!r}")
    return ranges


def _checked_values(values):
    """Values as a float32 array, NaN where they are `None`."""
    if values is None:
        return np.full(2, np.nan, np.float32)
    ends = np.asarray(values, np.float32)
    if ends.shape != (2,) or not np.all(np.isfinite(ends)) or not ends[0] <= 0 <= ends[1]:
        raise ValueError(f"range values must be a finite minimum up to 0 and a maximum from 0; received {values!r}")
    return ends
