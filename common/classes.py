"""Classes of the outputs of a network, and labels that are classes."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from .argument_error import ArgumentError


def has_classes(shape: Sequence[int]) -> bool:
    """Whether outputs of a shape have classes, which are the places along the last axis.

    Args:
        shape: the shape, samples first.

    Example:
        >>> has_classes([100, 10]), has_classes([100, 1])
        (True, False)
    """
    return len(shape) > 1 and shape[-1] > 1


def classes(outputs: np.ndarray) -> np.ndarray:
    """The index of the maximum along the last axis, -1 where there are NaN or infinite values.

    Args:
        outputs: real array `[samples, ..., classes]`.

    Returns:
        int array `[samples, ...]`.

    Raises:
        ValueError: if there are fewer than two classes.

    Example:
        >>> classes(np.array([[0.1, 0.9], [np.nan, 0.2]])).tolist()
        [1, -1]
    """
    if not has_classes(outputs.shape):
        rule = "must be given for a network without classes, whose outputs have one element along the last axis"
        raise ArgumentError("measure", rule, f"outputs of shape {outputs.shape}")
    return np.where(np.isfinite(outputs).all(axis=-1), outputs.argmax(axis=-1), -1)


def class_labels(labels: Any, shape: Sequence[int], argument: str = "data", lowest: int = -1) -> np.ndarray:
    """Labels as integers.

    Args:
        labels: numbers of classes `[samples, ...]`, whole and from `lowest`; or one-hot, with the shape of the outputs.
            Axes of size 1 may be missing or too many.
        shape: shape of the outputs, `[samples, ..., classes]`.
        argument: the argument that the labels came from, for errors.
        lowest: 0, or -1 if labels may be -1, which is no class.

    Returns:
        int64 array `[samples, ...]`.

    Raises:
        ValueError: if the labels are no such classes.

    Example:
        >>> class_labels([[0, 1, 0], [1, 0, 0]], [2, 3]).tolist()
        [1, 0]
    """
    known, places = np.asarray(labels), tuple(shape[:-1])
    is_one_hot = _without_ones(known.shape) == _without_ones(shape)
    if not is_one_hot and _without_ones(known.shape) != _without_ones(places):
        raise ArgumentError(argument, f"must have labels of shape {places} or {tuple(shape)}", known.shape)
    if not (np.issubdtype(known.dtype, np.integer) or np.issubdtype(known.dtype, np.floating) or known.dtype == bool):
        raise ArgumentError(argument, "must have labels that are numbers of classes", f"labels of type {known.dtype}")
    if is_one_hot:
        if not np.isfinite(known).all():
            raise ArgumentError(argument, "must have labels that are finite", "NaN or infinite ones")
        return known.reshape(shape).argmax(axis=-1).astype(np.int64)
    wrong = known[(known != np.floor(known)) | (known < lowest) | (known >= shape[-1])]
    if wrong.size:
        rule = f"must have labels that are numbers of classes, from 0 to {shape[-1] - 1}"
        raise ArgumentError(argument, rule, f"a label {wrong.flat[0]:g}")
    return known.reshape(places).astype(np.int64)


def _without_ones(shape):
    """The sizes of a shape that are not 1. An axis that is too many, or missing, moves no label to another place."""
    return [size for size in shape if size != 1]


def right_classes(outputs: np.ndarray, labels: Any, argument: str = "data") -> np.ndarray:
    """Which classes of outputs are those of the labels; a class that comes from NaN or infinite values never is.

    Args:
        outputs: as `classes` takes them.
        labels: as `class_labels` takes them.
        argument: the argument that the labels came from, for errors.

    Returns:
        bool array `[samples, ...]`.

    Raises:
        ValueError: if there are fewer than two classes, or the labels are no classes of these outputs.

    Example:
        >>> right_classes(np.array([[0.1, 0.9], [0.7, 0.2]]), [1, 1]).tolist()
        [True, False]
    """
    found = classes(outputs)
    return (found == class_labels(labels, outputs.shape, argument)) & (found >= 0)
