"""Circuits as netlists: read from Verilog, BLIF, AIGER and CGP, and evaluated for all pairs of operands.

Needs numpy and nothing else of the package.

Modules:
    reading: `read_netlist`, by the suffix of a file.
    tabulating: `products`, the table of a netlist.
    evaluating: `evaluate`, the outputs for any operands.
    netlist: `Netlist`, the value between them.
    readings: `mean_errors`, how far the table is from the exact product in each reading of its ports.
    operand_ports: which ports are the operands.
    verilog, verilog_module, verilog_declarations, verilog_precedence, verilog_expressions, verilog_constants,
        verilog_tokens, blif, covers, genlib, aiger, cgp: the readers.
    source, module, flat, hierarchy, ordering: what the readers have in common.
"""

from .evaluating import evaluate
from .netlist import Netlist
from .reading import SUFFIXES, read_netlist
from .readings import Reading, mean_errors
from .source import NetlistError
from .tabulating import products

__all__ = ["SUFFIXES", "Netlist", "NetlistError", "Reading", "evaluate", "mean_errors", "products", "read_netlist"]
