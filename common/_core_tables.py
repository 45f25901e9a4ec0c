"""Truth tables as the compiled core finds, checks and shares them; the public names are those of native.py."""

import ctypes
import difflib
import os
import re
from typing import Dict, Optional

import numpy as np

from ._abi import Error
from ._bindings import check, core, text
from .argument_error import ArgumentError, ArgumentFileNotFoundError, ArgumentTypeError
from .paths import NameOrPath
from .truth_table import MAX_BITS, MIN_BITS, TableLike, TruthTable, check_num_bits, check_unsigned


def built_in_multipliers() -> Dict[str, str]:
    """The multipliers that the core generates: a dictionary from name to description."""
    name, description = ctypes.c_char_p(), ctypes.c_char_p()
    multipliers: Dict[str, str] = {}
    while core().tfapprox_multiplier_describe(len(multipliers), ctypes.byref(name), ctypes.byref(description)) == 0:
        multipliers[text(name)] = text(description)
    return multipliers


def _c_string(name_or_path, argument="mul_map_file"):
    if not isinstance(name_or_path, (str, bytes, os.PathLike)):
        raise ArgumentTypeError(argument, "must be a name or a path", repr(name_or_path))
    try:
        encoded = os.fsencode(name_or_path)
    except UnicodeEncodeError:
        raise ArgumentError(argument, "must be text that a file name can have", ascii(name_or_path)) from None
    if b"\0" in encoded:
        raise ArgumentError(argument, "must have no null character", repr(name_or_path))
    return encoded


def table_source(name_or_path: NameOrPath, argument: str = "mul_map_file") -> str:
    """Where `load_table` looks for a string: `"built in"`, `"path"` or `"search path"`."""
    return ("built in", "path", "search path")[core().tfapprox_table_source(_c_string(name_or_path, argument))]


def name_is_signed(name_or_path: NameOrPath, argument: str = "mul_map_file") -> bool:
    """Whether a name or path, pinned or not, is that of a signed table, `mul8s_...` (1.3)."""
    return bool(core().tfapprox_name_is_signed(_c_string(name_or_path, argument)))


def table_hash(table: TableLike) -> int:
    """The content hash of a table, FNV-1a over the bytes of its file: an integer of 64 bits.

    Args:
        table: a `TruthTable` or an integer array `[2**num_bits, 2**num_bits]`.

    Raises:
        ValueError: if the shape, the dtype or an entry is not possible.
    """
    entries = TruthTable.of(table, None).entries
    return core().tfapprox_table_hash(entries.ctypes.data, len(entries).bit_length() - 1)


def load_table(
    name_or_path: NameOrPath, num_bits: int = 8, signed: bool = True, argument: str = "mul_map_file"
) -> np.ndarray:
    """Truth table by registered name or path.

    Args:
        name_or_path: name of a built-in multiplier, path of a `.bin` file, or `NAME` of a `NAME.bin` in a multiplier
            folder; `""` is the exact product. It may be pinned: `#fnv1a=` and 16 hexadecimal digits at its end.
        num_bits: width of both operands, 2 to 8; 8 for a signed table.
        signed: whether a signed table is accepted.
        argument: what errors call `name_or_path`.

    Returns:
        uint16 array `[2**num_bits, 2**num_bits]`, activation code first; int16 if the table is signed.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        ValueError: if the width is not 2 to 8 or not that of the table, if the table is not the pinned one, or if it is
            signed and must not be.
    """
    check_num_bits(num_bits)  # ctypes would cut integers that do not fit 32 bits
    table, error, name = np.empty((1 << num_bits, 1 << num_bits), np.uint16), Error(), _c_string(name_or_path, argument)
    is_signed = ctypes.c_int32()
    pointers = (table.ctypes.data, ctypes.byref(is_signed) if signed else None, ctypes.byref(error))
    try:
        check(core().tfapprox_table_load(argument.encode(), name, num_bits, *pointers), error)
    except FileNotFoundError as missing:
        explained = f"{missing}{_other_width(name_or_path) or _other_names(name_or_path, argument)}"
        raise ArgumentFileNotFoundError.from_core(argument, FileNotFoundError(explained)) from None
    except ValueError as error:
        if not (str(error).startswith(f"{argument} must ") and "; received " in str(error)):
            raise
        raise ArgumentError.from_core(argument, error) from None
    return table.view(np.int16) if is_signed.value else table


def _other_width(name_or_path):
    """The end of an error about a name whose operands no operation takes; `""` for another name."""
    name = os.path.basename(os.fsdecode(name_or_path))
    match = re.match(r"mul(\d+)(?:x(\d+))?[us]?_", name)
    first, second = (int(match[1]), int(match[2] or match[1])) if match else (MAX_BITS, MAX_BITS)
    if first == second and MIN_BITS <= first <= MAX_BITS:
        return ""
    return (
        f". No operation takes operands of {first} and {second} bits, because it has one num_bits, from {MIN_BITS} to "
        f"{MAX_BITS}, for both operands"
    )


def _other_names(name_or_path, argument):
    """The end of an error about a name that is not found, with similar names; `""` if there are none."""
    near = _near_names(os.fsdecode(name_or_path))
    return f". Did you mean {' or '.join(near)}?" if near and table_source(name_or_path, argument) != "path" else ""


def _near_names(name):
    """Names of multipliers that a wrong name may mean: at most three."""
    from .multipliers import registry  # registry needs this module

    known = {
        known.lower(): known for known in [*built_in_multipliers(), "mul8u_1JFF", *registry.table_files()] if known
    }
    ends = [known[each] for each in known if each.partition("_")[2] == name.lower()]
    near = difflib.get_close_matches(name.lower(), known, 3, 0.75)
    return list(dict.fromkeys([*ends, *(known[each] for each in near)]))[:3]


def tune(table: TableLike) -> np.ndarray:
    """The weight map of ALWANN (5.6) applied to a table by the core.

    Args:
        table: a `TruthTable` or an integer array `[2**num_bits, 2**num_bits]`, activation code first, unsigned.

    Returns:
        uint16 array of the same shape, in which each column is replaced by the column nearest to the exact products.

    Raises:
        ValueError: if the table is signed, or its shape, dtype or an entry is not possible.
    """
    check_unsigned(table)
    entries = TruthTable.of(table, None).entries
    tuned = np.empty_like(entries)
    core().tfapprox_table_tune(entries.ctypes.data, len(entries).bit_length() - 1, tuned.ctypes.data)
    return tuned


class Table:
    """A table that the core shares by content; equal handles mean equal content and sign.

    Args:
        table: a `TruthTable`; or an integer array `[2**num_bits, 2**num_bits]`, activation code first, int16 if it is
            signed; or `None` for the exact product of unsigned codes.
        num_bits: width of both operands, 2 to 8; 8 if the table is signed.

    Raises:
        ValueError: if the width, the shape or an entry is not possible.
    """

    def __init__(self, table: Optional[TableLike], num_bits: int = 8) -> None:
        check_num_bits(num_bits)  # TruthTable.of would take None as any width
        table = TruthTable.of(table, num_bits)
        entries = np.ascontiguousarray(table.entries)
        self.handle, error = ctypes.c_void_p(), Error()
        pointers = ctypes.byref(self.handle), ctypes.byref(error)
        check(core().tfapprox_table_acquire(entries.ctypes.data, num_bits, table.signed, *pointers), error)

    @property
    def content_hash(self) -> int:
        """The content hash, which the core has computed: an integer of 64 bits."""
        return core().tfapprox_table_hash_of(self.handle)

    def __del__(self) -> None:
        if getattr(self, "handle", None):
            core().tfapprox_table_release(self.handle)
