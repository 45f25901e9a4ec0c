"""The usual mistakes of tables that are made by hand, and the options of the import that mend them."""

import itertools
from typing import Any, Container, Dict, Iterator, NamedTuple, Optional

import numpy as np

from .. import metrics
from ..argument_error import ArgumentError
from ..truth_table import TruthTable
from .arrays import ORDERS, from_ascending
from .readings import FAR, SIGNED_BITS

OFFSET = 32768
_IN_ORDER = {
    "codes": "",
    "ascending": "from -128 to 127 in this order",
    "ascending-rows": "with rows from -128 to 127",
    "ascending-columns": "with columns from -128 to 127",
}


class Mistakes(NamedTuple):
    """How a file differs from the table that was meant.

    Attributes:
        order: a key of `arrays.ORDERS`: which of rows and columns run from -128 to 127.
        offset: what was added to every product.
        big_endian: whether the bytes of every product are in the other order.
        swap: whether rows and columns are exchanged.
    """

    order: str = "codes"
    offset: int = 0
    big_endian: bool = False
    swap: bool = False

    @property
    def options(self) -> Dict[str, Any]:
        """The arguments of `import_multiplier` that mend the mistakes, without those that have their default."""
        options = {key: value for key, value, none in zip(self._fields, self, Mistakes()) if value != none}
        if self.order == "ascending":  # has an option of its own, which is shorter
            del options["order"]
            options["ascending"] = True
        return options

    def __str__(self) -> str:
        """What is wrong, in words; empty if nothing is."""
        parts = [
            _IN_ORDER[self.order],
            f"with an offset of {self.offset}" if self.offset else "",
            "with exchanged bytes" if self.big_endian else "",
            "transposed" if self.swap else "",
        ]
        return ", ".join(filter(None, parts))

    def mend(self, words: np.ndarray) -> np.ndarray:
        """The words of the table that was meant.

        Args:
            words: uint16 array `[codes, codes]` of the file, whose products may be two's complement numbers.

        Returns:
            uint16 array `[codes, codes]`.
        """
        words = words.byteswap() if self.big_endian else words
        words = from_ascending(words - np.uint16(self.offset), ORDERS[self.order])
        return words.T if self.swap else words


def all_mistakes(num_bits: int = SIGNED_BITS) -> Iterator[Mistakes]:
    """All combinations of mistakes, those with fewer of them first; the first one has none.

    Args:
        num_bits: width of the operands. Only 8-bit operands can be signed, and have an order or an offset.
    """
    is_wide = num_bits == SIGNED_BITS
    orders, offsets = (list(ORDERS), (0, OFFSET)) if is_wide else (["codes"], (0,))
    combinations = itertools.starmap(Mistakes, itertools.product(orders, offsets, (False, True), (False, True)))
    return iter(sorted(combinations, key=lambda mistakes: len(mistakes.options)))


class Nearer(NamedTuple):
    """A way to read a table with which it is far nearer to the exact product.

    Attributes:
        signed: whether its operands are signed.
        mistakes: the mistakes that its file then has.
        mae: the MAE in this way.
        declared_mae: the MAE as it was declared.
    """

    signed: bool
    mistakes: Mistakes
    mae: float
    declared_mae: float

    def __str__(self) -> str:
        kind = " ".join(filter(None, ["signed operands" if self.signed else "unsigned operands", str(self.mistakes)]))
        return f"far nearer to {kind}: MAE {self.mae:.4g} instead of {self.declared_mae:.4g}"

    @property
    def remedy(self):
        """The option that mends the first mistake and what it does, as `ArgumentError` takes them; may be `None`."""
        for option, effect in _EFFECTS.items():
            if option in self.mistakes.options:
                return f"{option}={self.mistakes.options[option]}", effect
        return ("signed=True", "reads them as signed operands") if self.signed else None


_EFFECTS = {
    "ascending": "puts them in the order of the codes",
    "order": "puts them in the order of the codes",
    "offset": "subtracts it from every product",
    "big_endian": "reads the bytes in their order",
}


def nearer(table: TruthTable, settled: Container[str] = ()) -> Optional[Nearer]:
    """How an 8-bit table is far nearer to the exact product than as it is; `None` if it is in no way.

    Exchanged operands cannot be told, because the exact product is symmetric.

    Args:
        table: the table, with its declared sign.
        settled: what is not doubted: `"signed"` and names of fields of `Mistakes`.
    """
    if table.num_bits != SIGNED_BITS:
        return None
    words = table.entries.view(np.uint16)
    declared = _mae(words, table.signed)
    best = Nearer(table.signed, Mistakes(), declared, declared)
    signs = (table.signed,) if "signed" in settled else (table.signed, not table.signed)
    for mistakes in all_mistakes():
        changed = [field for field, value, none in zip(mistakes._fields, mistakes, Mistakes()) if value != none]
        if any(field == "swap" or field in settled for field in changed):
            continue
        for signed in signs:
            mae = _mae(mistakes.mend(words), signed)
            if mae < best.mae and (signed or mistakes.order == "codes"):
                best = Nearer(signed, mistakes, mae, declared)
    return best if FAR * best.mae < declared else None


def _mae(words, signed):
    values = metrics.operands(SIGNED_BITS, signed)
    products = words.view(np.int16) if signed else words
    return float(np.abs(products.astype(np.int64) - np.multiply.outer(values, values)).mean())


def check(table: TruthTable, settled: Container[str] = ()) -> None:
    """Compares the products of an 8-bit table with the exact ones, read in each way that its file can be meant.

    Args:
        table: the table, with its declared sign.
        settled: what is not doubted: `"signed"` and names of fields of `Mistakes`.

    Raises:
        ArgumentError: if the table is far nearer to the exact products when it is read with another sign or order, or
            with a mistake that an option mends.
    """
    other = nearer(table, settled)
    if other is not None:
        declared = "signed operands" if table.signed else "unsigned operands"
        rule = f"must be those of {declared}, as name and options say"
        raise ArgumentError("products", rule, f"products that are {other}", other.remedy)


def cut(table: TruthTable) -> str:
    """How products seem to have been cut to 8 bits, in words; empty if they do not.

    Args:
        table: the table.
    """
    products, exact = (t.entries.astype(np.int64) for t in (table, TruthTable.exact(table.num_bits, table.signed)))
    if products.min() < 0 or products.max() > 255:
        return ""
    mae = np.abs(products - exact).mean()
    for name, cut_exact in cuts(exact).items():
        if FAR * np.abs(products - cut_exact).mean() < mae:
            return name
    return ""


def cuts(products: np.ndarray) -> Dict[str, np.ndarray]:
    """Products as they look after they were stored in 8 bits: from a description of the loss to the products."""
    words = np.asarray(products).astype(np.int64) & 0xFFFF
    return {
        "cut to their low 8 bits": words & 255,
        "cut to their high 8 bits": words >> 8,
        "limited to 255": np.minimum(words, 255),
    }
