"""`ApproxMatMulWithMinMaxVars` as a Python function, and its gradient."""

from __future__ import annotations

import tensorflow as tf

from .approx_conv2d import TensorLike, call_with_table, operations
from .table_argument import TableArgument
from .table_gradients import is_table_2d, operands_of_gradients, table_2d_gradients


@tf.autograph.experimental.do_not_convert
def approx_matmul_with_min_max_vars(
    a: TensorLike,
    b: TensorLike,
    a_min: TensorLike,
    a_max: TensorLike,
    b_min: TensorLike,
    b_max: TensorLike,
    *,
    transpose_a: bool = False,
    transpose_b: bool = False,
    num_bits: int = 8,
    mul_map_file: TableArgument = "",
    gradient: str = "straight_through",
    half_window: int | None = None,
    name: str | None = None,
) -> tf.Tensor:
    """Product of matrices whose products of elements are read from the truth table of an approximate multiplier.

    The elements of `a` are the activations and those of `b` the weights, equation (3.8) of docs/arithmetic.md: the
    table is read as `T[a, b]`. Both are quantised to `num_bits` bits in the given ranges, symmetrically for a signed
    table (`mul8s_...`). The sums are exact integers. The gradients with respect to `a` and `b` are those of `tf.matmul`
    (straight-through), or, as `gradient` says, come from the table; the ranges have no gradient.

    Args:
        a: float32 tensor `[..., m, k]`; `[..., k, m]` with `transpose_a`.
        b: float32 tensor `[..., k, n]`; `[..., n, k]` with `transpose_b`. The dimensions before the last two are
            broadcast with those of `a`.
        a_min: float32 scalar, lower end of the quantisation range of `a`.
        a_max: float32 scalar, upper end of the quantisation range of `a`.
        b_min: lower end of the quantisation range of `b`: a float32 scalar, or `[n]`, one range for each column of the
            product.
        b_max: upper end of the quantisation range of `b`, of the same shape.
        transpose_a: whether the last two dimensions of `a` are exchanged first. A transposition copies the tensor.
        transpose_b: whether the last two dimensions of `b` are exchanged first.
        num_bits: width of the codes, 2 to 8; 8 for a signed table.
        mul_map_file: name of a built-in multiplier, path of a `.bin` truth table, or name of one in a multiplier
            folder. This call pins it to its content: to load a graph whose table has changed is an error. `""` is the
            exact product. Or the table itself: a `TruthTable`, an integer array `[2**num_bits, 2**num_bits]`,
            activation code first, or a tensor or variable of dtype uint16, or int16 for a signed table.
        gradient: `"straight_through"`, that of the exact product; `"table_1d"`, slopes of the table for each code; or
            `"table_2d"`, its smoothed differences for each pair of codes (docs/arithmetic.md, section 9).
        half_window: codes on each side of the middle of a smoothing window; by default a sixteenth of the codes. It
            must be `None` for `"straight_through"`.
        name: name of the operation.

    Returns:
        float32 tensor `[..., m, n]`; NaN where an element of the row of `a` or of the column of `b` is NaN.

    Raises:
        tf.errors.InvalidArgumentError: if a shape, range or attribute is not possible; the message names it.
        tf.errors.FailedPreconditionError: if this install has no kernel for the GPU.
        FileNotFoundError: if there is no such multiplier or file.
        TypeError: if `mul_map_file` is neither a name, a path nor a table.
        ValueError: if the table does not fit `num_bits`.

    Example:
        >>> a, b = tf.constant([[0.0, 255.0]]), tf.constant([[1.0, 2.0], [3.0, 4.0]])
        >>> approx_matmul_with_min_max_vars(a, b, 0.0, 255.0, 0.0, 255.0, mul_map_file="mul8u_drum4").numpy().tolist()
        [[720.0, 960.0]]
    """
    return call_with_table(
        operations.approx_mat_mul_with_min_max_vars,
        mul_map_file,
        num_bits,
        gradient,
        half_window,
        a=tf.linalg.matrix_transpose(a) if transpose_a else a,
        b=tf.linalg.matrix_transpose(b) if transpose_b else b,
        a_min=a_min,
        a_max=a_max,
        b_min=b_min,
        b_max=b_max,
        name=name,
    )


@tf.RegisterGradient("ApproxMatMulWithMinMaxVars")
@tf.RegisterGradient("ApproxMatMulWithTable")
def _gradient(op: tf.Operation, gradient: tf.Tensor) -> list[tf.Tensor | None]:
    """The gradient of the exact product (7.2), computed from the operands or from slopes (9.5)."""
    a, b = op.inputs[:2]
    if is_table_2d(op):
        da, db = tf.cond(
            (tf.size(gradient) > 0) & (tf.size(a) > 0),
            lambda: _table_2d(op, gradient),
            lambda: [tf.zeros_like(a), tf.zeros_like(b)],
        )
        return [da, db, *[None] * (len(op.inputs) - 2)]
    operands = operands_of_gradients(op, b)
    da = _summed_as(a, tf.matmul(gradient, operands.weights, transpose_b=True))
    db = _summed_as(b, tf.matmul(operands.activations, gradient, transpose_a=True))
    return [da, db, *[None] * (len(op.inputs) - 2)]


def _table_2d(op, gradient):
    """The gradients (9.8). Matrices become one convolution 1x1, with a group for each product of matrices."""
    a, b = op.inputs[:2]
    batch = tf.constant([1]) if b.shape.rank == 2 else tf.shape(gradient)[:-2]
    rows, columns = tf.shape(gradient)[-2], tf.shape(b)[-1]
    if b.shape.rank == 2:
        rows = tf.size(gradient) // columns
    items, depth = tf.reduce_prod(batch), tf.shape(b)[-2]

    def grouped(tensor, rows, columns):
        tensor = tf.reshape(tf.broadcast_to(tensor, tf.concat([batch, [rows, columns]], 0)), [items, rows, columns])
        return tf.reshape(tf.transpose(tensor, [1, 0, 2]), [1, 1, rows, items * columns])

    def matrices(tensor, rows, columns):
        tensor = tf.transpose(tf.reshape(tensor, [rows, items, columns]), [1, 0, 2])
        return tf.reshape(tensor, tf.concat([batch, [rows, columns]], 0))

    if b.shape.rank == 2:
        a_rows, gradient = tf.reshape(a, [1, rows, depth]), tf.reshape(gradient, [1, rows, columns])
    else:
        a_rows = a
    ranges = [end if end.shape.rank == 0 else tf.tile(end, [items]) for end in op.inputs[4:6]]
    operands = grouped(a_rows, rows, depth), grouped(b, depth, columns)
    form = {"strides": [1, 1], "dilations": [1, 1]}
    da, db = table_2d_gradients(op, operands, ranges, grouped(gradient, rows, columns), [0, 0, 0, 0], **form)
    if b.shape.rank == 2:
        return [tf.reshape(da, tf.shape(a)), tf.reshape(db, tf.shape(b))]
    return [_summed_as(a, matrices(da, rows, depth)), _summed_as(b, matrices(db, depth, columns))]


def _summed_as(tensor, gradient):
    """A gradient of the broadcast tensor as one of the tensor: sums over the dimensions that were broadcast."""
    shape = tf.shape(tensor)
    axes, _ = tf.raw_ops.BroadcastGradientArgs(s0=shape, s1=tf.shape(gradient))
    return tf.reshape(tf.reduce_sum(gradient, axes), shape)
