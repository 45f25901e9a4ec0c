"""Products of a Python function for all pairs of operands."""

from typing import Any, Callable

import numpy as np

from .. import metrics


def products(
    function: Callable[[Any, Any], Any], name: str, num_bits: int, signed: bool, arrays_at_once: bool = False
) -> np.ndarray:
    """The products of all pairs of operands, as a Python function returns them.

    Args:
        function: takes the values of activation and weight, and returns their product.
        name: what messages call the function.
        num_bits: width of both operands.
        signed: whether the operands are signed, from `-2**(num_bits - 1)`; else they begin at 0.
        arrays_at_once: whether the function takes and returns integer arrays `[2**num_bits, 2**num_bits]` instead of
            single integers.

    Returns:
        int64 array `[2**num_bits, 2**num_bits]`, activation code first.

    Raises:
        ValueError: if the function raises an exception or returns something else than integers.
    """
    values, codes = metrics.operands(num_bits, signed), 1 << num_bits
    pairs = [(slice(None), slice(None))] if arrays_at_once else np.ndindex(codes, codes)
    result = np.empty((codes, codes), np.int64)
    every_a, every_w = np.broadcast_arrays(values[:, None], values[None, :])
    for pair in pairs:
        a, w = (operand[pair] if arrays_at_once else int(operand[pair]) for operand in (every_a, every_w))
        try:
            answer = np.asarray(function(a, w))
        except Exception as error:
            where = "arrays" if arrays_at_once else f"{name}({a}, {w})"
            raise ValueError(
                f"{name} must return a product for every pair; received {type(error).__name__} for {where}: {error}"
            ) from error
        if not np.issubdtype(answer.dtype, np.integer):
            raise ValueError(f"{name} must return integers; received {answer.dtype} ({str(answer)[:40]})")
        if (answer > np.iinfo(np.int64).max).any():
            raise ValueError(f"{name} must return integers that fit int64; received {answer.max()}")
        result[pair] = answer
    return result
