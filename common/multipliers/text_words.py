"""Splits text files of products into integers: the output of test benches, and what spreadsheets and numpy write."""

import codecs
import re
from typing import List, NamedTuple

from ..argument_error import ArgumentError
from ..paths import Path

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")  # integers with so few digits fit int64
_LONG_INTEGER = re.compile(r"[+-]?[0-9]+")
_REAL = re.compile(r"[+-]?[0-9]{1,30}\.[0-9]{0,30}(?:[eE][+-]?[0-9]{1,2})?")
_PREFIXED = re.compile(r"(?:0[xX]|[0-9]{0,2}'h)([0-9a-fA-F_]{1,15})")
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]{1,15}")
_BINARY = re.compile(r"[01]{2,60}")
_HEADING = re.compile(r"[^\W\d]")  # how a word of a heading begins
_COMMENT = re.compile(r"#.*|//.*|VCD info:.*|.*: \$(?:finish|stop) called at .*")  # simulators write the last two
_LABEL = re.compile(r"[A-Za-z_]\w*\s*=\s*")  # finds the labels of `a=3 b=5 p=15`
_TIMES = re.compile(r"(?<=[0-9])\s+[xX]\s+(?=[0-9])")  # finds the `x` of `3 x 5 = 15`
_SEPARATORS = {ord(character): " " for character in ',;*=:"'}
_SIGN_DIGITS = 8  # hexadecimal words of this length are words of 32 bits, whose first bit is the sign


class Words(NamedTuple):
    """The numbers of a text file.

    Attributes:
        heading: the words of the first line if they are no numbers, in lower case; `[]` if they are.
        rows: the numbers of each line that has some.
        lines: the number of the line of the file, from 1, of each row.
        are_codes: whether the file has hexadecimal or binary words, so that a sign can be in their first bit.
    """

    heading: List[str]
    rows: List[List[int]]
    lines: List[int]
    are_codes: bool


def decoded(content: bytes) -> str:
    r"""The text of a file, which is UTF-8, or UTF-16 with a byte order mark, as some shells write output.

    Example:
        >>> decoded("1 2".encode("utf-16")), decoded(b"\xef\xbb\xbf1 2")
        ('1 2', '1 2')
    """
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if is_wide else "utf-8-sig", errors="replace")


def words(text: str, path: Path) -> Words:
    r"""The numbers of a text.

    Args:
        text: lines of numbers with white space, commas, semicolons, `*` or `=` between them. `#` and `//` begin
            comments. Labels such as `a=`, quotes, and what simulators print at their end are skipped. Numbers are
            decimal, hexadecimal with `0x` or `'h` or with as many digits as all others in their column, or binary in
            the same way.
        path: path of the file, for messages.

    Raises:
        ArgumentError: if a word is no integer.

    Example:
        >>> words("a, b, p\n3, 5, 15\n", "x")
        Words(heading=['a', 'b', 'p'], rows=[[3, 5, 15]], lines=[2], are_codes=False)
    """
    rows, numbers = [], []
    for number, line in enumerate(text.splitlines(), 1):
        line = _COMMENT.sub("", line)
        line = _LABEL.sub(" ", line) if line.count("=") > 1 else _TIMES.sub(" ", line) if "=" in line else line
        split = line.translate(_SEPARATORS).split()
        if split:
            rows.append(split)
            numbers.append(number)
    heading: List[str] = []
    if rows and _is_heading(rows[0]):
        heading = [word.lower() for word in rows.pop(0)]
        numbers.pop(0)
    base = _base(rows)
    return Words(heading, [_row(row, base, number, path) for row, number in zip(rows, numbers)], numbers, base != 10)


def _is_heading(row):
    """Whether a row has words that are no numbers of any kind."""
    return any(_HEADING.match(word) and not _HEXADECIMAL.fullmatch(word) for word in row)


def _base(rows):
    """The base of the words without a prefix: 10, or another one where all words of a column have one length."""
    every = [word for row in rows for word in row]
    if all(_PREFIXED.fullmatch(word) for word in every):
        return 16 if every else 10
    plain = [word for word in every if not _PREFIXED.fullmatch(word)]
    binary = all(_BINARY.fullmatch(word) for word in plain) and any(word[0] == "0" for word in plain)
    hexadecimal = all(map(_HEXADECIMAL.fullmatch, plain)) and not all(map(_INTEGER.fullmatch, plain))
    if (binary or hexadecimal) and len({tuple(map(len, row)) for row in rows}) == 1:
        return 2 if binary else 16
    return 10


def _row(row, base, number, path):
    return [_value(word, base, number, path) for word in row]


def _value(word, base, number, path):
    prefixed = _PREFIXED.fullmatch(word)
    if prefixed or base != 10:
        digits = (prefixed[1] if prefixed else word).replace("_", "")
        value = int(digits, 16 if prefixed else base)
        is_negative = base == 16 and len(digits) == _SIGN_DIGITS and value >> 31
        return value - (1 << 32) if is_negative else value
    if _INTEGER.fullmatch(word):
        return int(word)
    if _REAL.fullmatch(word) and float(word).is_integer() and abs(float(word)) < 1 << 53:
        return int(float(word))
    rule = "must hold integers" + (" of at most 18 digits" if _LONG_INTEGER.fullmatch(word) else "")
    raise ArgumentError("source", rule, f"{word[:40]!r} in {path}, line {number}")
