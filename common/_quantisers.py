"""Real numbers to codes in numpy, equations (2): the part of the reference that all operations on real numbers use."""

import math
from typing import List, NamedTuple

import numpy as np

from . import _validation
from ._convolution import FilterRange, filter_ranges
from .truth_table import check_num_bits


class Quantiser(NamedTuple):
    """How the real numbers of a range become codes, equations (2).

    Attributes:
        scale: float32, the real width of one code.
        inverse_scale: float32, the codes per unit.
        nudged_min: float32, the real number of code 0 of an unsigned range; 0 for a signed one.
        zero_point: the code of the real number 0.
        min_code: the lowest code, 0 or -127.
        max_code: the highest code.
    """

    scale: np.float32
    inverse_scale: np.float32
    nudged_min: np.float32
    zero_point: int
    min_code: int
    max_code: int


def quantiser(name: str, minimum: float, maximum: float, num_bits: int = 8, signed: bool = False) -> Quantiser:
    """Scale and zero point of a range as TensorFlow computes them: nudged (2.1)-(2.3), or symmetric (2.5)-(2.6).

    Args:
        name: beginning of the names of the range in messages, such as `"input"`.
        minimum: lower end of the range, rounded to float32.
        maximum: upper end of the range, rounded to float32.
        num_bits: width of the codes, 2 to 8; 8 for a signed table.
        signed: whether the codes are those of a signed table.

    Returns:
        A `Quantiser`.

    Raises:
        ValueError: if the range is not finite or `minimum > maximum`; or for signed codes of another width.

    Example:
        >>> quantiser("input", -1.0, 3.0).zero_point
        64
    """
    check_num_bits(num_bits, signed)
    _validation.one_of("name", name, _validation.RANGES)
    max_code = 2**num_bits - 1
    ends = _validation.numbers(**{f"{name}_min": minimum, f"{name}_max": maximum})
    with np.errstate(all="ignore"):
        low, high = np.float32(ends[0]), np.float32(ends[1])
        width = high - low
        received = f"received {name}_min={low:g}, {name}_max={high:g}"
        if not np.all(np.isfinite([low, high, width])):
            raise ValueError(f"{name}_min, {name}_max and their difference must be finite; {received}")
        if low > high:
            raise ValueError(f"{name}_min must not be greater than {name}_max; {received}")
        if signed:
            limit, top = max(abs(low), abs(high)), np.float32(127)
            return Quantiser(limit / top, top / limit, np.float32(0), 0, -127, 127)  # (2.5), (2.6)
        scale = width / np.float32(max_code)  # (2.1)
        unclamped = float(np.float32(0) - low / scale)
        # (2.2); the NaN of 0 / 0 is not greater than 0
        zero_point = math.floor(min(unclamped, max_code) + 0.5) if unclamped > 0 else 0
        nudged_min = (np.float32(0) - np.float32(zero_point)) * scale  # (2.3)
        return Quantiser(scale, np.float32(1) / scale, nudged_min, zero_point, 0, max_code)


def codes(quantiser: Quantiser, x: np.ndarray) -> np.ndarray:
    """Codes of real numbers, (2.4) or (2.7): an int64 array of the shape of `x`; the code of NaN is 0."""
    with np.errstate(all="ignore"):
        steps = (np.float32(x) - quantiser.nudged_min) * quantiser.inverse_scale
        steps = np.rint(steps) if quantiser.min_code < 0 else np.floor(steps + np.float32(0.5))
        return np.where(np.isnan(steps), 0, np.clip(steps, quantiser.min_code, quantiser.max_code)).astype(np.int64)


def filter_quantisers(
    filter_min: FilterRange,
    filter_max: FilterRange,
    filters: int,
    num_bits: int = 8,
    signed: bool = False,
    name: str = "filter",
) -> List[Quantiser]:
    """Scale and zero point of every filter, from one range or from a range for each filter.

    Args:
        filter_min: lower end of the range: a number, or `[filters]` numbers.
        filter_max: upper end of the range, of the same shape.
        filters: number of filters.
        num_bits: width of the codes, 2 to 8; 8 for a signed table.
        signed: whether the codes are those of a signed table.
        name: beginning of the names of the range in messages.

    Returns:
        `filters` quantisers.

    Raises:
        ValueError: if a shape is not possible or a range is not finite.

    Example:
        >>> [quantiser.zero_point for quantiser in filter_quantisers([-1, 0], [3, 1], 2)]
        [64, 0]
    """
    ranges = filter_ranges(filter_min, filter_max, _validation.integer("filters", filters, 1), name)
    quantisers = [quantiser(name, low, high, num_bits, signed) for low, high in ranges]
    return quantisers * (filters if len(ranges) == 1 else 1)
