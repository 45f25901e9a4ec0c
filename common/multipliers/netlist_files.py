"""The reader of netlists for the import of multipliers: Verilog, BLIF, AIGER and CGP."""

import pathlib
from typing import Any, Callable, Dict, Iterable, Mapping, Optional, Sequence, Tuple

import numpy as np

from .. import netlists, regular_files
from ..argument_error import ArgumentError
from ..paths import Path, expanded
from . import headers, yosys
from .circuit import Circuit
from .readings import PORTS

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
    tie: Optional[Mapping[str, int]] = None,
    latency: Optional[int] = None,
    seconds: float = 10,
    progress: Optional[Callable[[int, int], None]] = None,
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
        tie: from names of inputs of Verilog, such as resets, to the constant 0 or 1 that replaces them.
        latency: number of registers on each path of a pipeline in Verilog.
        seconds: time limit of Yosys, which reads Verilog that is more than gates and logic.
        progress: function of the number of gates computed so far and the number of all gates, called now and then.

    Raises:
        ImportError: if `tie` or `latency` needs Yosys, which is not installed.
        OSError: if a file cannot be read.
        ArgumentError: if `reverse` names anything but these operands, or `tie` or `latency` is not possible.
        NetlistError: if the source has a construct that is not read, a loop, a register, or no two operands. It is a
            ValueError that names file, line and construct.
    """
    unknown = [operand for operand in reverse or () if operand not in PORTS]
    if unknown:
        raise ArgumentError("reverse", f"must be some of {', '.join(PORTS)}", repr(unknown[0]))
    path = expanded(source)
    netlist = _netlist(path, cells, top, tie, latency, seconds)
    ports = netlists.choose_ports(netlist, activation_port, weight_port, output_port)
    widths = len(ports.activation), len(ports.weight), len(ports.output)
    codes = netlists.products(netlist, activation_port, weight_port, output_port, progress=progress)

    def products(_: int, signed: bool, reversed_ports: Tuple[str, ...] = tuple(reverse or ())) -> np.ndarray:
        return netlists.read_as(codes, widths, netlists.Reading(signed, *(port in reversed_ports for port in PORTS)))

    names = netlists.port_names(netlist, ports)
    return Circuit(
        path.stem,
        products,
        {"source": path.name, **header(path)},
        num_bits=widths[0] if widths[0] == widths[1] else None,
        either_sign=True,
        reversed_products=products if reverse is None else None,
        ports=", ".join(
            f"{operand} {name}" + (" with reversed bits" if operand in (reverse or ()) else "")
            for operand, name in zip(PORTS, names)
        ),
    )


def _netlist(path, cells, top, tie, latency, seconds):
    """The netlist by the reader of netlists, or by Yosys where it is needed and installed."""
    needs_yosys = bool(tie) or latency is not None
    if needs_yosys and path.suffix.lower() not in yosys.SUFFIXES:
        raise ArgumentError("latency" if latency is not None else "tie", "is for Verilog", f"'{path}'")
    if not needs_yosys:
        try:
            return netlists.read_netlist(path, cells, top)
        except netlists.VerilogError:
            if not yosys.is_installed():
                raise
    return yosys.read(path, cells=cells, top=top, tie=tie, latency=latency, seconds=seconds)


def header(path: pathlib.Path) -> Dict[str, Any]:
    """Figures and licence in the comments of a Verilog file, which has the comments of C; none for another file."""
    if path.suffix.lower() not in yosys.SUFFIXES:
        return {}
    with regular_files.opened(path, "source") as (file, _):
        return headers.read(file.read(_HEADER_BYTES).decode("utf-8", errors="replace"))
