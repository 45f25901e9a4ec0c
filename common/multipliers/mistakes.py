"""The usual mistakes of tables that are made by hand, and the options of the import that mend them."""

import itertools
from typing import Any, Container, Dict, Iterator, NamedTuple, Optional, Tuple

import numpy as np

from .. import metrics
from ..argument_error import ArgumentError
from ..truth_table import TruthTable
from . import losses
from .arrays import ORDERS, from_ascending
from .readings import FAR, SIGNED_BITS

OFFSET = 32768
_EXPLAINED = 0.5  # a reading explains products only if its MAE is less than this share of the MAE of zeros
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
        if self.order == "ascending":  # the option `ascending` says the same in fewer words
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
        mae: the MAE of the table when it is read in this way.
        declared_mae: the MAE of the table as its file declares it.
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

    @property
    def options(self) -> Dict[str, Any]:
        """The arguments of `import_multiplier` with which a table is read in this way."""
        return {**self.mistakes.options, **({"signed": True} if self.signed else {})}

    def advice(self, declared_signed: bool) -> str:
        """A sentence that says how to mend the file of the table.

        Args:
            declared_signed: whether the name of the file says signed operands.
        """
        arguments = ", ".join(f"{key}={value!r}" for key, value in self.options.items())
        words = " ".join(
            f"--{key.replace('_', '-')}" + ("" if value is True else f" {value}") for key, value in self.options.items()
        )
        name = "" if self.signed == declared_signed else f"a name that {'begins' if self.signed else 'does not begin'}"
        name = f"{name} with mul8s_" if name else ""
        ways = filter(None, [f"{arguments} ({words})" if arguments else "", name])
        return f"Import it with {' and '.join(ways)}."


_EFFECTS = {
    "ascending": "puts them in the order of the codes",
    "order": "puts them in the order of the codes",
    "offset": "subtracts it from every product",
    "big_endian": "reads the bytes in their order",
}


def nearer(table: TruthTable, settled: Container[str] = ()) -> Optional[Nearer]:
    """A reading in which a table is far nearer to the exact product than as it is; `None` if there is none.

    Exchanged operands cannot be detected, because the exact product is symmetric. Products of a constant, such as the
    65,535 of a circuit that does not answer, are as far from the exact ones in every reading as products of 0 are.

    Args:
        table: the table, with its declared sign.
        settled: what is not doubted: `"signed"` and names of fields of `Mistakes`.
    """
    words = table.entries.view(np.uint16)
    declared = _mae(words, table.signed)
    best = Nearer(table.signed, Mistakes(), declared, declared)
    is_settled = "signed" in settled or table.num_bits != SIGNED_BITS
    signs = (table.signed,) if is_settled else (table.signed, not table.signed)
    for mistakes in all_mistakes(table.num_bits):
        changed = [field for field, value, none in zip(mistakes._fields, mistakes, Mistakes()) if value != none]
        if any(field == "swap" or field in settled for field in changed):
            continue
        for signed in signs:
            mae = _mae(mistakes.mend(words), signed)
            if mae < best.mae and (signed or mistakes.order == "codes"):
                best = Nearer(signed, mistakes, mae, declared)
    if FAR * best.mae >= declared or best.mae >= _EXPLAINED * _mae(np.zeros_like(words), best.signed):
        return None
    return best


def _mae(words, signed):
    values = metrics.operands(len(words).bit_length() - 1, signed)
    products = words.view(np.int16) if signed else words
    return float(np.abs(products.astype(np.int64) - np.multiply.outer(values, values)).mean())


def explain(table: TruthTable, settled: Container[str] = ()) -> Tuple[Optional[Nearer], Optional[losses.Loss]]:
    """The usual mistake that explains the products of a table: another reading of it, or a loss.

    Args:
        table: the table, with its declared sign.
        settled: what is not doubted: `"signed"` and names of fields of `Mistakes`.

    Returns:
        A pair of which at most one is not `None`: the one that comes nearer to the products.
    """
    other, loss = nearer(table, settled), losses.lost(table)
    if other is not None and loss is not None:
        return (other, None) if other.mae < loss.mae else (None, loss)
    return other, loss


def check(table: TruthTable, settled: Container[str] = ()) -> Optional[losses.Loss]:
    """Compares the products of a table with the exact ones, in each reading that its file allows.

    Args:
        table: the table, with its declared sign.
        settled: what is not doubted: `"signed"` and names of fields of `Mistakes`.

    Returns:
        What the products seem to have lost, which no option mends; `None` if they seem to have lost nothing.

    Raises:
        ArgumentError: if the table is far nearer to the exact products when it is read with another sign or order, or
            with a mistake that an option mends.
    """
    other, loss = explain(table, settled)
    if other is not None:
        declared = "signed operands" if table.signed else "unsigned operands"
        rule = f"must be those of {declared}, as name and options say"
        meant = ("warn=False", "imports them as they are")
        raise ArgumentError("products", rule, f"products that are {other}", other.remedy, meant)
    return loss
