"""Reads circuits from Verilog, BLIF, AIGER and CGP, and evaluates them for all pairs of operands.

This subpackage needs numpy. Of tfapprox, it uses the modules `regular_files`, `argument_error` and `paths` only.

Modules:
    reading: `read_netlist` reads a file in the format that its suffix names.
    tabulating: `products` computes the table of a multiplier.
    evaluating: `evaluate` computes the outputs for any operands.
    netlist: `Netlist` is the result of reading and the input of evaluation.
    readings: `mean_errors` compares the table with the exact product in each reading of the ports, and `read_as`
        returns the table in one reading.
    operand_ports: `choose_ports` chooses the ports of the operands and of the product, and `port_names` names them.
    pipelines: `registers` names the registers of a netlist, and `without_registers` replaces those of a pipeline.
    verilog, verilog_module, verilog_declarations, verilog_precedence, verilog_expressions, verilog_constants,
        verilog_selections, verilog_instances, verilog_tokens, verilog_keywords, blif, covers, genlib, aiger, cgp: these
        modules read the formats.
    source, module, flat, hierarchy, ordering: all readers use these modules.
"""

from .evaluating import evaluate
from .netlist import Netlist
from .operand_ports import choose_ports, port_names
from .pipelines import registers, without_registers
from .reading import SUFFIXES, read_netlist
from .readings import Reading, mean_errors, read_as
from .source import NetlistError, VerilogError
from .tabulating import evaluated, products

__all__ = [
    "SUFFIXES",
    "Netlist",
    "NetlistError",
    "Reading",
    "VerilogError",
    "choose_ports",
    "evaluate",
    "evaluated",
    "mean_errors",
    "port_names",
    "products",
    "read_as",
    "read_netlist",
    "registers",
    "without_registers",
]
