"""The shapes of a batched matrix product, as `tf.matmul` has them (3.8); the reference and the descriptor use them."""

from typing import Any, NamedTuple, Tuple

import numpy as np

from . import _validation

Shape = Tuple[int, ...]


class Matmul(NamedTuple):
    """The sizes of a product of matrices `a[..., m, k]` and `b[..., k, n]`.

    Attributes:
        batch: sizes of the dimensions before the last two, broadcast.
        rows: m.
        depth: k.
        columns: n.
    """

    batch: Shape
    rows: int
    depth: int
    columns: int


def matrices(name: str, value: Any, transpose: Any) -> np.ndarray:
    """Matrices as a contiguous float32 array of two dimensions or more, transposed if asked for.

    Args:
        name: name of the argument, for messages.
        value: array of real numbers.
        transpose: whether the last two dimensions are exchanged.

    Raises:
        ValueError: if the value has less than two dimensions or is not real, or `transpose` is not a bool.
    """
    array = _validation.real_matrices(name, value)
    if not isinstance(transpose, (bool, np.bool_)):
        raise ValueError(f"transpose_{name} must be True or False; received {transpose!r}")
    return np.ascontiguousarray(array.swapaxes(-1, -2) if transpose else array)


def matmul(a_shape: Shape, b_shape: Shape) -> Matmul:
    """The sizes of a product of two arrays of matrices.

    Raises:
        ValueError: if the depths differ, a size is not possible, or the batch dimensions cannot be broadcast.
    """
    received = f"received a {list(a_shape)} and b {list(b_shape)}"
    if a_shape[-1] != b_shape[-2] or a_shape[-1] == 0 or b_shape[-1] == 0:
        raise ValueError(f"a and b must be [..., m, k] and [..., k, n] with k and n from 1; {received}")
    rank = max(len(a_shape), len(b_shape)) - 2
    a_batch, b_batch = ((1,) * (rank + 2 - len(shape)) + tuple(shape[:-2]) for shape in (a_shape, b_shape))
    if any(x != y and 1 not in (x, y) for x, y in zip(a_batch, b_batch)):
        raise ValueError(f"the batch dimensions of a and b must be equal or 1; {received}")
    batch = tuple(y if x == 1 else x for x, y in zip(a_batch, b_batch))
    return Matmul(batch, a_shape[-2], a_shape[-1], b_shape[-1])
