"""Reads files with a limit on their size, and defines the error that names a file and a line."""

from __future__ import annotations

import codecs
import os
from typing import Iterator, Mapping

from .. import regular_files
from ..argument_error import ArgumentError
from ..paths import Path

MAX_BYTES = 64 << 20
MAX_NETS = 4_000_000
_BUDGET = 1 << 26


class NetlistError(ValueError):
    """The error for a file that is not a combinational netlist.

    The message names the file, the line and the construct, and says how to obtain a file that can be read.

    Args:
        path: path of the file.
        line: number of the line, from 1; 0 where the error concerns the whole file.
        message: the rule that is broken, and what was received.

    Example:
        >>> str(NetlistError("mul.v", 3, "a netlist must be text; received a NUL byte"))
        'mul.v, line 3: a netlist must be text; received a NUL byte'
    """

    def __init__(self, path: Path, line: int, message: str) -> None:
        super().__init__(f"{path}, line {line}: {message}" if line else f"{path}: {message}")


class NetlistArgumentError(NetlistError, ArgumentError):
    """The error for an argument that does not fit a netlist; a command names its option in place of the argument.

    Args:
        path: path of the file.
        line: number of the line, from 1; 0 where the error concerns the whole file.
        argument: name of the argument, or another subject of the sentence.
        rule: the rest of the sentence, with its verb.
        received: what breaks the rule.
        remedy: an argument that would help, and what it does.

    Example:
        >>> error = NetlistArgumentError("mul.v", 0, "top", "must be a module of the file", "'mull'")
        >>> str(error)
        "mul.v: top must be a module of the file; received 'mull'"
        >>> error.message({"top": "--top"})
        "mul.v: --top must be a module of the file; received 'mull'"
    """

    def __init__(
        self, path: Path, line: int, argument: str, rule: str, received: str, remedy: tuple[str, str] | None = None
    ) -> None:
        ValueError.__init__(self, path, line, argument, rule, received, remedy)
        self.argument, self.rule, self.received = argument, rule, received
        self.remedies = [remedy] if remedy else []
        self._place = f"{path}, line {line}" if line else str(path)

    def message(self, options: Mapping[str, str]) -> str:
        """The message, after the file and the line, with options instead of arguments."""
        return f"{self._place}: {super().message(options)}"


class VerilogError(NetlistError):
    """The error for Verilog that this subpackage does not read, and that Yosys may be able to synthesise."""


def yosys_hint(path: Path) -> str:
    """Returns the advice to use Yosys, for the message of an error."""
    name = os.path.basename(str(path))
    option = " -sv" if name.endswith(".sv") else ""
    return (
        f"write a flattened netlist with yosys -p 'read_verilog{option} {name}; synth -flatten; "
        f"write_blif {os.path.splitext(name)[0]}.blif' and read that, or let the import of multipliers do this: "
        "pip install 'tfapprox[verilog]'"
    )


class Budget:
    """A limit on the cost of reading a file, so that a small file cannot take unlimited time or memory.

    Args:
        path: path of the file, for the message of the error.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._left = _BUDGET

    def spend(self, amount: int, line: int) -> None:
        """Subtracts a cost from the budget. Each bit of a value costs about one step.

        Args:
            amount: cost in steps.
            line: line that is being read, for the message of the error.

        Raises:
            NetlistError: if the budget is exhausted.
        """
        self._left -= amount
        if self._left < 0:
            raise NetlistError(self._path, line, f"a file must take at most {_BUDGET} steps to read; received more")


def read_bytes(path: Path) -> bytes:
    """Returns the bytes of a regular file of at most `MAX_BYTES`.

    Raises:
        OSError: if the file cannot be read.
        NetlistError: if the path is not a regular file, or the file is larger.
    """
    try:
        with regular_files.opened(path) as (file, size):
            content = file.read(MAX_BYTES + 1)
    except ArgumentError:
        raise NetlistError(path, 0, "a netlist must be a regular file") from None
    if len(content) > MAX_BYTES:
        received = f"received {max(size, len(content))} bytes"
        raise NetlistError(path, 0, f"a netlist must have at most {MAX_BYTES} bytes; {received}")
    return content


def read_text(path: Path) -> str:
    """Returns the text of a file, with one character for each byte, so that a comment may have any byte but NUL.

    Raises:
        OSError: if the file cannot be read.
        NetlistError: if the path is not a regular file, or the file is too large, is UTF-16, or has NUL bytes.
    """
    content = read_bytes(path)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise NetlistError(path, 1, "a netlist must be text in ASCII or UTF-8; received UTF-16")
    if content.startswith(codecs.BOM_UTF8):
        content = content[len(codecs.BOM_UTF8) :]
    position = content.find(b"\0")
    if position >= 0:
        line = content.count(b"\n", 0, position) + 1
        raise NetlistError(path, line, "a netlist must be text; received a NUL byte")
    return content.decode("latin-1")


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Yields each line of a text with its number, from 1."""
    start, number = 0, 0
    while start <= len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        number += 1
        yield number, text[start:end]
        start = end + 1
