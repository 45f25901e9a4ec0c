"""Splits a Verilog file into words, without comments, attributes, and directives that do not change the circuit."""

from __future__ import annotations

import re
from typing import Iterator, NoReturn

from .source import Budget, Path, VerilogError, read_text, yosys_hint
from .verilog_keywords import KEYWORDS

_TOKEN = re.compile(
    r"[ \t\r\f\v]*(?:(?P<newline>\n+|\Z)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_$]*)"
    r"|(?P<based>'[ \t]*[sS]?[bBoOdDhH][ \t]*[0-9a-fA-F_xXzZ?]+)"
    r"|(?P<number>[0-9][0-9_]*)"
    r"|(?P<comment>//[^\n]*)"
    r"|(?P<block>/\*|\(\*(?![ \t]*\)))"
    r"|(?P<escaped>\\[^ \t\r\n\f\v]+)"
    r"|(?P<directive>`[A-Za-z_0-9]*)"
    r"|(?P<string>\"[^\"\n]*\")"
    r"|(?P<sign>[=!]==?|<<<?|>>>?|[<>]=|\*\*|~\^|\^~|~&|~\||&&|\|\||[-+*/%<>=!?:;,.(){}\[\]&|^~#@$']))"
)
_WORDS = {"name", "number", "sign", "based", "escaped", "string"}
_ENDS = {"/*": "*/", "(*": "*)"}
_IGNORED_LINES = {"`timescale", "`default_nettype", "`line", "`pragma", "`unconnected_drive"}
_IGNORED = {"`celldefine", "`endcelldefine", "`resetall", "`nounconnected_drive", "`suppress_faults"}
_IGNORED |= {"`enable_portfaults", "`disable_portfaults", "`nosuppress_faults", "`delay_mode_path", "`delay_mode_unit"}
_LONGEST = 1024  # maximum number of characters of a name or a number
END = ""


class Tokens:
    """The words of a Verilog file.

    Args:
        path: path of the file.

    Attributes:
        path: path of the file.
        text: the current word, or `END` after the last one. An escaped name keeps its backslash.
        line: line of the current word, from 1.
        is_broken: whether the rest of the file cannot be split into words.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._source = read_text(path)
        self._budget = Budget(path)
        self.is_broken = False
        self._words = self._scan()
        self.text, self.line = next(self._words)

    def spend(self, amount: int) -> None:
        """Subtracts a cost from the `Budget` of the file."""
        self._budget.spend(amount, self.line)

    def refuse(self, message: str, line: int | None = None) -> NoReturn:
        """Raises a `VerilogError` for the current line."""
        raise VerilogError(self.path, line or self.line, message)

    def refuse_construct(self, what: str) -> NoReturn:
        """Raises a `VerilogError` for a construct that needs Yosys."""
        self.refuse(
            "Verilog must consist of wires, assignments of bitwise logic, gates and instances; "
            f"received {what} ({yosys_hint(self.path)})"
        )

    def refuse_delay(self) -> None:
        """Raises a `VerilogError` if the current word begins a delay or parameters."""
        if self.text == "#":
            self.refuse_construct("a delay or parameters, #")

    def advance(self) -> str:
        """Goes to the next word, and returns the word before it."""
        text = self.text
        self.text, self.line = next(self._words)
        return text

    def accept(self, text: str) -> bool:
        """Goes to the next word if the current one is `text`, and returns whether it was."""
        if self.text != text:
            return False
        self.advance()
        return True

    def expect(self, text: str) -> None:
        """Goes to the next word; raises a `VerilogError` if the current one is not `text`."""
        if self.text != text:
            self.refuse(f"Verilog must have {text!r} here; received {self.shown()}")
        self.advance()

    def shown(self) -> str:
        """Returns the current word for a message."""
        return repr(self.text[:40]) if self.text else "the end of the file"

    def is_name(self) -> bool:
        """Returns whether the current word is a name or a keyword."""
        return self.text[:1].isalpha() or self.text[:1] in ("_", "\\")

    def expect_name(self, what: str) -> str:
        """Goes to the next word and returns the name before it, without a backslash."""
        if not self.is_name() or self.text in KEYWORDS:
            self.refuse(f"Verilog must have the name of {what} here; received {self.shown()}")
        text = self.advance()
        return text[1:] if text[0] == "\\" else text

    def skip_to(self, text: str) -> None:
        """Goes to the word after the next `text`, or to the end of the file."""
        while self.text not in (text, END):
            self.advance()
        self.accept(text)

    def _scan(self) -> Iterator[tuple[str, int]]:
        source, match = self._source, _TOKEN.match
        position, line = 0, 1
        while position < len(source):
            token = match(source, position)
            if token is None:
                shown = source[position:].lstrip()[:1]
                self._break(line, f"Verilog must have no other characters; received {shown!r}")
            kind = str(token.lastgroup)
            start, position = token.span(kind)
            if kind == "newline":
                line += position - start
            elif kind in _WORDS:
                if position - start > _LONGEST:
                    rule = f"names and numbers must have at most {_LONGEST} characters; received {position - start}"
                    self._break(line, rule)
                yield source[start:position], line
            elif kind == "block":
                end = source.find(_ENDS[source[start:position]], position)
                if end < 0:
                    self._break(line, f"{source[start:position]} must be closed; received none")
                line += source.count("\n", start, end)
                position = end + 2
            elif kind == "directive":
                position = self._directive(source[start:position], position, line)
        while True:
            yield END, line

    def _directive(self, name: str, position: int, line: int) -> int:
        if name in _IGNORED_LINES:
            end = self._source.find("\n", position)
            return len(self._source) if end < 0 else end
        if name not in _IGNORED:
            rule = "Verilog must have no directives that change it"
            self._break(line, f"{rule}; received {name[:40]} ({yosys_hint(self.path)})")
        return position

    def _break(self, line: int, message: str) -> NoReturn:
        self.is_broken = True
        raise VerilogError(self.path, line, message)
