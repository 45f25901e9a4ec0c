"""Products as arrays: read from `.npy`, text and raw files, and checked into a truth table."""

import os
import re

import numpy as np

from .. import metrics

WIDTHS = range(2, 9)
_RAW = {2 * 4**bits: bits for bits in WIDTHS}
_RAW_INT32 = {4 * 4**bits: bits for bits in WIDTHS}  # none of these is one of the above
_FIT = 8  # so many times smaller an error shows that the products were meant in another way


def read_npy(path):
    """Products of a `.npy` file as numpy reads it, without pickles."""
    try:
        return np.load(os.fspath(path), allow_pickle=False)
    except ValueError as error:
        raise ValueError(f"SOURCE must be a .npy file of integers; received {str(path)!r}: {error}") from error


def read_text(path):
    """Products of a text file: a line for each activation code, numbers separated by spaces, commas or semicolons.

    What follows a `#` is a comment.
    """
    rows = []
    with open(os.fspath(path), encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            words = re.split(r"[\s,;]+", line.partition("#")[0].strip(" \t\r\n,;"))
            if words == [""]:
                continue
            try:
                rows.append([int(word) for word in words])
            except ValueError:
                wrong = next(word for word in words if not re.fullmatch(r"[+-]?\d+", word))
                raise ValueError(
                    f"SOURCE must hold integers; received {wrong[:40]!r} in {path}, line {number}"
                ) from None
            if len(rows[-1]) != len(rows[0]):
                raise ValueError(
                    f"SOURCE must have lines of the same length; received {len(rows[0])} numbers and, in {path}, "
                    f"line {number}, {len(rows[-1])}"
                )
    return np.array(rows, np.int64) if rows else np.empty((0, 0), np.int64)


def read_raw(path, signed=False):
    """Products of a file without header, activation code first, little-endian: uint16, int16 if `signed`, or int32."""
    with open(os.fspath(path), "rb") as file:
        content = file.read(max(_RAW_INT32) + 1)
    size = len(content)
    if size not in _RAW and size not in _RAW_INT32:
        raise ValueError(
            f"SOURCE must hold 4^bits entries of 16 or 32 bits, for 2 to 8 bits (131072 or 262144 bytes for 8); "
            f"received '{path}' with {os.path.getsize(os.fspath(path))} bytes"
        )
    kind, widths = (("<i2" if signed else "<u2"), _RAW) if size in _RAW else ("<i4", _RAW_INT32)
    codes = 1 << widths[size]
    return np.frombuffer(content, kind).astype(np.int64).reshape(codes, codes)


def to_table(products, signed=False):
    """A truth table of products, checked.

    Args:
        products: integer array `[2**num_bits, 2**num_bits]`, activation code first; codes are two's complement if
            `signed`.
        signed: whether the operands are signed, which are 8 bits wide.

    Returns:
        uint16 array, or int16 if `signed`.

    Raises:
        ValueError: if shape, type or a product does not fit.

    Example:
        >>> to_table([[0, 0, 0, 0], [0, 1, 2, 3], [0, 2, 4, 6], [0, 3, 6, 7]]).dtype
        dtype('uint16')
    """
    products = np.asarray(products)
    shapes = [(1 << bits, 1 << bits) for bits in ([8] if signed else WIDTHS)]
    if products.shape not in shapes:
        rule = "256x256" if signed else "2^bits x 2^bits for 2 to 8 bits, 256x256 for 8"
        received = "x".join(map(str, products.shape)) or "a single number"
        raise ValueError(f"products must be {rule}; received {received}")
    if not np.issubdtype(products.dtype, np.integer):
        raise ValueError(f"products must be integers; received dtype {products.dtype}")
    low, high = (-32768, 32767) if signed else (0, 65535)
    wrong = np.argwhere((products < low) | (products > high))
    if len(wrong):
        values = metrics.operands(len(products).bit_length() - 1, signed)
        a, w = wrong[0]
        hint = "" if signed or products[a, w] >= 0 else "; --signed is for signed operands"
        raise ValueError(
            f"products of {'signed' if signed else 'unsigned'} operands must be from {low} to {high}; received "
            f"{values[a]} * {values[w]} = {products[a, w]}, and {len(wrong) - 1} more{hint}"
        )
    return products.astype(np.int16 if signed else np.uint16)


def from_ascending(products):
    """Rows and columns from the order of the values, -128 to 127, to that of the codes, 0 to 255."""
    return np.roll(products, -(len(products) // 2), (0, 1))


def check_reading(table, signed):
    """Raises an error if the products of a 256x256 table clearly mean something else than what it was read as."""
    if table.shape != (256, 256):
        return
    bits = np.ascontiguousarray(table).view(np.uint16)
    readings = {
        "unsigned operands": (bits, False),
        "signed operands": (bits.view(np.int16), True),
        "signed operands from -128 to 127 in this order (--ascending)": (
            from_ascending(bits.view(np.int16)),
            True,
        ),
    }
    mae = {name: metrics.errors(*reading).mae for name, reading in readings.items()}
    declared = "signed operands" if signed else "unsigned operands"
    nearest = min(mae, key=mae.get)
    if _FIT * mae[nearest] < mae[declared]:
        raise ValueError(
            f"products must be those of {declared}, as name and options say; received products that are far nearer to "
            f"{nearest}: MAE {mae[nearest]:.4g} instead of {mae[declared]:.4g}"
        )
