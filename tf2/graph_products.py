"""Multiply-accumulate operations of the operations in a graph of TensorFlow."""

from __future__ import annotations

import math
from typing import Any, Collection

import numpy as np
import tensorflow as tf

# Operations that multiply, and whose number of products is not counted: it depends on the algorithm, or nobody can see
# into them.
_UNCOUNTED = {
    *("BandedTriangularSolve", "BlockLSTM", "BlockLSTMV2", "Cholesky", "Conv", "Conv2DBackpropFilter"),
    *("Conv3DBackpropFilterV2", "CudnnRNN", "CudnnRNNV2", "CudnnRNNV3", "DepthwiseConv2dNativeBackpropFilter"),
    *("EagerPyFunc", "Eig", "FFT", "FFT2D", "FFT3D", "FFTND", "GRUBlockCell", "IFFT", "IFFT2D", "IFFT3D", "IFFTND"),
    *("IRFFT", "IRFFT2D", "IRFFT3D", "IRFFTND", "LSTMBlockCell", "LogMatrixDeterminant", "Lu", "MatrixDeterminant"),
    *("MatrixExponential", "MatrixInverse", "MatrixLogarithm", "MatrixSolve", "MatrixSolveLs", "MatrixSquareRoot"),
    *("MatrixTriangularSolve", "PyFunc", "PyFuncStateless", "Qr", "QuantizedConv2D", "QuantizedMatMul", "RFFT"),
    *("RFFT2D", "RFFT3D", "RFFTND", "SelfAdjointEigV2", "SparseMatMul", "SparseMatrixMatMul"),
    *("SparseMatrixSparseMatMul", "SparseTensorDenseMatMul", "Svd", "TridiagonalMatMul", "TridiagonalSolve"),
    *("XlaCallModule", "XlaConv", "XlaConvV2", "XlaDot", "XlaDotV2", "XlaEinsum"),
}
_LOOPS = {"While", "StatelessWhile"}
_SUMS = {  # and which of their inputs is summed
    **dict.fromkeys(("AvgPool", "AvgPool3D", "Cumsum", "EuclideanNorm", "Mean", "Sum"), 0),
    **dict.fromkeys(("SegmentMean", "SegmentSum", "SegmentSumV2", "UnsortedSegmentSum"), 0),
    **{"ScatterNd": 1, "TensorScatterAdd": 2},
}
_ADDITIONS = {"Add", "AddN", "AddV2", "Sub"}
_QUOTIENTS = {"Div", "DivNoNan", "RealDiv", "Xdivy"}  # a hardware multiplies by the reciprocal
_PRODUCTS = {"Mul", "MulNoNan", *_QUOTIENTS}
_SQUARES = {"EuclideanNorm", "Pow", "Square", "SquaredDifference"}
# What lies between product and sum, and which of their inputs are moved.
_MOVES: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("BroadcastTo", "Cast", "ExpandDims", "Identity", "Neg", "Reshape", "Squeeze", "Transpose"), (0,)),
    **dict.fromkeys(("GatherV2", "MirrorPad", "Pad", "PadV2", "ReverseV2", "Roll", "Slice", "StridedSlice"), (0,)),
    **{"SelectV2": (1, 2), "Tile": (0,)},
}
_JOINS = {"ConcatV2": -1, "Pack": None}  # and where the inputs that are joined end
_TERMS = 3  # the minimal number of products in an addition; a gate such as `a * x + b * y` has two


def products_of_operation(op: Any, counted: Collection[tuple[int, str]] = (), in_parts: bool = False) -> int | None:
    """Multiply-accumulate operations of one operation.

    Args:
        op: an operation of a graph. If it calls functions, as a condition or a loop does, these belong to it.
        counted: identities of graphs and names of operations in them that are counted elsewhere.
        in_parts: whether `sums_of_products` counts, too, also in functions.

    Returns:
        The number; 0 if it is no convolution and no product of matrices, and `None` if a size or the number of rounds
        of a loop is not known. Of the branches of a condition, the one with the most products counts.
    """
    if op.type in ("Conv2D", "Conv3D"):
        return _multiplied(_size(op.outputs[0]), op.inputs[1].shape.as_list()[:-1])
    if op.type == "DepthwiseConv2dNative":
        return _multiplied(_size(op.outputs[0]), op.inputs[1].shape.as_list()[:2])
    if op.type in ("Conv2DBackpropInput", "Conv3DBackpropInputV2"):
        return _multiplied(_size(op.inputs[2]), op.inputs[1].shape.as_list()[:-1])
    if op.type == "DepthwiseConv2dNativeBackpropInput":
        return _multiplied(_size(op.inputs[2]), op.inputs[1].shape.as_list()[:2])
    if op.type in ("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"):
        transposed = op.get_attr("transpose_a" if op.type == "MatMul" else "adj_x")
        return _multiplied(_size(op.outputs[0]), [op.inputs[0].shape.as_list()[-2 if transposed else -1]])
    if op.type == "Einsum":
        return _einsum(op)
    if op.type in _UNCOUNTED:
        return None
    return _sum([_products_of_functions(op, counted, in_parts), sums_of_products(op) if in_parts else 0])


