"""How far a netlist is from the exact product in each reading of its ports: sign, and order of bits."""

from collections import namedtuple
from itertools import product

import numpy as np

from .operand_ports import choose_ports
from .tabulating import products

Reading = namedtuple("Reading", "signed activation_reversed weight_reversed output_reversed")
Reading.__doc__ = "Whether operands and product are two's complement, and whether the bits of a port are reversed."


def mean_errors(netlist, activation_port=None, weight_port=None, output_port=None):
    """The mean absolute error against the exact product, in each reading of the ports.

    Whether the operands are exchanged cannot be seen from these errors, as the exact product is symmetric.

    Args:
        netlist: a `Netlist` with two operands of 2 to 8 bits each.
        activation_port: name of the activation's input port, or bits of it; by default the first of two with usual
            names or of the only two, or the lower half of the only one.
        weight_port: likewise for the weight.
        output_port: likewise for the product; by default the only output, or the one with a usual name.

    Returns:
        Dictionary from `Reading` to the error in units of the product, the smallest one first.

    Raises:
        ValueError: if the ports are not clear, or an operand does not have 2 to 8 bits.

    Example:
        >>> from tfapprox.common.netlists.netlist import AND, Netlist
        >>> gates = [[2, 4, 0], [3, 4, 0], [2, 5, 0], [3, 5, 0]]
        >>> no_carries = Netlist("m", {"a": [2, 3], "b": [4, 5]}, {"y": [6, 7, 9]}, [AND] * 4, gates)
        >>> reading, error = next(iter(mean_errors(no_carries).items()))
        >>> reading.signed, reading.output_reversed, error
        (False, False, 0.5)
    """
    widths = [len(nets) for nets in choose_ports(netlist, activation_port, weight_port, output_port)]
    codes = products(netlist, activation_port, weight_port, output_port)
    errors = {}
    for reading in (Reading(*flags) for flags in product((False, True), repeat=4)):
        order = [
            _reversed(np.arange(1 << width), width) if is_reversed else np.arange(1 << width)
            for width, is_reversed in zip(widths, reading[1:])
        ]
        table = codes[np.ix_(*order[:2])]
        table = _reversed(table, widths[2]) if reading.output_reversed else table
        values = [_value(np.arange(1 << width), width, reading.signed) for width in widths[:2]]
        difference = _value(table, widths[2], reading.signed) - np.multiply.outer(*values)
        errors[reading] = float(np.abs(difference).mean())
    return dict(sorted(errors.items(), key=lambda item: item[1]))


def _reversed(codes, width):
    return sum((codes >> bit & 1) << (width - 1 - bit) for bit in range(width))


def _value(codes, width, signed):
    return codes - (codes >> (width - 1) << width) if signed else codes
