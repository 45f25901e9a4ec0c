"""Reads netlists in the format that the suffix of a file names."""

from __future__ import annotations

import os
from typing import Callable, Iterable, Mapping

from .aiger import read_aiger
from .blif import read_blif
from .cgp import read_cgp
from .genlib import read_genlib
from .hierarchy import choose_top, flatten
from .module import Module
from .netlist import Netlist
from .ordering import to_netlist
from .source import NetlistError, Path
from .verilog import read_verilog

_READERS = {
    ".v": read_verilog,
    ".sv": read_verilog,
    ".vg": read_verilog,
    ".blif": read_blif,
    ".aag": read_aiger,
    ".aig": read_aiger,
    ".cgp": read_cgp,
    ".chr": read_cgp,
}
SUFFIXES = tuple(_READERS)
"""Suffixes of the files that `read_netlist` reads, in lower case with the dot."""
_CELL_READERS = {".v": read_verilog, ".sv": read_verilog, ".blif": read_blif, ".genlib": read_genlib}


def _modules(path: str, readers: Mapping[str, Callable[[Path], dict[str, Module]]], what: str) -> dict[str, Module]:
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in readers:
        raise NetlistError(path, 0, f"{what} must be a file {', '.join(readers)}; received suffix {suffix!r}")
    return readers[suffix](path)


def read_netlist(path: Path, cells: Iterable[Path] = (), top: str | None = None) -> Netlist:
    """Reads a combinational netlist from a file.

    A Verilog file (`.v`, `.sv`, `.vg`; IEEE 1364-2005) may have modules with wires, assignments of bitwise and logical
    operators, constants, gate primitives and instances. A BLIF file (`.blif`) may have `.names`, `.subckt` and `.gate`.
    An AIGER file (`.aag`, `.aig`) must have no latches. A file `.cgp` or `.chr` must be a chromosome in the format of
    ariths-gen. Gates on which no output depends are left out.

    Args:
        path: path of the file, which may have at most 64 MiB.
        cells: paths of libraries with modules for instances: Verilog (`.v`, `.sv`), BLIF (`.blif`) or genlib
            (`.genlib`).
        top: name of the module at the top. The default in BLIF is the first model; in Verilog it is the only module of
            which no other module has an instance, or the only one of several such modules that has instances itself; a
            module that has the name of the file comes before those that have no ports or cannot be read.

    Returns:
        The netlist, with its ports in the order of the module at the top.

    Raises:
        OSError: if a file cannot be read.
        NetlistError: if a file has a construct that is not described here, a module is missing or contains itself, or
            an output depends on a net without a driver or on a loop of gates. It is a `ValueError` that names the file,
            the line and the construct.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "mul.v"
        >>> _ = path.write_text('''
        ... module mul(input [1:0] a, b, output [3:0] y);
        ...   wire p = a[1] & b[0], q = a[0] & b[1], r = a[1] & b[1], c = p & q;
        ...   assign y = {r & c, r ^ c, p ^ q, a[0] & b[0]};
        ... endmodule''')
        >>> read_netlist(path)
        Netlist(mul: a[2], b[2] -> y[4]; 8 gates)
    """
    path = os.path.expanduser(os.fspath(path))
    own = _modules(path, _READERS, "path")
    modules = dict(own)
    for library in cells:
        library = os.path.expanduser(os.fspath(library))
        for name, module in _modules(library, _CELL_READERS, "cells").items():
            if name in modules:
                rule = f"cells must have names of their own; received {name}, which is in {modules[name].path} as well"
                raise NetlistError(library, module.line, rule)
            modules[name] = module
    if top is None and own and os.path.splitext(path)[1].lower() == ".blif":
        top = next(iter(own))
    return to_netlist(flatten(modules, choose_top(own, top, path)))
