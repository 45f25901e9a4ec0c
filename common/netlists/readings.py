"""Compares a netlist with the exact product in each reading of its ports, which is a sign and an order of bits."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np

from .netlist import Netlist
from .operand_ports import choose_ports
from .tabulating import products


class Reading(NamedTuple):
    """An interpretation of the bits of the ports of a multiplier.

    Attributes:
        signed: whether operands and product are two's complement numbers.
        activation_reversed: whether the most significant bit of the activation comes first.
        weight_reversed: whether the most significant bit of the weight comes first.
        output_reversed: whether the most significant bit of the product comes first.

    Example:
        >>> Reading(signed=True, activation_reversed=False, weight_reversed=False, output_reversed=False).signed
        True
    """

    signed: bool
    activation_reversed: bool
    weight_reversed: bool
    output_reversed: bool


def mean_errors(
    netlist: Netlist,
    activation_port: str | None = None,
    weight_port: str | None = None,
    output_port: str | None = None,
) -> dict[Reading, float]:
    """Computes the mean absolute error (MAE) against the exact product in each reading of the ports.

    These errors cannot tell which operand is the activation, because the exact product is symmetric.

    Args:
        netlist: a `Netlist` with two operands of 2 to 8 bits each.
        activation_port: name of the input port of the activation, or bits of it, such as `"inputs[7:0]"`. The default
            is the first of two inputs with usual names, else the first of the only two inputs, else the lower half of
            the only input.
        weight_port: name of the input port of the weight, or bits of it. The default is the second of these two inputs,
            or the upper half of the only input.
        output_port: name of the output port of the product, or bits of it. The default is the only output, else the
            only output with a usual name, else the only output with as many bits as both operands.

    Returns:
        Dictionary from each of the 16 readings to its MAE in units of the product; the smallest MAE comes first.

    Raises:
        ValueError: if the netlist has no ports as described, an operand does not have 2 to 8 bits, the product has more
            than 62 bits or depends on further inputs, or two drivers of one net differ.

    Example:
        >>> from tfapprox.common.netlists.netlist import AND, Netlist
        >>> gates = [[2, 4, 0], [3, 4, 0], [2, 5, 0], [3, 5, 0]]
        >>> no_carries = Netlist("m", {"a": [2, 3], "b": [4, 5]}, {"y": [6, 7, 9]}, [AND] * 4, gates)
        >>> reading, error = next(iter(mean_errors(no_carries).items()))
        >>> reading.signed, reading.output_reversed, error
        (False, False, 0.5)
    """
    activation, weight, output = map(len, choose_ports(netlist, activation_port, weight_port, output_port))
    widths = activation, weight, output
    codes = products(netlist, activation_port, weight_port, output_port)
    errors: dict[Reading, float] = {}
    for reading in (Reading(*flags) for flags in product((False, True), repeat=4)):
        values = [_value(np.arange(1 << width), width, reading.signed) for width in widths[:2]]
        difference = read_as(codes, widths, reading) - np.multiply.outer(*values)
        errors[reading] = float(np.abs(difference).mean())
    return dict(sorted(errors.items(), key=lambda item: item[1]))


def read_as(codes: np.ndarray, widths: tuple[int, int, int], reading: Reading) -> np.ndarray:
    """Returns the products of a netlist in a reading of its ports.

    Args:
        codes: integer array `[2**n, 2**m]` of unsigned products for an activation of n bits and a weight of m bits, all
            ports read from their least significant bit.
        widths: numbers of bits of activation, weight and product.
        reading: the reading.

    Returns:
        int64 array `[2**n, 2**m]`, indexed by the codes of both operands in this reading.

    Example:
        >>> codes = np.array([[0, 0, 0, 0], [0, 1, 2, 3], [0, 2, 4, 6], [0, 3, 6, 9]])
        >>> int(read_as(codes, (2, 2, 4), Reading(False, True, True, True))[2, 2])
        8
    """
    flags = reading.activation_reversed, reading.weight_reversed
    order = [
        _reversed(np.arange(1 << width), width) if is_reversed else np.arange(1 << width)
        for width, is_reversed in zip(widths, flags)
    ]
    table = codes[np.ix_(*order)].astype(np.int64)
    return _value(_reversed(table, widths[2]) if reading.output_reversed else table, widths[2], reading.signed)


def _reversed(codes: np.ndarray, width: int) -> np.ndarray:
    result = np.zeros_like(codes)
    for bit in range(width):
        result |= (codes >> bit & 1) << (width - 1 - bit)
    return result


def _value(codes: np.ndarray, width: int, signed: bool) -> np.ndarray:
    return codes - (codes >> (width - 1) << width) if signed else codes
