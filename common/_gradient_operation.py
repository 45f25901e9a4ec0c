"""Gradients from the table as the core describes them, whether a CPU or a GPU computes them (9.8)."""

from typing import Any, List, Optional, Sequence, Tuple

import numpy as np

from . import _abi, _validation
from ._convolution import FilterRange
from ._core_tables import Table
from ._operation import REALS, problem, quantiser, weight_operand
from .gradient_tables import TABLE_2D, checked_gradient
from .truth_table import TableLike, TruthTable


class GradientOperation:
    """One call: descriptor, table and tensors, which stay alive as long as this object.

    Args:
        upstream: float32 array, the gradient of the output, in `data_format`.
        input: float32 array, four dimensions in the order of `data_format`.
        filter: float32 array `[height, width, in_channels / groups, out_channels]`; `[height, width, out_channels,
            in_channels]` if `transposed`.
        input_min: lower end of the quantisation range of `input`.
        input_max: upper end of the quantisation range of `input`.
        filter_min: lower end of the range of `filter`: a number, or one for each filter.
        filter_max: upper end of the range of `filter`, of the same shape.
        strides: four integers in the order of `data_format`.
        padding: `"SAME"`, `"VALID"` or `"EXPLICIT"`.
        half_window: codes on each side of the middle of a window (9.1); `None` for the default (9.7).
        num_bits: width of the codes.
        table: `TruthTable`, or integer array, activation code first; `None` is the exact product.
        explicit_paddings: for `"EXPLICIT"`, eight integers.
        data_format: `"NHWC"` or `"NCHW"`.
        dilations: four integers in the order of `data_format`.
        transposed: whether it is a transposed convolution (3.9).

    Attributes:
        descriptor: an `_abi.TableGradient`, filled.
        table: the `Table` that the descriptor points to.
        operands: activations in NHWC, weights and upstream gradient in NHWC, float32 arrays, contiguous.
        gradients: arrays of the shapes of the first two operands, which are 0 until the computation fills them.

    Raises:
        ValueError: if an argument is not possible.
    """

    def __init__(
        self,
        upstream: np.ndarray,
        input: np.ndarray,
        filter: np.ndarray,
        input_min: float,
        input_max: float,
        filter_min: FilterRange,
        filter_max: FilterRange,
        strides: Sequence[int],
        padding: str = "SAME",
        *,
        half_window: Optional[int] = None,
        num_bits: int = 8,
        table: Optional[TableLike] = None,
        explicit_paddings: Sequence[int] = (),
        data_format: str = "NHWC",
        dilations: Sequence[int] = (1, 1, 1, 1),
        transposed: bool = False,
    ) -> None:
        named = {"upstream": upstream, "input": input, "filter": filter}
        dy, x, w = (_validation.reals(name, tensor) for name, tensor in named.items())
        form = {"explicit_paddings": explicit_paddings, "data_format": data_format, "dilations": dilations}
        transposed = _validation.boolean("transposed", transposed)
        _validation.geometry(strides, padding, **form)
        self._is_nchw, truth = data_format == "NCHW", TruthTable.of(table, num_bits)
        self.table = Table(truth, num_bits)
        half_window = checked_gradient(TABLE_2D, half_window, num_bits, truth.signed)
        if transposed:
            _validation.transposed_shapes(x.shape, w.shape, dy.shape, data_format, "upstream")
        inputs, name = (dy, "upstream") if transposed else (x, "input")
        shape = problem(inputs.shape, w.shape, strides, padding, **form, name=name)
        sizes = {"N": shape.batch, "H": shape.out_height, "W": shape.out_width, "C": shape.out_channels}
        _validation.upstream_shape(dy.shape, x.shape, [sizes[axis] for axis in data_format], transposed)
        shape.layout = 0
        operation = _abi.Operation(
            problem=shape,
            activation=_abi.Operand(REALS, quantiser("input", input_min, input_max, self.table)),
            weight=weight_operand(filter_min, filter_max, w.shape[2 if transposed else 3], self.table),
            table=self.table.handle,
        )
        self.descriptor = _abi.TableGradient(operation, transposed, half_window)
        self.operands: List[Any] = [self._in_nhwc(x), w, self._in_nhwc(dy)]
        self.gradients: List[Any] = [np.zeros_like(tensor) for tensor in self.operands[:2]]

    def _in_nhwc(self, tensor):
        return np.ascontiguousarray(tensor.transpose(0, 2, 3, 1)) if self._is_nchw else tensor

    def is_empty(self) -> bool:
        """Whether there is nothing to compute: both gradients are 0, or have no elements.

        Outputs of an input without elements may consist of padding, from which weights have gradients.
        """
        return any(tensor.size == 0 for tensor in self.operands[1:])

    def result(self) -> Tuple[np.ndarray, np.ndarray]:
        """What the public function returns, once `gradients` are filled."""
        dx, dw = self.gradients
        return np.ascontiguousarray(dx.transpose(0, 3, 1, 2)) if self._is_nchw else dx, dw
