"""Truth tables of approximate multipliers: load and save, checked."""

import functools
import operator
import os
import re

import numpy as np

from . import native

PIN = "#fnv1a="
_PINNED = re.compile(f"{PIN}[0-9a-f]{{16}}$")


def _resolve(name_or_path, argument="mul_map_file"):
    """The string that means the same file in any folder: a name as it is, a path made absolute."""
    if not isinstance(name_or_path, (str, bytes, os.PathLike)):
        raise TypeError(f"{argument} must be a name or a path; received {name_or_path!r}")
    name = os.fsdecode(name_or_path)
    if isinstance(name_or_path, os.PathLike) or native.table_source(name, argument) == "path":
        return os.path.abspath(os.path.expanduser(name))
    return name


def is_pinned(name):
    """Whether a string is what `pin_table` returns for a table that is not built in."""
    return isinstance(name, str) and _PINNED.search(name) is not None


def pin_table(name_or_path, num_bits=8, signed=True, argument="mul_map_file"):
    """The string that means the same table for good, in any folder and even if its file is written anew.

    TensorFlow keeps the operation that it made for a string, so a table that is changed under the same path would
    be ignored without a word; with a pinned string it is another operation, or an error.

    Args:
        name_or_path: as `load_table` takes it.
        num_bits: width of both operands, 2 to 8.
        signed: whether a signed table will do.
        argument: what errors call `name_or_path`.

    Returns:
        The name of a built-in multiplier as it is; a path made absolute, or a name of the search path, followed by
        `#fnv1a=` and the hash of the table's content. `load_table` takes it, and refuses other content.

    Raises:
        FileNotFoundError: as `load_table`.
        TypeError: as `load_table`.
        ValueError: as `load_table`; or if the path is not text in UTF-8, which TensorFlow's attributes are; or if the
            table is signed and must not be.

    Example:
        >>> pin_table("mul8u_drum4")
        'mul8u_drum4'
    """
    name = _resolve(name_or_path, argument)
    if native.table_source(name) == "built in":
        _check_built_in(name, num_bits, signed, argument)
        return name
    table = native.load_table(name, operator.index(num_bits), signed, argument)
    try:
        name.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{argument} must be a path in UTF-8; received {os.fsencode(name)!r}") from None
    if is_pinned(name):
        return name
    return f"{name}{PIN}{native.table_hash(table):016x}"


@functools.lru_cache(maxsize=None)  # for every eager call of an operation; there are few names and widths
def _check_built_in(name, num_bits, signed, argument):
    native.load_table(name, operator.index(num_bits), signed, argument)


def load_table(name_or_path, num_bits=8):
    """Truth table of a multiplier.

    Args:
        name_or_path: name of a built-in multiplier (`tfapprox.common.multipliers.loadable_names()`), path of a `.bin`
            file (a string with `/` or ending in `.bin`, or a path object), or `NAME` of a `NAME.bin` in a multiplier
            folder (`tfapprox.common.multipliers.search_path()`), looked up in this order. `""` is the exact product. A
            path may begin with `~`.
        num_bits: width of both operands, 2 to 8; 8 for a signed table.

    Returns:
        uint16 array `[2**num_bits, 2**num_bits]`: entry `[a, w]` is the product of activation code `a` and weight
        code `w`. Where the name, or the last part of the path, begins with `mul8s_`, the table is signed: an int16
        array, and `[-3, 5]` is the product of the codes -3 and 5, as numpy counts rows and columns from the end.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        TypeError: if the argument is neither text nor a path.
        ValueError: if the width is not 2 to 8, or not that of the multiplier or file; or if the table is not the one
            that `pin_table` saw.

    Example:
        >>> int(load_table("mul8u_trunc4")[7, 9]), int(load_table("mul8s_exact")[-3, 5])
        (48, -15)
    """
    return native.load_table(_resolve(name_or_path), operator.index(num_bits))


def save_table(path, table):
    """Writes a truth table as a `.bin` file: little-endian uint16, activation code first, no header.

    Args:
        path: where; by convention `NAME.bin`. A name that begins with `mul8s_` is that of a signed table.
        table: integer array `[2**num_bits, 2**num_bits]` with entries 0 to 65535, num_bits from 2 to 8. A signed one
            is `[256, 256]`, in the order that `load_table` gives, with entries -32768 to 32767.

    Raises:
        ValueError: if the shape or an entry does not fit, or does not fit the name; nothing is written.
        OSError: if the file cannot be written.

    Example:
        >>> import os, tempfile
        >>> path = os.path.join(tempfile.mkdtemp(), "exact.bin")
        >>> save_table(path, load_table("mul8u_exact"))
        >>> os.path.getsize(path)
        131072
    """
    table = np.asarray(table)
    if table.shape not in [(2**bits, 2**bits) for bits in range(2, 9)]:
        raise ValueError(f"table must be [2**num_bits, 2**num_bits] for num_bits from 2 to 8; received {table.shape}")
    if not np.issubdtype(table.dtype, np.integer):
        raise ValueError(f"table must have integer entries; received dtype {table.dtype}")
    name = os.path.basename(os.fsdecode(path))
    signed = native.name_is_signed(name)
    if signed and not (name.startswith("mul8s_") and len(table) == 256):
        raise ValueError(
            "path must be mul8s_..., of a table [256, 256], if it is signed by its name; "
            f"received {name!r}, {table.shape}"
        )
    least, greatest = (-32768, 32767) if signed else (0, 65535)
    wrong = np.argwhere((table < least) | (table > greatest))
    if len(wrong):
        a, w = wrong[0]
        raise ValueError(
            f"table entries must be from {least} to {greatest}, as {name!r} is {'' if signed else 'not '}signed by its "
            f"name (mul8s_...); received table[{a}, {w}] = {table[a, w]}"
        )
    with open(path, "wb") as file:
        file.write(table.astype("<i2" if signed else "<u2").tobytes())
