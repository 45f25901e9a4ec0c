"""Imports of multipliers that no operation computes with.

Their operands have two widths or 9 to 16 bits, or are signed and do not have 8 bits.
"""

import pathlib
import re
from typing import Any, Callable, Iterable, Mapping, NamedTuple, Optional

import numpy as np

from ..argument_error import ArgumentError
from ..paths import Path, expanded
from . import kinds, registry, sidecar, storage
from .wide_figures import measure
from .wide_sources import WIDTHS
from .wide_storage import KNOWN, SUFFIX, WideMultiplier, store

_NAME = re.compile(r"mul(\d{1,3})(?:x(\d{1,3}))?([us]?)_")
_TABLE_BITS = 8  # up to this width of each operand, the products are stored


class Widths(NamedTuple):
    """The widths and the sign of the operands that a name states.

    Attributes:
        first: width of the first operand in bits.
        second: width of the second operand in bits.
        signed: whether operands and products are signed.
    """

    first: int
    second: int
    signed: bool

    @property
    def is_wide(self) -> bool:
        """Whether no operation takes such operands."""
        return self.first != self.second or self.first > _TABLE_BITS or (self.signed and self.first != _TABLE_BITS)


def widths_of(name: str) -> Optional[Widths]:
    """The widths that a name says, such as 8 and 4 for `mul8x4u_X`; `None` if it says none.

    Example:
        >>> widths_of("mul8x4u_X"), widths_of("mul12s_X").is_wide, widths_of("mul8s_X").is_wide
        (Widths(first=8, second=4, signed=False), True, False)
    """
    match = _NAME.match(name)
    return Widths(int(match[1]), int(match[2] or match[1]), match[3] == "s") if match else None


def import_wide(
    source: Any,
    name: Optional[str] = None,
    *,
    function: Optional[str] = None,
    swap: Optional[bool] = None,
    seconds: float = 10,
    known: Optional[Mapping[str, Any]] = None,
    folder: Optional[Path] = None,
    force: bool = False,
    progress: Callable[[list], Iterable] = iter,
) -> WideMultiplier:
    """Measures a circuit that no operation can compute with, and stores its figures as `NAME.multiplier.json`.

    The name says the widths of the operands and their sign: `mul8x4u_X`, `mul12u_X`, `mul6s_X`. If both operands
    together have at most 24 bits, all pairs of operands are evaluated, else 2**22 random pairs. For a Python function,
    the limit is 20 bits, and 2**20 random pairs are evaluated beyond it. No operation of this package computes with
    such a multiplier.

    Args:
        source: path of a `.c` or `.h` file, of a Python file with a function of two integers, which is run, of a
            netlist (`.v`, `.blif`, ...), or of a file of products (`.npy`, `.txt`, `.csv`, `.bin`, `.mem`, or a `.v`
            file of `case` statements); a Python function of two integers; or an integer array, first operand down.
        name: name of the multiplier; by default that of the file or function.
        function: name of the function in a C or Python file that defines several.
        swap: whether the first operand is the weight. By default the narrow operand is the weight, and the second one
            if both have one width.
        seconds: time limit of 2**20 pairs of operands in C.
        known: entries `source`, `power_mW`, `area_um2`, `delay_ns` and `licence`. They replace what the source says.
        folder: folder of the file, which is made if it does not exist; by default `user_folder()`.
        force: whether a file of this name is replaced.
        progress: function that is given the list of parts of the work and iterates over it.

    Returns:
        The `WideMultiplier` that was stored.

    Raises:
        FileExistsError: if the folder has a multiplier of this name and `force` is not set.
        OSError: if a file cannot be read or written.
        ValueError: if the name says no such widths, the source has other widths or is of another kind, or a product
            does not fit.

    Example:
        >>> import tempfile
        >>> made = import_wide(lambda a, w: a * (w & ~1), "mul6x3u_EVEN", folder=tempfile.mkdtemp())
        >>> made.activation_bits, made.weight_bits, made.figures.wce
        (6, 3, 63.0)
    """
    path = expanded(source) if isinstance(source, (str, pathlib.PurePath)) else None
    name = name or (path.stem if path else str(getattr(source, "__name__", "")))
    storage.check_spelling(name)
    widths = widths_of(name)
    if widths is None or not widths.is_wide or not {widths.first, widths.second} <= set(WIDTHS):
        rule = "must say widths from 2 to 16 bits that no operation takes, such as mul8x4u_X, mul12u_X or mul6s_X"
        raise ArgumentError("name", rule, repr(name))
    options = {key: value for key, value in {"function": function, "seconds": seconds}.items() if value is not None}
    opened = kinds.open_wide(source, widths[:2], widths.signed, **options)
    swap = widths.first < widths.second if swap is None else swap
    products = (lambda a, w: opened.products(w, a)) if swap else opened.products
    bits = (widths.second, widths.first) if swap else (widths.first, widths.second)
    figures = measure(products, *bits, widths.signed, opened.exhaustive_bits, progress)
    table = None
    if max(bits) <= _TABLE_BITS:
        a, w = np.indices(tuple(1 << width for width in bits)).reshape(2, -1)
        table = products(a, w).reshape(1 << bits[0], -1)
    entries = {key: {**opened.known, **(known or {})}.get(key) for key in KNOWN}
    broken = sidecar.broken_rule(entries)
    if broken:
        raise ArgumentError(broken[0], f"must be {broken[1]}", repr(broken[2]))
    folder = registry.user_folder() if folder is None else expanded(folder)
    multiplier = WideMultiplier(name, folder / f"{name}{SUFFIX}", *bits, widths.signed, figures, table, entries)
    store(multiplier, force)
    return multiplier
