"""Reader of memory images: hexadecimal words as Verilog's `$readmemh` reads them."""

import re
from typing import Dict, Sequence, Tuple

import numpy as np

from .. import regular_files
from ..argument_error import ArgumentError
from ..paths import Path
from .array_files import MAX_BYTES
from .arrays import WIDTHS

COMMENTS = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)  # comments of Verilog
_WORD = re.compile(r"[0-9a-fA-F][0-9a-fA-F_]{0,15}")
_ADDRESS = re.compile(r"@[0-9a-fA-F]{1,8}")


def read_mem(path: Path, signed: bool = False) -> np.ndarray:
    """The products of a memory image.

    Args:
        path: path of the file: a hexadecimal word for each address `{activation, weight}`, from 0. `//` and `/* */`
            are comments. `@` and an address in hexadecimal digits says where the next word belongs.
        signed: whether the words are two's complement numbers of 16 bits.

    Returns:
        int64 array `[2**num_bits, 2**num_bits]`, activation code first.

    Raises:
        OSError: if the file cannot be read.
        ArgumentError: if a word is not hexadecimal, an address has no word or more than one, or there are not 4^bits
            words.
    """
    words, _ = read_words(
        path, [4**bits for bits in WIDTHS], "4^bits words from address 0, for 2 to 8 bits (65536 for 8)"
    )
    if words.max() > 0xFFFF:
        at = int(words.argmax())
        raise ArgumentError("source", "must hold words of at most 16 bits", f"{words[at]:x} at address {at:x}")
    products = words.astype(np.int64)
    if signed:
        products -= (products >> 15) << 16
    return products.reshape(round(len(products) ** 0.5), -1)


def read_words(path: Path, sizes: Sequence[int], rule: str) -> Tuple[np.ndarray, int]:
    """The words of a memory image.

    Args:
        path: path of the file: hexadecimal words from address 0. `//` and `/* */` are comments. `@` and an address in
            hexadecimal digits says where the next word belongs.
        sizes: the numbers of words that are possible.
        rule: these numbers in words, for the message of an error.

    Returns:
        uint64 array `[words]`, and the number of digits of the longest word.

    Raises:
        OSError: if the file cannot be read.
        ArgumentError: if a word is not hexadecimal, an address has no word or more than one, or the number of words is
            none of `sizes`.
    """
    text = regular_files.read(path, MAX_BYTES, "source").decode("latin-1")
    words: Dict[int, str] = {}
    address = 0
    for word in COMMENTS.sub(" ", text).split():
        if _ADDRESS.fullmatch(word):
            address = int(word[1:], 16)
            continue
        if not _WORD.fullmatch(word):
            must = "must hold hexadecimal words of at most 16 digits"
            raise ArgumentError("source", must, f"{word[:40]!r} in {path}")
        if address in words:
            raise ArgumentError("source", "must have one word for each address", f"two for {address:x} in {path}")
        words[address] = word.replace("_", "")
        address += 1
    if len(words) not in sizes or max(words) >= len(words):
        received = f"{path} with {len(words)} words" + (f", the last one at address {max(words):x}" if words else "")
        raise ArgumentError("source", f"must have {rule}", received)
    ordered = [words[address] for address in range(len(words))]
    return np.array([int(word, 16) for word in ordered], np.uint64), max(map(len, ordered))
