"""Readers of files that hold products: `.npy`, text and raw words."""

import io
import warnings
from typing import Callable, Sequence, Tuple

import numpy as np

from .. import regular_files
from ..argument_error import ArgumentError
from ..paths import Path, expanded
from . import text_layouts, text_words
from .arrays import WIDTHS
from .circuit import Circuit

_RAW = {2 * 4**bits: bits for bits in WIDTHS}  # from bytes of a file to width, 16 bits for each product
_RAW_INT32 = {4 * 4**bits: bits for bits in WIDTHS}  # 32 bits for each product; no size is in both

MAX_BYTES = 1 << 22  # the largest .npy or text file has 64 bytes for each product
SHAPES = [(1 << bits, 1 << bits) for bits in WIDTHS]


def reader(read: Callable[[Path, bool], np.ndarray]) -> Callable[[Path], Circuit]:
    """The reader of a kind of file, made from a function that returns the products.

    Args:
        read: function of the path and of whether the operands are signed. It returns an integer array
            `[2**num_bits, 2**num_bits]`, activation code first.

    Returns:
        A function from the path to a `Circuit` that has the name of the file without its suffix. The file is read when
        the products are asked for.
    """

    def open_file(source):
        path = expanded(source)
        return Circuit(path.stem, lambda num_bits, signed: read(path, signed), {"source": path.name})

    return open_file


def read_npy(path: Path, signed: bool = False, max_bytes: int = MAX_BYTES) -> np.ndarray:
    """The array of a `.npy` file, which must not need pickle.

    Args:
        path: path of the file.
        signed: not used, because the dtype of the file says how to read it.
        max_bytes: maximum size of the file in bytes.

    Raises:
        OSError: if the file cannot be read.
        ArgumentError: if it is not a `.npy` file, or holds Python objects.
    """
    content = io.BytesIO(regular_files.read(path, max_bytes, "source"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numpy warns of headers that no program writes
            return np.lib.format.read_array(content, allow_pickle=False)
    except Exception as error:  # numpy's reader of headers raises exceptions of eight kinds
        raise ArgumentError("source", "must be a .npy file of integers", f"{str(path)!r}: {error}") from error


def read_text(
    path: Path, signed: bool = False, max_bytes: int = MAX_BYTES, shapes: Sequence[Tuple[int, int]] = SHAPES
) -> np.ndarray:
    """The products of a text file, such as the output of a test bench.

    Args:
        path: path of the file. It has decimal, hexadecimal or binary integers: a line for each activation code, one
            product after another with the weight running fastest, or lines of activation, weight and product.
        signed: not used, because the numbers of the file have their sign.
        max_bytes: maximum size of the file in bytes.
        shapes: the shapes of products that are possible, activation first.

    Returns:
        Integer array of one of `shapes`, or with one row for each line if the file has no known layout.

    Raises:
        OSError: if the file cannot be read.
        ArgumentError: if a word is not an integer, lines differ in length, or a pair of operands has no product or more
            than one.
    """
    text = text_words.decoded(regular_files.read(path, max_bytes, "source"))
    return text_layouts.products(text_words.words(text, path), shapes, path)


def read_raw_file(source: Path, *, big_endian: bool = False) -> Circuit:
    """The `Circuit` of a file without a header, which has the name of the file without its suffix.

    Args:
        source: path of the file.
        big_endian: whether the first byte of a word is its most significant one.
    """
    path = expanded(source)
    return Circuit(path.stem, lambda _, signed: read_raw(path, signed, big_endian=big_endian), {"source": path.name})


def read_raw(path: Path, signed: bool = False, argument: str = "source", *, big_endian: bool = False) -> np.ndarray:
    """The products of a file without a header, activation code first.

    Args:
        path: path of the file. Its size says the width of the operands and whether words have 16 or 32 bits.
        signed: whether words of 16 bits are int16, else uint16. Words of 32 bits are int32.
        argument: the name of the caller's argument, with which an error about the kind of the file begins.
        big_endian: whether the first byte of a word is its most significant one.

    Returns:
        int64 array `[2**num_bits, 2**num_bits]`.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if the size is not that of a table.
    """
    with regular_files.opened(path, argument) as (file, file_size):
        content = file.read(max(_RAW_INT32) + 1)
    size = len(content)
    if size not in _RAW and size not in _RAW_INT32:
        raise ValueError(
            "a .bin file must hold 4^bits entries of 16 or 32 bits, for 2 to 8 bits (131072 or 262144 bytes for 8); "
            f"received '{path}' with {max(size, file_size)} bytes"
        )
    dtype, widths = (("<i2" if signed else "<u2"), _RAW) if size in _RAW else ("<i4", _RAW_INT32)
    codes = 1 << widths[size]
    dtype = dtype.replace("<", ">") if big_endian else dtype
    return np.frombuffer(content, dtype).astype(np.int64).reshape(codes, codes)
