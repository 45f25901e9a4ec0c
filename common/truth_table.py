"""The truth table of a multiplier as a value: its entries, width, sign, content hash and name.

The reference and `native` both take it. This module needs numpy, and nothing of the package but `_validation` and its
error.
"""

import hashlib
from typing import Any, Optional, Tuple, Union

import numpy as np

from ._validation import boolean, integer, integer_array, optional_boolean, text
from .argument_error import ArgumentError

MIN_BITS, MAX_BITS = 2, 8


class TruthTable:
    """The products of a multiplier for every pair of codes.

    A table is immutable. Equal tables have equal entries and sign.

    Args:
        entries: integer array `[2**num_bits, 2**num_bits]`, num_bits from 2 to 8; entry `[a, w]` is the product of
            activation code `a` and weight code `w`. In a signed table, which is `[256, 256]`, codes below 0 count from
            the end, as numpy indexes (1.3).
        name: name of the multiplier, such as `"mul8u_drum4"`; `""` where it has none. It is no part of the value.
        signed: whether the table is one of signed products, -32768 to 32767, or of unsigned ones, 0 to 65535. By
            default it is signed if its dtype is int16.

    Raises:
        ValueError: if the shape, the dtype or an entry is not possible.

    Example:
        >>> exact = TruthTable.exact(4)
        >>> exact.num_bits, exact.signed, int(exact.entries[7, 9])
        (4, False, 63)
        >>> int(TruthTable.exact(8, signed=True).entries[-3, 5])
        -15
    """

    __slots__ = ("__weakref__", "_entries", "_name", "_sha256")

    def __init__(self, entries: np.ndarray, name: str = "", *, signed: Optional[bool] = None) -> None:
        self._entries = checked_entries(entries, optional_boolean("signed", signed))
        self._name = text("name", name)
        self._sha256: Optional[str] = None

    @classmethod
    def exact(cls, num_bits: int = 8, signed: bool = False) -> "TruthTable":
        """The exact product of codes of `num_bits` bits; of 8-bit two's complement codes if `signed`.

        Raises:
            ValueError: if `num_bits` is not from 2 to 8, or not 8 for a signed table.
        """
        check_num_bits(num_bits, signed)
        codes = np.arange(2**num_bits, dtype=np.int64)
        if signed:
            codes = codes.astype(np.int8).astype(np.int64)
        return cls(np.multiply.outer(codes, codes), signed=signed)

    @classmethod
    def of(cls, table: "Optional[TableLike]", num_bits: Optional[int] = 8) -> "TruthTable":
        """The table that a public function was given as a `TruthTable`, as an array, or as `None` for exact products.

        Args:
            table: a `TruthTable`, which is returned as it is; entries as the constructor takes them; or `None`, which
                stands for the exact product of unsigned codes.
            num_bits: the width that the table must have; `None` accepts every width, and makes `table=None` 8 bits.

        Raises:
            ValueError: if the array is no table, or the table has another width.
        """
        if num_bits is not None:
            check_num_bits(num_bits)
        if table is None:
            return cls.exact(MAX_BITS if num_bits is None else num_bits)
        result = table if isinstance(table, TruthTable) else cls(table)
        if num_bits not in (None, result.num_bits):
            codes = 2**num_bits
            raise ArgumentError("table", f"must be [{codes}, {codes}] for num_bits={num_bits}", result.entries.shape)
        return result

    @property
    def entries(self) -> np.ndarray:
        """Read-only array `[2**num_bits, 2**num_bits]`, activation code first: uint16, or int16 if signed."""
        return self._entries

    @property
    def name(self) -> str:
        """Name of the multiplier, `""` where it has none."""
        return self._name

    @property
    def num_bits(self) -> int:
        """Width of both operands in bits."""
        return len(self._entries).bit_length() - 1

    @property
    def signed(self) -> bool:
        """Whether operands and products are two's complement numbers."""
        return self._entries.dtype == np.int16

    @property
    def sha256(self) -> str:
        """SHA-256 of the table file's bytes (little-endian entries, activation code first): 64 hexadecimal digits."""
        if self._sha256 is None:
            self._sha256 = hashlib.sha256(self.to_bytes()).hexdigest()
        return self._sha256

    def to_bytes(self) -> bytes:
        """The bytes of a table file: little-endian words of 16 bits, activation code first, no header."""
        return self._entries.astype("<i2" if self.signed else "<u2").tobytes()

    @classmethod
    def from_bytes(cls, content: bytes, num_bits: int = 8, signed: bool = False, name: str = "") -> "TruthTable":
        """The table that the bytes of a table file hold.

        Args:
            content: the bytes of a file as `to_bytes` gives them.
            num_bits: width of both operands, 2 to 8; 8 for a signed table.
            signed: whether the words are int16, instead of uint16.
            name: name of the multiplier.

        Raises:
            ValueError: if there are not `2 * 4**num_bits` bytes, or the width is not possible.

        Example:
            >>> TruthTable.from_bytes(TruthTable.exact(3).to_bytes(), 3) == TruthTable.exact(3)
            True
        """
        check_num_bits(num_bits, signed)
        if not isinstance(content, (bytes, bytearray, memoryview)):
            raise ArgumentError("content", "must be bytes", repr(content))
        if len(content) != 2 * 4**num_bits:
            rule = f"must be {2 * 4**num_bits} bytes for num_bits={num_bits}"
            raise ArgumentError("content", rule, f"{len(content)} bytes")
        words = np.frombuffer(content, "<i2" if signed else "<u2").reshape(2**num_bits, 2**num_bits)
        return cls(words, name, signed=signed)

    def __array__(self, dtype: Any = None, copy: Optional[bool] = None) -> np.ndarray:
        array = self._entries if dtype is None else self._entries.astype(dtype, copy=False)
        return array.copy() if copy and array is self._entries else array

    def __reduce__(self) -> Tuple[type, Tuple[np.ndarray, str]]:
        # A copy or a pickle is built by the constructor, so that its entries are read-only as well.
        return type(self), (self._entries, self._name)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TruthTable):
            return NotImplemented
        return self.signed == other.signed and np.array_equal(self._entries, other._entries)

    def __hash__(self) -> int:
        return hash((self.signed, self.sha256))

    def __repr__(self) -> str:
        kind = "signed" if self.signed else "unsigned"
        return f"TruthTable({self.name or 'unnamed'}, {self.num_bits} bits, {kind}, sha256 {self.sha256[:16]})"


