"""The arithmetic without TensorFlow: truth tables, multipliers, the numpy reference and the native core.

Importing this package loads no compiled library: the core is loaded by the first function that calls it. What needs
numpy only (`TruthTable`, `metrics`, `reference`) also runs in a checkout where nothing has been compiled.

Modules:
    truth_table: `TruthTable`, the products of a multiplier as a value.
    tables: `load_table`, `load_truth_table`, `pin_table`, `save_table`.
    table_doubts: `TableWarning`, the warning of a table that a usual mistake has made wrong.
    assignment: `read_assignment`, `write_assignment`, files that say which multiplier goes to which layer.
    multipliers: the multipliers that can be loaded, and the import, check and description of new ones.
    netlists: circuits in Verilog, BLIF, AIGER and CGP, evaluated for all pairs of operands.
    metrics: error figures of a table.
    reference: every operation in numpy, the specification that every backend is tested against.
    native: the operations by the compiled core on the CPU, called by ctypes.
    cuda: the same operations on a GPU, called by ctypes.
"""

from . import metrics, multipliers, native, netlists, reference
from .assignment import read_assignment, write_assignment
from .table_doubts import TableWarning
from .tables import load_table, load_truth_table, pin_table, save_table
from .truth_table import TruthTable

__all__ = [
    "TableWarning",
    "TruthTable",
    "load_table",
    "load_truth_table",
    "metrics",
    "multipliers",
    "native",
    "netlists",
    "pin_table",
    "read_assignment",
    "reference",
    "save_table",
    "write_assignment",
]
