"""Error figures of circuits whose tables may be too large: of all pairs of operands, or of a random sample."""

import hashlib
import math
from typing import Callable, Iterable, NamedTuple, Optional

import numpy as np

from ..argument_error import ArgumentError
from ..metrics import Pair
from .wide_sources import values_of

_CHUNK = 1 << 20  # pairs that are evaluated at once
_SAMPLES = 1 << 22
_LIMIT = 1 << 40  # products have smaller magnitudes; it is 256 times the largest exact product


class WideFigures(NamedTuple):
    """Error figures, equations (6), of the pairs of operands that were evaluated, each of which counts alike.

    Attributes:
        mae: mean absolute error, in units of the product.
        wce: worst-case error, in units of the product; of a sample, the largest error in it, which is a lower bound.
        mre: mean relative error as a fraction of 1, over the pairs whose exact product is not 0.
        ep: error probability as a fraction of 1.
        mse: mean squared error, in squared units of the product.
        bias: mean error (product minus exact product), in units of the product.
        worst: the first pair of operands with the largest error.
        pairs: the number of pairs of operands that were evaluated.
        exhaustive: whether these are all pairs; if not, they are random and independent.
        mae_standard_error: the standard error of `mae` in a sample; 0 if all pairs were evaluated.
        sha256: SHA-256 of the products of all pairs, little-endian int64, activation code first; `None` for a sample.
    """

    mae: float
    wce: float
    mre: float
    ep: float
    mse: float
    bias: float
    worst: Pair
    pairs: int
    exhaustive: bool
    mae_standard_error: float
    sha256: Optional[str]


def measure(
    products: Callable[[np.ndarray, np.ndarray], np.ndarray],
    activation_bits: int,
    weight_bits: int,
    signed: bool = False,
    exhaustive_bits: int = 24,
    progress: Callable[[list], Iterable] = iter,
) -> WideFigures:
    """Error figures of a circuit.

    Args:
        products: function of two int64 arrays `[pairs]`, activation and weight codes, that returns the products
            `[pairs]`.
        activation_bits: width of the activation in bits.
        weight_bits: width of the weight in bits.
        signed: whether the codes are two's complement numbers.
        exhaustive_bits: if the operands have more bits together, at most 2**22 random pairs are evaluated, the same in
            each call.
        progress: function that is given the list of parts of the work and iterates over it.

    Raises:
        ArgumentError: if a product is negative and the operands are unsigned, or its magnitude is not below 2**40.

    Example:
        >>> figures = measure(lambda a, w: (a & ~1) * w, 4, 3)
        >>> figures.mae, figures.wce, figures.exhaustive
        (1.75, 7.0, True)
    """
    exhaustive = activation_bits + weight_bits <= exhaustive_bits
    total = 1 << (activation_bits + weight_bits) if exhaustive else min(_SAMPLES, 1 << exhaustive_bits)
    absolute, signed_sum, wrong, relevant, relative, squared = 0, 0, 0, 0, 0.0, 0.0
    largest, worst = -1, Pair(0, 0, 0, 0)
    digest = hashlib.sha256()
    parts = list(range(0, total, _CHUNK))
    bits = activation_bits, weight_bits
    pairs = _all_pairs(parts, total, weight_bits) if exhaustive else _random_pairs(parts, total, bits)
    for _, (a, w) in zip(progress(parts), pairs):
        computed = products(a, w)
        a, w = values_of(a, activation_bits, signed), values_of(w, weight_bits, signed)
        _check(computed, a, w, signed)
        exact = a * w
        error = computed - exact
        distance = np.abs(error)
        nonzero = exact != 0
        absolute += int(distance.sum())
        signed_sum += int(error.sum())
        wrong += int((error != 0).sum())
        relevant += int(nonzero.sum())
        relative += float((distance[nonzero] / np.abs(exact[nonzero])).sum())
        squared += float((error.astype(float) ** 2).sum())
        first = int(distance.argmax())
        if distance[first] > largest:
            largest = int(distance[first])
            worst = Pair(*(int(array[first]) for array in (a, w, computed, exact)))
        digest.update(computed.astype("<i8").tobytes())
    mae, mse = absolute / total, squared / total
    return WideFigures(
        mae=mae,
        wce=float(largest),
        mre=relative / relevant,
        ep=wrong / total,
        mse=mse,
        bias=signed_sum / total,
        worst=worst,
        pairs=total,
        exhaustive=exhaustive,
        mae_standard_error=0.0 if exhaustive else math.sqrt(max(0.0, mse - mae * mae) / total),
        sha256=digest.hexdigest() if exhaustive else None,
    )


def _all_pairs(parts, total, weight_bits):
    for start in parts:
        index = np.arange(start, min(start + _CHUNK, total), dtype=np.int64)
        yield index >> weight_bits, index & ((1 << weight_bits) - 1)


def _random_pairs(parts, total, bits):
    random = np.random.RandomState(0)
    for start in parts:
        size = min(_CHUNK, total - start)
        yield tuple(random.randint(0, 1 << width, size, np.int64) for width in bits)


def _check(products, a, w, signed):
    wrong = np.flatnonzero((np.abs(products) >= _LIMIT) | ((products < 0) & (not signed)))
    if len(wrong):
        first = wrong[0]
        rule = f"of {'signed' if signed else 'unsigned'} operands must be " + (
            "above -2**40 and below 2**40" if signed else "from 0 to 2**40"
        )
        raise ArgumentError("products", rule, f"{a[first]} * {w[first]} = {products[first]}")
