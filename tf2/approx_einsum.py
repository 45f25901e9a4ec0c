"""Einstein sums of two tensors as products of matrices, for the layers that Keras writes as such sums."""

from __future__ import annotations

import math
import string
from typing import Any, Callable, NamedTuple, Sequence

import tensorflow as tf


class Labels(NamedTuple):
    """The dimensions of a sum, sorted by what they are in a product of matrices.

    Attributes:
        a: labels of the first tensor.
        b: labels of the second tensor.
        output: labels of the output.
        batch: labels of all three.
        rows: labels of the first tensor and the output.
        columns: labels of the second tensor and the output.
        depth: labels of both tensors, over which the products are summed.
    """

    a: str
    b: str
    output: str
    batch: str
    rows: str
    columns: str
    depth: str


def labels_of(equation: str, a_rank: int) -> Labels:
    """The labels of an equation of `tf.einsum` of two tensors.

    Args:
        equation: such as `"abc,cde->abde"`; the first tensor and the output may have an ellipsis.
        a_rank: number of dimensions of the first tensor, from which the size of the ellipsis follows.

    Raises:
        ValueError: if the sum is not a product of matrices, because a label is repeated or occurs in one tensor only.

    Example:
        >>> labels_of("...x,xy->...y", 3).rows
        'AB'
    """
    operands, _, output = equation.replace(" ", "").partition("->")
    a, _, b = operands.partition(",")
    free = "".join(letter for letter in string.ascii_uppercase if letter not in equation)
    dots = free[: max(0, a_rank - len(a.replace("...", "")))]
    a, output = a.replace("...", dots), output.replace("...", dots)
    counts = {label: (a.count(label), b.count(label), output.count(label)) for label in a + b + output}
    kinds = {(1, 1, 1): "batch", (1, 0, 1): "rows", (0, 1, 1): "columns", (1, 1, 0): "depth"}
    if len(a) != a_rank or any(count not in kinds for count in counts.values()):
        raise ValueError(
            f"equation must be a product of two tensors in which each label occurs once and in two of the three terms "
            f"at least; received {equation!r} for a first tensor of {a_rank} dimensions"
        )
    sorted_labels = {
        kind: "".join(label for label, count in counts.items() if kinds[count] == kind) for kind in kinds.values()
    }
    return Labels(a, b, output, **sorted_labels)


def approx_einsum(
    equation: str, a: tf.Tensor, b: tf.Tensor, matmul: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
) -> tf.Tensor:
    """The sum of products of `equation`, computed by a product of matrices, such as (3.8) of docs/arithmetic.md.

    Args:
        equation: such as `"abc,cde->abde"`; each label occurs in two of the three terms at least.
        a: float32 tensor, the activations.
        b: float32 tensor, the weights.
        matmul: the product of `[..., rows, depth]` and `[..., depth, columns]`, which come from `a` and `b`.

    Returns:
        float32 tensor with the dimensions of the output of `equation`.

    Raises:
        ValueError: if the sum is not a product of matrices.

    Example:
        >>> approx_einsum("abc,cde->abde", tf.ones([2, 3, 4]), tf.ones([4, 5, 6]), tf.matmul).shape
        TensorShape([2, 3, 5, 6])
    """
    labels = labels_of(equation, len(a.shape))
    sizes: dict[str, Any] = {}
    for names, tensor in ((labels.a, a), (labels.b, b)):
        dynamic = tf.shape(tensor)
        for i, (name, size) in enumerate(zip(names, tensor.shape)):
            sizes[name] = sizes.get(name, dynamic[i]) if size is None else size

    def matrices(tensor, names, *parts):
        """The tensor as `[*batch, rows, columns]`, whose rows and columns are the dimensions of two parts."""
        order = [names.index(name) for name in labels.batch + "".join(parts)]
        shape = [*(sizes[name] for name in labels.batch), *(_product(sizes, part) for part in parts)]
        return tf.reshape(tf.transpose(tensor, order), shape)

    a_matrices = matrices(a, labels.a, labels.rows, labels.depth)
    b_matrices = matrices(b, labels.b, labels.depth, labels.columns)
    product = matmul(a_matrices, b_matrices)
    names = labels.batch + labels.rows + labels.columns
    product = tf.reshape(product, [sizes[name] for name in names])
    return tf.transpose(product, [names.index(name) for name in labels.output])


def _product(sizes: dict[str, Any], names: Sequence[str]) -> Any:
    return math.prod(sizes[name] for name in names)
