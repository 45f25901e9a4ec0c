"""Reads cells from a genlib library of SIS and ABC, `GATE name area output=expression; PIN ...`."""

from __future__ import annotations

import re
from typing import Iterator, NoReturn

from .module import Module, Port
from .netlist import AND, BUF, NOT, OR
from .source import NetlistError, Path, lines, read_text

_WORD = re.compile(r"([A-Za-z0-9_.\[\]<>$\"-]+)|([!'*&+|()=;])|([^ \t\r\f\v])")
_LONGEST = 1 << 16
_AND, _OR = {"*", "&"}, {"+", "|"}
_PRECEDENCE = {"!": 3, "*": 2, "+": 1, "(": 0}


def read_genlib(path: Path) -> dict[str, Module]:
    """Reads the cells of a genlib file.

    Args:
        path: path of the file.

    Returns:
        Dictionary from name to `Module`. A latch is a module with an `error`.

    Raises:
        NetlistError: if the file is not a genlib file.
    """
    modules: dict[str, Module] = {}
    gate: _Gate | None = None
    for line, word in _words(path):
        if word in ("GATE", "LATCH") and (gate is None or len(gate.words) > 3):
            gate = _add(modules, gate, _Gate(path, line, word == "LATCH"))
        elif gate is None:
            raise NetlistError(path, line, f"a genlib file must begin with GATE or LATCH; received {word[:40]!r}")
        elif not gate.words or gate.words[-1] != ";":
            gate.words.append(word)
            if len(gate.words) > _LONGEST:
                raise NetlistError(path, line, f"a gate must have at most {_LONGEST} words; received more")
    _add(modules, gate, None)
    return modules


def _words(path: Path) -> Iterator[tuple[int, str]]:
    for line, text in lines(read_text(path)):
        if len(text) > _LONGEST:
            raise NetlistError(path, line, f"a line must have at most {_LONGEST} characters; received {len(text)}")
        for name, sign, unknown in _WORD.findall(text.partition("#")[0]):
            if unknown:
                rule = f"a genlib file must consist of names and ! ' * + ( ) = ;; received {unknown!r}"
                raise NetlistError(path, line, rule)
            yield line, name or sign


class _Gate:
    """The words of a gate from its name to the semicolon."""

    def __init__(self, path: Path, line: int, is_latch: bool) -> None:
        self.path, self.line, self.is_latch = path, line, is_latch
        self.words: list[str] = []

    def module(self) -> Module:
        if len(self.words) < 6 or self.words[3] != "=" or self.words[-1] != ";":
            rule = f"a gate must be NAME AREA OUTPUT=EXPRESSION; received {' '.join(self.words)[:40]!r}"
            raise NetlistError(self.path, self.line, rule)
        module = Module(self.words[0].strip('"'), self.path, self.line)
        if self.is_latch:
            module.error = NetlistError(
                self.path, self.line, f"a netlist must have no registers; received {module.name}"
            )
            return module
        result = _Expression(module, self.line).read(self.words[4:-1])
        out = module.net(self.words[2])
        module.drive(out, BUF, (result,), self.line)
        module.ports[self.words[2]] = Port(True, [out])
        return module


def _add(modules: dict[str, Module], gate: _Gate | None, following: _Gate | None) -> _Gate | None:
    if gate is not None:
        module = gate.module()
        if module.name in modules:
            raise NetlistError(gate.path, gate.line, f"cells must have different names; received {module.name} twice")
        modules[module.name] = module
    return following


class _Expression:
    """Parses an expression by precedence, with a stack of nets and a stack of operators without a right operand."""

    def __init__(self, module: Module, line: int) -> None:
        self._module, self._line = module, line
        self._nets: list[int] = []
        self._waiting: list[str] = []

    def read(self, words: list[str]) -> int:
        after_operand = False
        for word in words:
            if after_operand and word == "'":
                self._nets.append(self._module.gate(NOT, (self._nets.pop(),), self._line))
            elif after_operand and word == ")":
                self._reduce(1)
                if not self._waiting:
                    self._refuse(word)
                self._waiting.pop()
            elif after_operand and word in _AND | _OR:
                operator = "*" if word in _AND else "+"
                self._reduce(_PRECEDENCE[operator])
                self._waiting.append(operator)
                after_operand = False
            elif word in ("!", "(") or word[0] not in "!'*&+|()=;":
                if after_operand:  # operands side by side are a product
                    self._reduce(_PRECEDENCE["*"])
                    self._waiting.append("*")
                after_operand = word not in ("!", "(")
                if after_operand:
                    self._nets.append(self._net(word))
                else:
                    self._waiting.append(word)
            else:
                self._refuse(word)
        if after_operand:
            self._reduce(1)
        if not after_operand or self._waiting:
            self._refuse("its end")
        return self._nets.pop()

    def _refuse(self, word: str) -> NoReturn:
        rule = (
            f"an expression of {self._module.name} must have an operand on each side of * and +; received {word[:40]}"
        )
        raise NetlistError(self._module.path, self._line, rule)

    def _net(self, name: str) -> int:
        if name in ("CONST0", "CONST1"):
            return int(name[-1])
        if name not in self._module.ports:
            self._module.ports[name] = Port(False, [self._module.net(name)])
        return self._module.ports[name].nets[0]

    def _reduce(self, precedence: int) -> None:
        while self._waiting and _PRECEDENCE[self._waiting[-1]] >= precedence:
            operator, right = self._waiting.pop(), self._nets.pop()
            reads = (right,) if operator == "!" else (self._nets.pop(), right)
            function = {"!": NOT, "*": AND, "+": OR}[operator]
            self._nets.append(self._module.gate(function, reads, self._line))
