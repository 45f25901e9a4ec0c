"""Computes the table of a multiplier: the product of its netlist for every pair of operands."""

from __future__ import annotations

import numpy as np

from .evaluating import Progress, evaluate
from .netlist import Netlist
from .operand_ports import Ports, choose_ports


def products(
    netlist: Netlist,
    activation_port: str | None = None,
    weight_port: str | None = None,
    output_port: str | None = None,
    signed: bool = False,
    progress: Progress | None = None,
) -> np.ndarray:
    """Evaluates a netlist for every pair of operands.

    Args:
        netlist: a `Netlist` with two operands of 2 to 8 bits each.
        activation_port: name of the input port of the activation, or bits of it, such as `"inputs[7:0]"`. Bits are
            counted from 0 at the least significant bit of the port, and the bit after the colon becomes the least
            significant bit of the operand. The default is the first of two inputs with usual names (A and B, x and y,
            in1 and in2, ...), else the first of the only two inputs, else the lower half of the only input.
        weight_port: name of the input port of the weight, or bits of it. The default is the second of these two inputs,
            or the upper half of the only input.
        output_port: name of the output port of the product, or bits of it. The default is the only output, else the
            only output with a usual name (O, y, p, out, ...), else the only output with as many bits as both operands.
        signed: whether the product is decoded as a two's complement number.
        progress: function of two integers, the number of gates computed so far and the number of all gates. It is
            called after every 65536 gates and at the end.

    Returns:
        int64 array `[2**n, 2**m]` of products for an activation of n bits and a weight of m bits, indexed by the codes
        of both; the code of a signed operand is its two's complement, read as an unsigned number.

    Raises:
        ValueError: if the netlist has no ports as described, an operand does not have 2 to 8 bits, the product has more
            than 62 bits or depends on further inputs, or two drivers of one net differ.

    Example:
        >>> from tfapprox.common.netlists.netlist import AND, Netlist
        >>> gates = [[2, 4, 0], [3, 4, 0], [2, 5, 0], [3, 5, 0]]
        >>> no_carries = Netlist("m", {"a": [2, 3], "b": [4, 5]}, {"y": [6, 7, 9]}, [AND] * 4, gates)
        >>> products(no_carries)
        array([[0, 0, 0, 0],
               [0, 1, 0, 1],
               [0, 2, 4, 6],
               [0, 3, 4, 7]])
    """
    ports = choose_ports(netlist, activation_port, weight_port, output_port)
    activations, weights = (np.arange(1 << len(nets), dtype=np.int64) for nets in (ports.activation, ports.weight))
    return evaluated(netlist, ports, activations[:, None], weights[None, :], signed, progress)


def evaluated(
    netlist: Netlist,
    ports: Ports,
    activations: np.ndarray,
    weights: np.ndarray,
    signed: bool = False,
    progress: Progress | None = None,
) -> np.ndarray:
    """Evaluates a netlist for arrays of operands.

    Args:
        netlist: a `Netlist`.
        ports: the ports of the operands and of the product.
        activations: int64 array of activation codes.
        weights: int64 array of weight codes. The shapes of both arrays must broadcast to one shape.
        signed: whether the product is decoded as a two's complement number.
        progress: function of two integers, the number of gates computed so far and the number of all gates.

    Returns:
        int64 array of products of the common shape of the operands.

    Raises:
        ValueError: if the product has more than 62 bits, or two drivers of one net differ.
    """
    operands: dict[str, np.ndarray] = {}
    for name, nets in netlist.inputs.items():
        value = np.zeros((1,) * max(activations.ndim, weights.ndim), np.int64)
        for position, net in enumerate(nets):
            for code, operand in zip((activations, weights), (ports.activation, ports.weight)):
                if net in operand:
                    value = value | (code >> operand.index(net) & 1) << position
        operands[name] = value
    multiplier = netlist.with_outputs({"product": ports.output})
    table = evaluate(multiplier, operands, progress)["product"]
    if signed:
        width = len(ports.output)
        table -= (table >> (width - 1)) << width
    return table
