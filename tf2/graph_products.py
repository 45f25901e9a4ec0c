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


def products_of_operation(op: Any, counted: Collection[tuple[int, str]] = ()) -> int | None:
    """Multiply-accumulate operations of one operation.

    Args:
        op: an operation of a graph. If it calls functions, as a condition or a loop does, these belong to it.
        counted: identities of graphs and names of operations in them that are counted elsewhere.

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
    return None if op.type in _UNCOUNTED else _products_of_functions(op, counted)


def sums_of_products(op: Any) -> int:
    """Products of an operation that sums the products of the elements of two tensors; 0 for other operations.

    Args:
        op: an operation of a graph.
    """
    product = op.inputs[0].op if op.type == "Sum" else None
    if product is None or product.type != "Mul" or 1 in map(_size, product.inputs):
        return 0
    return _size(product.outputs[0])


def _einsum(op):
    operands, output = op.get_attr("equation").decode().split("->")
    sizes: dict[str, Any] = {}
    for letters, tensor in zip(operands.split(","), op.inputs):
        if "..." not in letters:
            sizes.update(zip(letters, tensor.shape.as_list()))
    contracted = [size for letter, size in sizes.items() if letter not in output]
    return _multiplied(_size(op.outputs[0]), contracted) if len(op.inputs) == 2 else 0


def _products_of_functions(op, counted):
    """Products of the functions that an operation calls."""
    names = [name for name in _function_names(op) if op.graph._get_function(name) is not None]
    graphs = [op.graph._get_function(name).graph for name in names]
    counts = [
        _sum(products_of_operation(x, counted) for x in graph.get_operations() if (id(graph), x.name) not in counted)
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
