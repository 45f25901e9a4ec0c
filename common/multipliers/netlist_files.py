"""The reader of netlists for the import of multipliers: Verilog, BLIF, AIGER and CGP."""

import numpy as np

from .. import netlists
from ..paths import Path


def read_netlist(path: Path, signed: bool = False) -> np.ndarray:
    """The products of a circuit in a netlist, which is evaluated for all pairs of operands.

    Args:
        path: path of the file. Its operands are the inputs with usual names, such as A and B, or its only two inputs;
            the first is the activation.
        signed: whether operands and product are two's complement numbers.

    Returns:
        int64 array `[2**activation_bits, 2**weight_bits]`, activation code first.

    Raises:
        OSError: if the file cannot be read.
        NetlistError: if the source has a construct that is not read, a loop, a register, or no two operands. It is a
            ValueError that names file, line and construct.
    """
    return netlists.products(netlists.read_netlist(path), signed=signed)
