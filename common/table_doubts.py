"""Warns of tables whose products are far from `a * w` in a way that a usual mistake explains."""

import os
import sys
import threading
import warnings
from collections import OrderedDict
from typing import Tuple

import numpy as np

from .paths import NameOrPath
from .truth_table import TruthTable

_SURE = 0.08  # share of the mean product: a table with a smaller MAE is nearer to the exact one than any mistake is
_CAPACITY = 1024  # number of judged tables that are remembered
_lock = threading.Lock()
_judged: "OrderedDict[Tuple[str, bool], str]" = OrderedDict()


class TableWarning(UserWarning):
    """The products of a table are far from the exact ones, and a usual mistake explains this.

    The warning names the mistake and what mends it. `warn=False` where the table is loaded or imported, and
    `meant: true` in its NAME.json, say that the products are meant as they are.
    """


def doubt(table: TruthTable) -> str:
    """Which usual mistake explains the products of a table, and what mends it, in a sentence; `""` if none does.

    A table is doubted in two cases. In the first one, its products are far nearer to the exact ones, with an MAE that
    is more than 8 times smaller, when its file is read in another way. In the second one, they are far nearer to exact
    products that have lost what is usually lost, such as their high bytes. Exchanged operands cannot be detected,
    because the exact product is symmetric. The result is kept by the SHA-256 of the table.

    Args:
        table: the table, with its sign.

    Example:
        >>> doubt(TruthTable.exact(8))
        ''
        >>> doubt(TruthTable(TruthTable.exact(8).entries & 255)).split(".")[0]
        'its products seem to have been cut to their low 8 bits'
    """
    key = table.sha256, table.signed
    with _lock:
        known = _judged.get(key)
    if known is None:
        known = _judge(table)
        with _lock:
            _judged[key] = known
            while len(_judged) > _CAPACITY:
                _judged.popitem(last=False)
    return known


def _judge(table):
    exact = TruthTable.exact(table.num_bits, table.signed).entries.astype(np.int64)
    if np.abs(table.entries - exact).mean() < _SURE * np.abs(exact).mean():
        return ""
    from .multipliers import mistakes  # it needs this package

    other, loss = mistakes.explain(table)
    if other is not None:
        return f"its products are {other}. {other.advice(table.signed)}"
    return f"its products seem to {loss.what}. {loss.remedy}" if loss is not None else ""


def warning_of(table: TruthTable, name_or_path: NameOrPath) -> str:
    """The warning that a load of a table gives; `""` if there is none, or NAME.json says that the products are meant.

    Args:
        table: the table.
        name_or_path: the name or path that it was loaded by, without a pin.
    """
    text = doubt(table)
    if not text or _is_meant(name_or_path, table):
        return ""
    meant = "If they are meant, warn=False or `tfapprox multiplier annotate NAME --yes` says so."
    return f"{os.fsdecode(name_or_path)}: {text} {meant}"


def tell(text: str) -> None:
    """Warns of a table.

    Args:
        text: the warning.

    Warns:
        TableWarning: at the line of the caller outside of this package.
    """
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "tfapprox":
        frame, level = frame.f_back, level + 1
    warnings.warn(text, TableWarning, stacklevel=level)


def _is_meant(name_or_path, table):
    from .multipliers import registry, sidecar  # they need this package

    try:
        path = registry.locate(name_or_path).path
        return path is not None and sidecar.read(path, table.sha256)["meant"] is True
    except (OSError, ValueError):
        return False
