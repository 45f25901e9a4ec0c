"""Reads selections of bits of a Verilog vector: `[bit]`, `[left:right]`, `[bit +: width]`, `[bit -: width]`."""

from __future__ import annotations

from typing import Sequence

from .verilog_constants import read_number
from .verilog_tokens import Tokens


def select(tokens: Tokens, name: str, left: int | None, right: int | None, nets: Sequence[int]) -> Sequence[int]:
    """Reads a selection.

    Args:
        tokens: the words of the file, at the opening bracket.
        name: name of the vector.
        left: left bound of its range, or `None` if it has no range.
        right: right bound of its range, or `None` if it has no range.
        nets: nets of the vector, least significant bit first.

    Returns:
        The selected nets, least significant bit first.

    Raises:
        NetlistError: if an index is not a number, or is not in the range.
    """
    tokens.expect("[")
    if left is None or right is None:
        tokens.refuse(f"a selection must be of a vector; received one of {name}, which has one bit")

    def position(index: int) -> int:
        if not min(left, right) <= index <= max(left, right):
            tokens.refuse(f"an index of {name} must be in [{left}:{right}]; received {index}")
        return abs(index - right)

    first = read_number(tokens, f"an index of {name}")
    high = low = position(first)
    if tokens.accept(":"):
        low = position(read_number(tokens, f"an index of {name}"))
        if high < low:
            tokens.refuse(f"a selection must have the order of the range of {name}; received the opposite one")
    elif tokens.text in ("+", "-"):
        direction = 1 if tokens.advance() == "+" else -1
        tokens.expect(":")
        width = read_number(tokens, f"a width of a selection of {name}")
        if width < 1:
            tokens.refuse(f"a selection of {name} must have bits; received a width of 0")
        low, high = sorted((high, position(first + direction * (width - 1))))
    tokens.expect("]")
    return nets[low : high + 1]