TableLike = Union[TruthTable, np.ndarray]


def is_signed(table: TableLike) -> bool:
    """Whether a table or an array is signed (1.3), which the dtype int16 says.

    Args:
        table: a `TruthTable`, or an integer array with entries as its constructor takes them.

    Raises:
        ValueError: if it can be neither: entries are negative and not int16, or int16 and not `[256, 256]`.

    Example:
        >>> [is_signed(TruthTable.exact(8, signed)) for signed in (False, True)]
        [False, True]
    """
    if isinstance(table, TruthTable):
        return table.signed
    table = integer_array("table", table)
    if table.dtype == np.int16:
        if table.shape != (256, 256):
            raise ArgumentError("table", "must be [256, 256] if it is signed, as dtype int16 is", table.shape)
        return True
    if table.size and table.min() < 0:
        received = f"{table.min()}, dtype {table.dtype}"
        raise ArgumentError("table", "must have entries from 0, or dtype int16", received)
    return False


def check_unsigned(table: TableLike) -> None:
    """Checks that a table has unsigned products, the only ones that `AxConv2D` takes.

    Raises:
        ValueError: if the table is signed.
    """
    if is_signed(table):
        received = "dtype int16, a signed one"
        raise ArgumentError("table", "must be one of unsigned products for AxConv2D", received)


def check_num_bits(num_bits: int, signed: bool = False) -> None:
    """Checks the width of both operands of a table.

    Raises:
        ValueError: if it is not an integer from 2 to 8, or not 8 for a signed table.
    """
    integer("num_bits", num_bits, MIN_BITS, MAX_BITS)
    if boolean("signed", signed) and num_bits != MAX_BITS:
        raise ArgumentError("num_bits", f"must be {MAX_BITS} for a signed table", num_bits)


def checked_entries(entries: np.ndarray, signed: Optional[bool] = None, why: str = "") -> np.ndarray:
    """The entries of a table as a read-only copy, uint16, or int16 if they are signed.

    Args:
        entries: integer array `[2**num_bits, 2**num_bits]`, num_bits from 2 to 8.
        signed: whether the products are signed; by default, whether the dtype is int16.
        why: the reason for the sign, which the error about an entry repeats, for example `", as the name says"`.

    Raises:
        ValueError: if the shape, the dtype or an entry is not possible.
    """
    entries = integer_array("table", entries)
    if entries.shape not in [(2**bits, 2**bits) for bits in range(MIN_BITS, MAX_BITS + 1)]:
        raise ArgumentError("table", "must be [2**num_bits, 2**num_bits] for num_bits from 2 to 8", entries.shape)
    if signed is None:
        signed = is_signed(entries)
    elif signed and entries.shape != (256, 256):
        raise ArgumentError("table", "must be [256, 256] if it is signed", entries.shape)
    low, high = (-32768, 32767) if signed else (0, 65535)
    wrong = np.argwhere((entries < low) | (entries > high))
    if len(wrong):
        a, w = wrong[0]
        rule = f"must be from {low} to {high}{why}"
        raise ArgumentError("table entries", rule, f"table[{a}, {w}] = {entries[a, w]}")
    copy = np.array(entries, np.int16 if signed else np.uint16, order="C")
    copy.flags.writeable = False
    return copy
