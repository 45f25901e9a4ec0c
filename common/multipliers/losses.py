"""Finds out what products have lost, such as bits that did not fit the type in which they were stored."""

from typing import Dict, Iterator, NamedTuple, Optional, Tuple

import numpy as np

from .. import metrics
from ..truth_table import TruthTable
from .readings import FAR

BYTE = 8  # bits of a byte
_NEAR = 2  # products whose MAE is this many times smaller than they are on average are nearly right


class Loss(NamedTuple):
    """What is wrong with the products of a table, which no other reading of its file can mend.

    Attributes:
        what: what seems to have happened to the products, in words that follow "seem to".
        remedy: a sentence that says how to get the products that were meant.
        mae: the MAE of the table against the exact products after the loss.
    """

    what: str
    remedy: str
    mae: float = 0.0


_WIDER = "Take a type of 16 bits or more for the product, also in the prototype and in the file."
_UNSHIFTED = "Leave out the shift: the table needs the whole product, and the layers scale it."
_SAME_WIDTH = "Import the circuit with the width of its operands, num_bits (--bits), or widen its operands."
_NO_SUM = "Take the circuit of a multiplier."


def cuts(products: np.ndarray) -> Dict[str, np.ndarray]:
    """Products as they look after they were stored in 8 bits: from a description of the loss to the products.

    Args:
        products: integer array of products.
    """
    words = np.asarray(products).astype(np.int64) & 0xFFFF
    return {
        "cut to their low 8 bits": words & 255,
        "cut to their high 8 bits": words >> BYTE,
        "limited to 255": np.minimum(words, 255),
    }


def _signed_cuts(products):
    """Products of signed operands as they look after they were stored as int8, by descriptions of the loss."""
    return {
        "cut to their low 8 bits": (products & 255 ^ 128) - 128,
        "cut to their high 8 bits": products >> BYTE,
        "limited to 127": np.clip(products, -128, 127),
    }


def _losses(table: TruthTable) -> Iterator[Tuple[Loss, np.ndarray]]:
    """Exact products after each loss: pairs of a `Loss` and the products."""
    values = metrics.operands(table.num_bits, table.signed)
    exact = np.multiply.outer(values, values)
    for what, products in [*cuts(exact).items(), *(_signed_cuts(exact).items() if table.signed else ())]:
        yield Loss(f"have been {what}", _WIDER), products
    if not table.signed:
        yield Loss("have been limited to 32767", _WIDER), np.minimum(exact, 32767)
    for shift in range(1, table.num_bits):
        yield Loss(f"have been shifted right by {shift} bit{'s' * (shift > 1)}", _UNSHIFTED), exact >> shift
    yield Loss("be sums of the operands", _NO_SUM), np.add.outer(values, values)
    for bits in range(2, table.num_bits):
        codes = 1 << bits
        low = values & (codes - 1)
        if table.signed:
            low = (low ^ codes >> 1) - (codes >> 1)
        yield Loss(f"be those of operands of {bits} bits", _SAME_WIDTH), np.multiply.outer(low, low)


def _fits_a_byte(products: np.ndarray, exact: np.ndarray, signed: bool) -> bool:
    """Whether products are near the exact ones where these fit in 8 bits, and fit in 8 bits where these do not.

    The exact products after a cut are far from those of an approximate circuit after the same cut, because the low bits
    of a wrong product are like random ones.
    """
    low, high = (-128, 127) if signed else (0, 255)
    fits = (exact >= low) & (exact <= high)
    if fits.all() or products.min() < low or products.max() > high:
        return False
    return bool(_NEAR * np.abs(products - exact)[fits].mean() < np.abs(exact[fits]).mean())


def lost(table: TruthTable) -> Optional[Loss]:
    """What the products of a table seem to have lost; `None` if they show no usual loss.

    Products have lost something if they are far nearer to the exact products after the loss than the exact products
    and than products of 0 are. A table of very small products, or of a constant, is thus a strong approximation, and no
    loss. Products of an approximate circuit have lost their high bits if all of them fit in 8 bits and the small ones
    are right.

    Args:
        table: the table, with its sign.
    """
    products, exact = (t.entries.astype(np.int64) for t in (table, TruthTable.exact(table.num_bits, table.signed)))
    if products.min() == products.max():
        return None
    mae = np.abs(products - exact).mean()
    loss = None
    for candidate, remaining in _losses(table):
        rest = float(np.abs(products - remaining).mean())
        if FAR * rest < min(mae, np.abs(remaining).mean()) and (loss is None or rest < loss.mae):
            loss = candidate._replace(mae=rest)
    if loss is None and _fits_a_byte(products, exact, table.signed):
        return Loss("have been cut or limited to 8 bits", _WIDER, float(mae))
    return loss
