"""Readers of files that hold the products of operands of two widths or of more than 8 bits, first operand down."""

import pathlib
from typing import Any, Callable, Tuple

import numpy as np

from .. import regular_files
from ..argument_error import ArgumentError
from . import array_files, memory_files, netlist_files, verilog_case
from .circuit import Circuit
from .wide_sources import WideSource, read_array, read_netlist

_TEXT_BYTES = 1 << 24  # room for the products of 20 bits of operands; Python needs seconds for them
_NPY_HEADER = 1 << 16
_MAX_BITS = 24  # maximum of the bits of both operands together


def read_npy(path: pathlib.Path, widths: Tuple[int, int], signed: bool, **_: Any) -> WideSource:
    """A `.npy` file of an integer array `[2**first_bits, 2**second_bits]`."""
    _check_size(path, widths)
    return _source(path, array_files.read_npy(path, max_bytes=(8 << sum(widths)) + _NPY_HEADER), widths, signed)


def read_text(path: pathlib.Path, widths: Tuple[int, int], signed: bool, **_: Any) -> WideSource:
    """A text file, such as the output of a test bench, the first operand before the second."""
    shape = 1 << widths[0], 1 << widths[1]
    return _source(path, array_files.read_text(path, max_bytes=_TEXT_BYTES, shapes=[shape]), widths, signed)


def read_archive(read: Callable[[pathlib.Path], Circuit]) -> Callable[..., WideSource]:
    """The reader of a kind of files with one array, made from its reader for operands of one width."""

    def read_file(path: pathlib.Path, widths: Tuple[int, int], signed: bool, **_: Any) -> WideSource:
        return _source(path, read(path).products(max(widths), signed), widths, signed)

    return read_file


def read_raw(path: pathlib.Path, widths: Tuple[int, int], signed: bool, **_: Any) -> WideSource:
    """A file without a header: little-endian words of 16, 32 or 64 bits, as the size of the file says."""
    _check_size(path, widths)
    pairs = 1 << sum(widths)
    with regular_files.opened(path, "source") as (file, file_size):
        content = file.read(8 * pairs + 1)
    dtypes = {size * pairs: f"<{'i' if signed else 'u'}{size}" for size in (2, 4, 8)}
    if len(content) not in dtypes:
        rule = f"must hold {pairs:,} words of 16, 32 or 64 bits, as the name says"
        raise ArgumentError("source", rule, f"'{path}' with {max(file_size, len(content)):,} bytes")
    words = np.frombuffer(content, dtypes[len(content)])
    if words.max() > np.iinfo(np.int64).max:
        raise ArgumentError("source", "must hold products that fit int64", words.max())
    return _source(path, words.astype(np.int64).reshape(1 << widths[0], -1), widths, signed)


def read_mem(path: pathlib.Path, widths: Tuple[int, int], signed: bool, **_: Any) -> WideSource:
    """A memory image: a hexadecimal word for each address `{first operand, second operand}`.

    Words of signed operands are two's complement numbers, of the width of both operands together if all words fit it,
    else of 4 bits for each digit of the longest word.
    """
    pairs = 1 << sum(widths)
    words, digits = memory_files.read_words(path, [pairs], f"{pairs:,} words from address 0, as the name says")
    if words.max() > np.iinfo(np.int64).max:
        raise ArgumentError("source", "must hold products that fit int64", f"{words.max():x}")
    products = words.astype(np.int64)
    if signed:
        width = sum(widths) if products.max() < pairs else 4 * digits
        products -= (products >> (width - 1)) << width
    return _source(path, products.reshape(1 << widths[0], -1), widths, signed)


def read_verilog(path: pathlib.Path, widths: Tuple[int, int], signed: bool, **_: Any) -> WideSource:
    """A netlist in Verilog, or a module that has a constant for each pair of operands in `case` statements."""
    if not verilog_case.is_case_table(path):
        source = read_netlist(path, widths, signed)
        return source._replace(known={**source.known, **netlist_files.header(path)})
    table = verilog_case.open_table(path)
    if table.bits != widths:
        rule = f"must have inputs of {widths[0]} and {widths[1]} bits, as the name says"
        raise ArgumentError("source", rule, f"{path} with {table.bits[0]} and {table.bits[1]} bits")
    return _source(path, table.products(signed), widths, signed)


def _check_size(path, widths):
    if sum(widths) > _MAX_BITS:
        rule = f"must be code or a netlist where both operands have more than {_MAX_BITS} bits together"
        raise ArgumentError("source", rule, f"'{path}' for {widths[0]} and {widths[1]} bits")


def _source(path, products, widths, signed):
    return read_array(products, widths, signed)._replace(name=path.stem, known={"source": path.name})