def sums_of_products(op: Any) -> int | None:
    """Products of an operation that sums the products of the elements of two tensors; 0 for other operations.

    These are sums and means over axes, windows and segments, and additions of three products or more. A quotient is a
    product, and so is the square of a difference, as in a distance; not so in a variance, where a mean is subtracted.

    Args:
        op: an operation of a graph.

    Returns:
        The number, and `None` if it is not known.
    """
    if op.type in _SUMS:
        return _sum(map(_size, _terms(op if op.type in _SQUARES else op.inputs[_SUMS[op.type]].op, _JOINS)))
    if op.type not in _ADDITIONS or _is_summed(op.outputs[0]):
        return 0
    # Tensors that were joined before an addition, such as two gates, are not summed with each other.
    products = [x for x in _terms(op, {}) if not any(factor.op.type == "Const" for factor in x.op.inputs)]
    return _sum(map(_size, products)) if len(products) >= _TERMS else 0


def _is_summed(tensor):
    """Whether the products in a tensor belong to a sum or an addition that follows."""
    seen, left = set(), [(tensor, False)]
    while left:
        tensor, is_joined = left.pop()
        for op in tensor.consumers():
            is_addition = op.type in _ADDITIONS
            if (is_addition and not is_joined) or (op.type in _SUMS and op.inputs[_SUMS[op.type]] is tensor):
                return True
            following = op.name, is_joined or op.type in _JOINS
            if following not in seen and (is_addition or op.type in _MOVES or op.type in _JOINS):
                seen.add(following)
                left.append((op.outputs[0], following[1]))
    return False


def _terms(op, joins):
    """The products of tensors whose sums an operation has as its outputs, as tensors, each of them once.

    `joins` has the types of the operations that may join tensors in between, and where their inputs end.
    """
    products, seen, left = [], set(), [op]
    while left:
        op = left.pop()
        if op.name not in seen:
            seen.add(op.name)
            own, inputs = _parts(op)
            products += own
            left += [op.inputs[index].op for index in inputs]
            left += [x.op for x in op.inputs[: joins[op.type]]] if op.type in joins else []
    return products


def _parts(op):
    """The products that are outputs of an operation, and the inputs whose products are in its outputs."""
    if op.type in _SQUARES:
        return _distance(op), ()
    if op.type in _ADDITIONS:
        return [], range(len(op.inputs))
    if op.type not in _PRODUCTS:
        return [], _MOVES.get(op.type, ())
    scalars = [_size(x) == 1 for x in op.inputs]
    if not any(scalars):
        return [op.outputs[0]], ()
    # A number times a product is a product; a number divided by a tensor is none.
    is_reciprocal = op.type in _QUOTIENTS and scalars[0]
    return [], () if is_reciprocal or all(scalars) else (scalars.index(False),)


def _distance(op):
    """The squares of a difference of two tensors, of which none is a mean."""
    if op.type == "Pow" and not np.all(tf.get_static_value(op.inputs[1]) == 2):
        return []
    difference = op if op.type == "SquaredDifference" else op.inputs[0].op
    if difference.type not in ("SquaredDifference", "Sub"):
        return []
    is_distance = all(_size(x) != 1 and not _is_mean(x.op) for x in difference.inputs)
    return [difference.outputs[0]] if is_distance else []


def _is_mean(op):
    return op.type == "Mean" or (op.type in {*_MOVES, "StopGradient"} and _is_mean(op.inputs[0].op))


def _einsum(op):
    operands, output = op.get_attr("equation").decode().split("->")
    sizes: dict[str, Any] = {}
    for letters, tensor in zip(operands.split(","), op.inputs):
        if "..." not in letters:
            sizes.update(zip(letters, tensor.shape.as_list()))
    contracted = [size for letter, size in sizes.items() if letter not in output]
    return _multiplied(_size(op.outputs[0]), contracted) if len(op.inputs) == 2 else 0


def _products_of_functions(op, counted, in_parts):
    """Products of the functions that an operation calls."""
    names = [name for name in _function_names(op) if op.graph._get_function(name) is not None]
    graphs = [op.graph._get_function(name).graph for name in names]
    counts = [
        _sum(
            products_of_operation(x, counted, in_parts)
            for x in graph.get_operations()
            if (id(graph), x.name) not in counted
        )
        for graph in graphs
    ]
    if None in counts or (any(counts) and op.type in _LOOPS):
        return None
    return max(counts, default=0)


def _function_names(op):
    for attribute in op.op_def.attr:
        if attribute.type in ("func", "list(func)"):
            value = op.get_attr(attribute.name)
            yield from (function.name for function in (value if attribute.type == "list(func)" else [value]))


def _sum(numbers):
    numbers = list(numbers)
    return None if None in numbers else sum(numbers)


def _size(tensor):
    return tensor.shape.num_elements()


def _multiplied(size, sizes):
    return None if size is None or None in sizes else size * math.prod(sizes)
