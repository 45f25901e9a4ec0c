"""Truth tables by name or path: load, pin to their content, and save."""

import functools
import os
import re
import threading
from collections import OrderedDict
from typing import NamedTuple

import numpy as np

from . import atomic_files, native, table_doubts
from ._validation import integer_array
from .argument_error import ArgumentError
from .paths import NameOrPath
from .truth_table import TableLike, TruthTable, check_num_bits, checked_entries

PIN = "#fnv1a="
_PINNED = re.compile(rf"{PIN}[0-9a-f]{{16}}\Z")


def _resolve(name_or_path: NameOrPath, argument: str = "mul_map_file") -> str:
    """The string that means the same file in any folder: a name as it is, a path made absolute."""
    source = native.table_source(name_or_path, argument)
    name = os.fsdecode(name_or_path)
    if isinstance(name_or_path, os.PathLike) or source == "path":
        return os.path.abspath(os.path.expanduser(name))
    return name


class _Known(NamedTuple):
    """A table, the content hash of it, and the warning that a load of it gives, empty if there is none."""

    table: np.ndarray
    content_hash: int
    warning: str


class _KnownTables:
    """What is known of the tables that were loaded last, by name or path, for all threads.

    The table itself is kept and compared with what is in the file now. This takes a fifth of the time of hashing, and
    unlike a comparison of the file's size and times it notices every change: a file can be written twice within one
    tick of its time stamp, get an old time stamp back, or be written through a memory map.

    Args:
        capacity: how many tables are kept, 128 KiB each.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._known: OrderedDict[str, _Known] = OrderedDict()

    def get(self, name: str, table: np.ndarray) -> _Known:
        """What is known of `table`, just read for `name`; it is found out if the last table of this name differs."""
        with self._lock:
            known = self._known.get(name)
        if known is None or known.table.dtype != table.dtype or not np.array_equal(known.table, table):
            content_hash = native.Table(table, len(table).bit_length() - 1).content_hash
            known = _Known(table.copy(), content_hash, table_doubts.warning_of(TruthTable(table), name))
        with self._lock:
            self._known[name] = known
            self._known.move_to_end(name)
            while len(self._known) > self._capacity:
                self._known.popitem(last=False)
        return known


_tables = _KnownTables(capacity=32)


def _loaded(name: str, table: np.ndarray, warn: bool) -> _Known:
    """What is known of a table that was just read for a name or path; warns of it if `warn` is set."""
    known = _tables.get(without_pin(name), table)
    if warn and known.warning:
        table_doubts.tell(known.warning)
    return known


def is_pinned(name: object) -> bool:
    """Whether a value is a string that `pin_table` returns for a table that is not built in."""
    return isinstance(name, str) and _PINNED.search(name) is not None


def without_pin(name: str) -> str:
    """A string without the `#fnv1a=` and the 16 digits at its end, if it is pinned; else the string as it is."""
    return _PINNED.sub("", name)


def pin_table(
    name_or_path: NameOrPath,
    num_bits: int = 8,
    signed: bool = True,
    argument: str = "mul_map_file",
    *,
    warn: bool = True,
) -> str:
    """The string that means the same table for good, in any folder and even if its file is written anew.

    TensorFlow keeps the operation that it made for a string, so a table that is changed under the same path would
    be ignored without a word; a pinned string of changed content makes another operation, or is an error.

    Args:
        name_or_path: name of a multiplier or path of a `.bin` file; the rules are those of `load_table`. A pinned
            string is checked and returned as it is.
        num_bits: width of both operands, 2 to 8; 8 for a signed table.
        signed: whether a signed table is accepted.
        argument: the name of the caller's argument, with which errors begin.
        warn: whether to warn of a table that is not pinned yet, and whose products are far from the exact ones because
            of a usual mistake.

    Returns:
        The name of a built-in multiplier as it is; a path made absolute, or a name of the search path, followed by
        `#fnv1a=` and the hash of the table's content. `load_table` takes it, and refuses other content.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        TypeError: if `name_or_path` is neither text nor a path.
        ValueError: if the width is not 2 to 8, or not that of the multiplier or file; if a pinned file has been
            changed; if the path is not text in UTF-8, which TensorFlow's attributes are; or if the table is signed
            and must not be.

    Warns:
        TableWarning: if a usual mistake explains the products.

    Example:
        >>> pin_table("mul8u_drum4")
        'mul8u_drum4'
    """
    check_num_bits(num_bits)
    name = _resolve(name_or_path, argument)
    if native.table_source(name) == "built in":
        _check_built_in(name, int(num_bits), signed, argument)
        return name
    table = native.load_table(name, num_bits, signed, argument)
    try:
        name.encode()
    except UnicodeEncodeError:
        raise ArgumentError(argument, "must be a path in UTF-8", repr(os.fsencode(name))) from None
    if is_pinned(name):
        return name
    return f"{name}{PIN}{_loaded(name, table, warn).content_hash:016x}"


@functools.lru_cache(maxsize=None)  # every eager call of an operation asks; there are few names and widths
def _check_built_in(name: str, num_bits: int, signed: bool, argument: str) -> None:
    native.load_table(name, num_bits, signed, argument)


def load_table(name_or_path: NameOrPath, num_bits: int = 8, *, warn: bool = True) -> np.ndarray:
    """Truth table of a multiplier as an array.

    Args:
        name_or_path: name of a built-in multiplier (`tfapprox.common.multipliers.loadable_names()`), path of a `.bin`
            file (a string with `/` or ending in `.bin`, or a path object), or `NAME` of a `NAME.bin` in a multiplier
            folder (`tfapprox.common.multipliers.search_path()`), looked up in this order. `""` is the exact product. A
            path may begin with `~`.
        num_bits: width of both operands, 2 to 8; 8 for a signed table.
        warn: whether to warn of a file whose products are far from the exact ones because of a usual mistake. Products
            that its NAME.json calls meant are no reason for a warning.

    Returns:
        uint16 array `[2**num_bits, 2**num_bits]`: entry `[a, w]` is the product of activation code `a` and weight
        code `w`. Where the name, or the last part of the path, begins with `mul8s_`, the table is signed: an int16
        array, and `[-3, 5]` is the product of the codes -3 and 5, as numpy counts rows and columns from the end.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        TypeError: if `name_or_path` is neither text nor a path.
        ValueError: if the width is not 2 to 8, or not that of the multiplier or file; or if the table is not the one
            that `pin_table` saw.

    Warns:
        TableWarning: if a usual mistake explains the products.

    Example:
        >>> int(load_table("mul8u_trunc4")[7, 9]), int(load_table("mul8s_exact")[-3, 5])
        (48, -15)
    """
    name = _resolve(name_or_path)
    table = native.load_table(name, num_bits)
    if native.table_source(name) != "built in":
        _loaded(name, table, warn)
    return table


def load_truth_table(name_or_path: NameOrPath, num_bits: int = 8, *, warn: bool = True) -> TruthTable:
    """Truth table of a multiplier as a `TruthTable`, which knows its width, sign, content hash and name.

    Args:
        name_or_path: name of a built-in multiplier, path of a `.bin` file, or `NAME` of a `NAME.bin` in a multiplier
            folder; the rules are those of `load_table`.
        num_bits: width of both operands, 2 to 8; 8 for a signed table.
        warn: whether to warn of a file whose products are far from the exact ones because of a usual mistake. Products
            that its NAME.json calls meant are no reason for a warning.

    Returns:
        A `TruthTable`. Its name is that of the multiplier, or of the file without its folder and `.bin`.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        TypeError: if `name_or_path` is neither text nor a path.
        ValueError: if the width is not 2 to 8, or not that of the multiplier or file; or if the table is not the one
            that `pin_table` saw.

    Warns:
        TableWarning: if a usual mistake explains the products.

    Example:
        >>> load_truth_table("mul8s_exact").signed, load_truth_table("", 4).name
        (True, 'mul4u_exact')
    """
    table = load_table(name_or_path, num_bits, warn=warn)
    name = os.path.basename(without_pin(os.fsdecode(name_or_path)))
    if name.endswith(".bin"):
        name = name[: -len(".bin")]
    return TruthTable(table, name or f"mul{num_bits}u_exact")


def save_table(path: NameOrPath, table: TableLike) -> None:
    """Writes a truth table as a `.bin` file: little-endian uint16, activation code first, no header.

    Args:
        path: where to write it; by convention `NAME.bin`. A name that begins with `mul8s_` makes the table signed.
        table: `TruthTable`, or integer array `[2**num_bits, 2**num_bits]`, num_bits from 2 to 8, with entries 0 to
            65535. A signed table is `[256, 256]` with entries -32768 to 32767, where codes below 0 count from the end,
            as numpy indexes.

    Raises:
        ValueError: if the shape or an entry does not fit, or the name contradicts the sign; nothing is written.
        OSError: if the file cannot be written.

    Example:
        >>> import os, tempfile
        >>> path = os.path.join(tempfile.mkdtemp(), "exact.bin")
        >>> save_table(path, load_table("mul8u_exact"))
        >>> os.path.getsize(path)
        131072
    """
    signed = native.name_is_signed(path, "path")
    name = os.path.basename(os.fsdecode(path))
    entries = integer_array("table", table)
    if signed and not (name.startswith("mul8s_") and entries.shape == (256, 256)):
        rule = "must be mul8s_..., of a table [256, 256], if it is signed by its name"
        raise ArgumentError("path", rule, f"{name!r}, {entries.shape}")
    if isinstance(table, TruthTable) and table.signed != signed:
        rule = "begin with mul8s_ for a signed" if table.signed else "not begin with mul8s_ for an unsigned"
        raise ArgumentError("path", f"must {rule} table", repr(name))
    why = f", as {name!r} is {'' if signed else 'not '}signed by its name (mul8s_...)"
    entries = checked_entries(entries, signed, why)
    atomic_files.write(os.fsdecode(path), entries.astype("<i2" if signed else "<u2").tobytes())
