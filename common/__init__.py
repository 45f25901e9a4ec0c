"""The arithmetic without TensorFlow: truth tables, multipliers, the numpy reference and the native core.

Modules:
    tables: `load_table`, `pin_table`, `save_table`.
    multipliers: names of the multipliers that can be loaded.
    metrics: error figures of a table.
    reference: both operations in numpy, the specification that every backend is tested against.
    native: the compiled core, called by ctypes.
"""

from . import metrics, multipliers, native, reference
from .tables import load_table, pin_table, save_table

__all__ = ["load_table", "metrics", "multipliers", "native", "pin_table", "reference", "save_table"]
