"""What a public function or layer takes as a multiplier: a name, a path, a table, or a tensor that holds a table."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple, Union

import numpy as np
import tensorflow as tf

from tfapprox.common.assignment import Choice
from tfapprox.common.tables import NameOrPath, load_truth_table, pin_table
from tfapprox.common.truth_table import TableLike, TruthTable

if TYPE_CHECKING:
    from typing import TypeGuard  # Python 3.7 has none, and would hide that there is no plugin for TensorFlow 1

# A multiplier whose table is known when a function is called.
MultiplierLike = Union[NameOrPath, TableLike, Choice]
# One whose table may also be the value of a tensor.
TableArgument = Union[MultiplierLike, tf.Tensor, tf.Variable]


class Multiplier(NamedTuple):
    """A multiplier as a layer keeps it."""

    table: TruthTable
    source: str | None  # the pinned name or path that the table was read from; None for one that was given by value


def is_name(value: Any) -> TypeGuard[NameOrPath]:
    """Whether a value is a name or path, and neither a table nor a tensor."""
    return isinstance(value, (str, bytes, os.PathLike))


def read_multiplier(value: MultiplierLike, num_bits: int, argument: str = "multiplier") -> Multiplier:
    """The multiplier that a value means.

    Args:
        value: name of a multiplier, path of a `.bin` truth table, a `TruthTable`, or an integer array `[2**num_bits,
            2**num_bits]`, activation code first, int16 if it is signed; or the `Choice` of an assignment.
        num_bits: width of both operands, 2 to 8; 8 for a signed table.
        argument: the name of the caller's argument, with which errors about names begin.

    Returns:
        A `Multiplier`.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        TypeError: if `value` is none of these.
        ValueError: if the table does not fit `num_bits`, or is another one than an assignment says.

    Example:
        >>> read_multiplier("mul8u_drum4", 8).table.name
        'mul8u_drum4'
    """
    if is_name(value):
        source = pin_table(value, num_bits, argument=argument)
        return Multiplier(load_truth_table(source, num_bits), source)
    if isinstance(value, (TruthTable, np.ndarray)):
        return Multiplier(TruthTable.of(value, num_bits), None)
    if isinstance(value, Choice):
        return Multiplier(*value.table(num_bits, argument))
    raise TypeError(f"{argument} must be a name, a path, a TruthTable or an array; received {value!r}")


def table_tensor(table: TableLike | tf.Tensor | tf.Variable, num_bits: int, argument: str) -> Any:
    """The value of the input `table` of an operation.

    Args:
        table: `TruthTable`, integer array, or tensor or variable of uint16, or of int16 if it is signed.
        num_bits: the width that the table must have. A shape that is not known yet is checked when the table is used.
        argument: the name of the caller's argument, with which errors begin.

    Raises:
        TypeError: if the table is none of these.
        ValueError: if the table does not fit `num_bits`.
    """
    if isinstance(table, (TruthTable, np.ndarray)):
        return TruthTable.of(table, num_bits).entries
    if not (tf.is_tensor(table) or isinstance(table, tf.Variable)) or table.dtype not in (tf.uint16, tf.int16):
        raise TypeError(
            f"{argument} must be a name, a path, a TruthTable, an integer array, or a tensor of uint16 or int16; "
            f"received {table!r}"
        )
    if not table.shape.is_compatible_with([2**num_bits, 2**num_bits]):
        raise ValueError(
            f"{argument} must be [{2**num_bits}, {2**num_bits}] for num_bits={num_bits}; received {table.shape}"
        )
    if table.shape.is_fully_defined():
        return table
    with tf.device("CPU:0"):  # the operations take it from there, on GPUs as well
        return tf.ensure_shape(table, [2**num_bits, 2**num_bits])
