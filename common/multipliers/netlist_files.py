"""The reader of netlists for the import of multipliers: Verilog, BLIF, AIGER and CGP."""

from typing import Iterable, Optional, Sequence, Tuple

import numpy as np

from .. import netlists, regular_files
from ..argument_error import ArgumentError
from ..paths import Path, expanded
from . import headers
from .circuit import Circuit
from .readings import PORTS

_VERILOG = (".v", ".sv", ".vg")
_HEADER_BYTES = 1 << 16


def read(
    source: Path,
    *,
    activation_port: Optional[str] = None,
    weight_port: Optional[str] = None,
    output_port: Optional[str] = None,
    top: Optional[str] = None,
    cells: Iterable[Path] = (),
    reverse: Optional[Sequence[str]] = None,
) -> Circuit:
    """The `Circuit` of a netlist, which is evaluated for all pairs of operands.

    Args:
        source: path of the file. The comments of a Verilog file may say power, area, delay and errors.
        activation_port: name of the input of the activation, or bits of it, such as `"in[7:0]"`. By default it is the
            first of two inputs with usual names, such as A and B, or the first of the only two inputs.
        weight_port: name of the input of the weight, or bits of it. By default it is the second of these inputs.
        output_port: name of the output of the product, or bits of it. By default it is the only output, or the only one
            with a usual name.
        top: name of the module at the top. By default it is the only module that no other module contains.
        cells: paths of libraries of cells, as Verilog, BLIF or genlib.
        reverse: operands whose most significant bit comes first, some of `"activation"`, `"weight"` and `"product"`.
            By default nothing is said about the order, and `()` says that no operand is reversed.

    Raises:
        OSError: if a file cannot be read.
        ArgumentError: if `reverse` names something else.
        NetlistError: if the source has a construct that is not read, a loop, a register, or no two operands. It is a
            ValueError that names file, line and construct.
    """
    unknown = [operand for operand in reverse or () if operand not in PORTS]
    if unknown:
        raise ArgumentError("reverse", f"must be some of {', '.join(PORTS)}", repr(unknown[0]))
    path = expanded(source)
    netlist = netlists.read_netlist(path, cells, top)
    ports = netlists.choose_ports(netlist, activation_port, weight_port, output_port)
    widths = len(ports.activation), len(ports.weight), len(ports.output)
    codes = netlists.products(netlist, activation_port, weight_port, output_port)

    def products(_: int, signed: bool, reversed_ports: Tuple[str, ...] = tuple(reverse or ())) -> np.ndarray:
        return netlists.read_as(codes, widths, netlists.Reading(signed, *(port in reversed_ports for port in PORTS)))

    names = netlists.port_names(netlist, ports)
    return Circuit(
        path.stem,
        products,
        {"source": path.name, **_header(path)},
        num_bits=widths[0] if widths[0] == widths[1] else None,
        either_sign=True,
        reversed_products=products if reverse is None else None,
        ports=", ".join(
            f"{operand} {name}" + (" with reversed bits" if operand in (reverse or ()) else "")
            for operand, name in zip(PORTS, names)
        ),
    )


def _header(path):
    """Figures and licence in the comments of a Verilog file; its comments are those of C."""
    if path.suffix.lower() not in _VERILOG:
        return {}
    with regular_files.opened(path, "source") as (file, _):
        return headers.read(file.read(_HEADER_BYTES).decode("utf-8", errors="replace"))
