"""The table of a netlist that multiplies: its product for every pair of operands."""

import numpy as np

from .evaluating import evaluate
from .operand_ports import choose_ports


def products(netlist, activation_port=None, weight_port=None, output_port=None, signed=False, progress=None):
    """The products of every pair of operands.

    Args:
        netlist: a `Netlist` with two operands of 2 to 8 bits each.
        activation_port: name of the activation's input port, or bits of it, such as `"inputs[7:0]"`, where the right
            bit is the least significant one. By default, of two inputs with usual names (A and B, x and y, in1 and in2,
            ...) or of the only two inputs, the first; of one input, the lower half.
        weight_port: likewise for the weight, the second input or the upper half.
        output_port: likewise for the product. By default, the only output, or the only one with a usual name (O, y, p,
            out, ...) or with as many bits as both operands.
        signed: whether the product is decoded as two's complement.
        progress: function of two integers, the gates computed so far and all gates, that is called now and then.

    Returns:
        int64 array `[2**n, 2**m]` for an activation of n bits and a weight of m bits, indexed by their codes; codes of
        signed operands are two's complement.

    Raises:
        ValueError: if the ports are not clear, an operand does not have 2 to 8 bits, or the product depends on
            further inputs; the message lists the ports.

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
    codes = [np.arange(1 << len(nets), dtype=np.int64) for nets in (ports.activation, ports.weight)]
    codes = [codes[0][:, None], codes[1][None, :]]
    operands = {}
    for name, nets in netlist.inputs.items():
        value = np.zeros((1, 1), np.int64)
        for position, net in enumerate(nets):
            for code, operand in zip(codes, (ports.activation, ports.weight)):
                if net in operand:
                    value = value | (code >> operand.index(net) & 1) << position
        operands[name] = value
    multiplier = netlist.with_outputs({"product": ports.output})
    table = evaluate(multiplier, operands, progress)["product"]
    if signed:
        width = len(ports.output)
        table -= (table >> (width - 1)) << width
    return table
