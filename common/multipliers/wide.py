"""Multipliers that no operation computes with: operands of two widths, of 9 to 16 bits, or signed and not of 8 bits.

Such a multiplier is a file `NAME.multiplier.json` with its error figures and, up to 8 bits, its products.
"""

import json
import os
import pathlib
import re
from typing import Any, Callable, Dict, Iterable, List, Mapping, NamedTuple, Optional

import numpy as np

from .. import atomic_files, file_locks, regular_files
from ..argument_error import ArgumentError, ArgumentFileExistsError
from ..metrics import Pair
from ..paths import Path, expanded
from . import kinds, registry, sidecar, storage
from .wide_figures import WideFigures, measure
from .wide_sources import WIDTHS

SUFFIX = ".multiplier.json"
_NAME = re.compile(r"mul(\d{1,3})(?:x(\d{1,3}))?([us]?)_")
_TABLE_BITS = 8  # up to this width of each operand, the products are stored


class Widths(NamedTuple):
    """What a name says of the operands.

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


class WideMultiplier(NamedTuple):
    """A multiplier that no operation computes with.

    Attributes:
        name: its name.
        path: path of its file.
        activation_bits: width of the activation in bits.
        weight_bits: width of the weight in bits.
        signed: whether operands and products are two's complement numbers.
        figures: its error figures.
        products: int64 array `[2**activation_bits, 2**weight_bits]` in the order of the codes, if no operand has more
            than 8 bits; else `None`.
        known: a dictionary with `source`, `power_mW`, `area_um2`, `delay_ns`, `licence` and `published`.
    """

    name: str
    path: pathlib.Path
    activation_bits: int
    weight_bits: int
    signed: bool
    figures: WideFigures
    products: Optional[np.ndarray]
    known: Dict[str, Any]


_KNOWN = ("source", "power_mW", "area_um2", "delay_ns", "licence", "published")


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

    The name says the widths of the operands and their sign: `mul8x4u_X`, `mul12u_X`, `mul6s_X`. Up to 24 bits of both
    operands together, all pairs of operands are evaluated, of a Python function up to 20 bits; else 2**22 or 2**20
    random pairs. No operation of this package computes with such a multiplier.

    Args:
        source: path of a `.c` or `.h` file, of a netlist (`.v`, `.blif`, ...), or of a `.npy`, `.txt` or `.csv` file of
            products; a Python function of two integers; or an integer array, first operand down.
        name: name of the multiplier; by default that of the file or function.
        function: name of the function in a C file that defines several.
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
    entries = {key: {**opened.known, **(known or {})}.get(key) for key in _KNOWN}
    broken = sidecar.broken_rule(entries)
    if broken:
        raise ArgumentError(broken[0], f"must be {broken[1]}", repr(broken[2]))
    folder = registry.user_folder() if folder is None else expanded(folder)
    multiplier = WideMultiplier(name, folder / f"{name}{SUFFIX}", *bits, widths.signed, figures, table, entries)
    _write(multiplier, folder, force)
    return multiplier


def _write(multiplier, folder, force):
    folder.mkdir(parents=True, exist_ok=True)
    fields = multiplier._asdict()
    content = {
        **{key: fields[key] for key in ("name", "activation_bits", "weight_bits", "signed")},
        "figures": {**multiplier.figures._asdict(), "worst": list(multiplier.figures.worst)},
        **multiplier.known,
        "products": None if multiplier.products is None else multiplier.products.ravel().tolist(),
    }
    with file_locks.locked(folder):
        if multiplier.path.exists() and not force:
            received, remedy = f"{multiplier.name!r}, which is there", ("force=True", "replaces it")
            raise ArgumentFileExistsError("name", f"must be new in {folder}", received, remedy)
        atomic_files.write(multiplier.path, (json.dumps(content, allow_nan=False) + "\n").encode())


def find_wide(name_or_path: Path) -> Optional[pathlib.Path]:
    """Path of the file of a multiplier that no operation computes with; `None` if there is none.

    Args:
        name_or_path: name of the multiplier, which is looked up in the folders of `search_path()`, or path of a
            `.multiplier.json` file.
    """
    text = str(name_or_path)
    if text.endswith(SUFFIX):
        return expanded(name_or_path)
    if "/" in text:
        return None
    paths = (folder / f"{text}{SUFFIX}" for folder in registry.search_path())
    # os.path.isfile is false for a folder that cannot be read, where pathlib raises an exception.
    return next((path for path in paths if os.path.isfile(str(path))), None)


def wide_files() -> List[pathlib.Path]:
    """Paths of the multipliers that no operation computes with, in the folders of `search_path()`, sorted by name."""
    folders = dict.fromkeys(registry.search_path())
    return sorted((path for folder in folders for path in folder.glob(f"*{SUFFIX}")), key=lambda path: path.name)


def load_wide(path: Path) -> WideMultiplier:
    """Reads a file that `import_wide` wrote.

    Args:
        path: path of a `.multiplier.json` file.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if the file is of another form.
    """
    path = expanded(path)
    try:
        content = json.loads(regular_files.read(path, sidecar.MAX_BYTES).decode("utf-8"))
        bits = int(content["activation_bits"]), int(content["weight_bits"])
        figures = WideFigures(**{**content["figures"], "worst": Pair(*content["figures"]["worst"])})
        products = content["products"]
        if products is not None:
            products = np.array(products, np.int64).reshape(tuple(1 << width for width in bits))
        known = {key: content[key] for key in _KNOWN}
        return WideMultiplier(content["name"], path, *bits, bool(content["signed"]), figures, products, known)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} must be a file of `import_wide`; received {type(error).__name__}: {error}") from error
