"""Energy of the multiplications of a network, from the multipliers of its layers."""

from __future__ import annotations

import math
from typing import Mapping, Sequence

from tfapprox.common.argument_error import ArgumentError


def energy(assignment: Sequence[str], macs: Sequence[int], power: Mapping[str, float]) -> float:
    """Mean power of a multiplication, weighted with the multiplications of each layer.

    It is `sum of macs[l] * power[assignment[l]] / sum of macs[l]` over the layers `l` (Mrazek et al., "ALWANN:
    Automatic Layer-Wise Approximation of Deep Neural Network Accelerators without Retraining", ICCAD 2019). All
    multipliers run at the same rate, so that the energy of the network is proportional to it. Divided by the power of
    the exact multiplier, it is the relative energy.

    Args:
        assignment: the name of the multiplier of each layer.
        macs: the multiply-accumulate operations (MACs) of each layer for one sample.
        power: mW by the name of a multiplier, or another cost for each multiplication.

    Returns:
        The mean in the unit of `power`.

    Raises:
        ValueError: if the sequences have different lengths, there are no MACs, a number of MACs is negative, or a
            multiplier has no finite cost.

    Example:
        >>> energy(["mul8u_exact", "mul8u_drum4"], [100, 300], {"mul8u_exact": 0.4, "mul8u_drum4": 0.2})
        0.25
    """
    if isinstance(assignment, str):
        raise ArgumentError("assignment", "must be a sequence with a name for each layer", repr(assignment))
    names, counts = list(assignment), [_count(number) for number in macs]
    if len(names) != len(counts):
        raise ArgumentError("macs", f"must have a number for each of {len(names)} layers", f"{len(counts)} numbers")
    if not sum(counts):
        raise ArgumentError("macs", "must have a sum of more than 0", repr(counts))
    for name in names:
        if not is_cost(power.get(name)):
            raise ArgumentError("power", f"must have a finite number for {name}", repr(power.get(name)))
    return math.fsum(count * power[name] for name, count in zip(names, counts)) / sum(counts)


def _count(number):
    if isinstance(number, bool) or int(number) != number or number < 0:
        raise ArgumentError("macs", "must be integers from 0", repr(number))
    return int(number)


def is_cost(value: object) -> bool:
    """Whether a value can be the cost of a multiplication: a finite number from 0."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
