"""Multiply-accumulate operations of the operations in a graph of TensorFlow."""

from __future__ import annotations

import math
from typing import Any, Collection

# Operations that multiply, and whose number of products is not counted: it depends on the algorithm, or nobody can see
# into them.
_UNCOUNTED = {
    *("Cholesky", "Conv2DBackpropFilter", "Conv3DBackpropFilterV2", "CudnnRNN", "CudnnRNNV2", "CudnnRNNV3"),
    *("DepthwiseConv2dNativeBackpropFilter", "EagerPyFunc", "FFT", "FFT2D", "FFT3D", "IFFT", "IFFT2D", "IFFT3D"),
    *("IRFFT", "IRFFT2D", "IRFFT3D", "MatrixExponential", "MatrixInverse", "MatrixSolve", "MatrixSolveLs"),
    *("MatrixSquareRoot", "MatrixTriangularSolve", "PyFunc", "PyFuncStateless", "Qr", "RFFT", "RFFT2D", "RFFT3D"),
    *("SelfAdjointEigV2", "SparseMatMul", "SparseMatrixMatMul", "SparseMatrixSparseMatMul", "SparseTensorDenseMatMul"),
    *("Svd", "XlaCallModule", "XlaConvV2", "XlaDotV2"),
}
_LOOPS = {"While", "StatelessWhile"}
_SUMS = {"AvgPool", "Cumsum", "Mean", "SegmentSum", "SegmentSumV2", "Sum", "UnsortedSegmentSum"}
_ADDITIONS = {"Add", "AddN", "AddV2"}
_MOVES = {"Cast", "ExpandDims", "Identity", "Reshape", "Squeeze", "Transpose"}  # what lies between product and sum
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

    These are sums and means over axes, windows and segments, and additions of three products or more.

    Args:
        op: an operation of a graph.

    Returns:
        The number, and `None` if it is not known.
    """
    if op.type in _SUMS:
        products = [x for x in _terms(op.inputs[0], _MOVES) if 1 not in map(_size, x.op.inputs)]
        return _sum(map(_size, products))
    if op.type not in _ADDITIONS or any(x.type in _ADDITIONS for x in op.outputs[0].consumers()):
        return 0
    products = [product for tensor in op.inputs for product in _terms(tensor, _MOVES | _ADDITIONS)]
    products = [x for x in products if not any(factor.op.type == "Const" for factor in x.op.inputs)]
    return _sum(map(_size, products)) if len(products) >= _TERMS else 0


def _terms(tensor, between):
    """The products of tensors that a tensor is computed from by operations of some types."""
    op = tensor.op
    if op.type == "Mul":
        return [tensor]
    if op.type not in between:
        return []
    inputs = op.inputs if op.type in _ADDITIONS else op.inputs[:1]
    return [product for each in inputs for product in _terms(each, between)]


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
