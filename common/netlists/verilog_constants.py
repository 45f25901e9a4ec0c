"""Reads constants of Verilog, such as `8'hFF` and `3`."""

from __future__ import annotations

from .verilog_tokens import Tokens

MAX_WIDTH = 1 << 16  # maximum number of bits of an expression
_BASES = {"b": 2, "o": 8, "d": 10, "h": 16}
_UNSIZED = 32  # number of bits of a constant without a size


def read_number(tokens: Tokens, what: str) -> int:
    """Reads an unsigned decimal number without size, below 2**31.

    Args:
        tokens: the words of the file, at the number.
        what: meaning of the number, for the message of an error.
    """
    if not tokens.text[:1].isdecimal():
        tokens.refuse_construct(f"{what} that is not a decimal number, {tokens.shown()}")
    number = int(tokens.advance().replace("_", ""))
    if number >= 1 << 31 or tokens.text[:1] == "'":
        tokens.refuse_construct(f"{what} that is not a decimal number below 2**31")
    return number


def read_constant(tokens: Tokens) -> tuple[list[int], bool, bool]:
    """Reads a constant.

    Args:
        tokens: the words of the file, at a number or at an apostrophe.

    Returns:
        A list of 0 and 1, least significant bit first; whether the constant is signed; and whether it has a size.

    Raises:
        NetlistError: if the constant has x or z digits, digits of another base, or too many bits.
    """
    text, width = tokens.advance(), _UNSIZED
    sized = text[0] != "'"
    if sized:
        value = int(text.replace("_", ""))
        if tokens.text[:1] != "'":
            return _bits(value, max(_UNSIZED, value.bit_length() + 1)), True, False
        width, text = value, tokens.advance()
        if not 1 <= width <= MAX_WIDTH:
            tokens.refuse(f"a constant must have 1 to {MAX_WIDTH} bits; received {width}")
    digits = "".join(text[1:].split()).lower().replace("_", "")
    signed = digits[:1] == "s"
    digits = digits[1:] if signed else digits
    base, digits = digits[:1], digits[1:]
    if set(digits) & set("xz?"):
        tokens.refuse(f"a constant must have no x or z digits; received {text}")
    try:
        value = int(digits, _BASES.get(base, 10))
    except ValueError:
        tokens.refuse(f"a constant must have digits of its base; received {text}")
    if not sized and value.bit_length() > _UNSIZED:  # IEEE 1364-2005 leaves the width to the tool
        tokens.refuse(f"a constant without a size must have at most {_UNSIZED} bits; received {text[:40]}")
    return _bits(value, width), signed, sized


def _bits(value: int, width: int) -> list[int]:
    digits = [int(digit) for digit in reversed(format(value, "b"))][:width]
    return digits + [0] * (width - len(digits))
