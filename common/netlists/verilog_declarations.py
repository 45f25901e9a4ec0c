"""Reads the declarations of ports and nets of a Verilog module, and selections of their bits."""

from __future__ import annotations

from typing import NamedTuple, Sequence

from .module import Module, Port
from .netlist import BUF
from .verilog_constants import MAX_WIDTH, read_number
from .verilog_keywords import BOTH_WAYS
from .verilog_selections import select
from .verilog_tokens import Tokens


class _Shape(NamedTuple):
    """The range `[left:right]` of a vector, whose bounds are `None` for one bit, and whether it is signed."""

    left: int | None
    right: int | None
    signed: bool


class _Signal(NamedTuple):
    """The keywords with which a name was declared, its shape, and its nets, least significant bit first."""

    kinds: frozenset[str]
    shape: _Shape
    nets: Sequence[int]


_KINDS = {kind: frozenset([kind]) for kind in ("input", "output", "wire", "supply0", "supply1")}


class Declarations:
    """The names of a module.

    Args:
        tokens: the words of the file.
        module: the module that gets nets and ports.
    """

    def __init__(self, tokens: Tokens, module: Module) -> None:
        self._tokens, self._module = tokens, module
        self._signals: dict[str, _Signal] = {}
        self._listed: list[str] | None = []  # names of the ports; `None` if the header declares them

    def read_header(self) -> None:
        """Reads the list of ports, with or without their declarations, to the semicolon."""
        tokens = self._tokens
        if tokens.text == "#":
            tokens.refuse_construct("parameters")
        if tokens.accept("(") and not tokens.accept(")"):
            if tokens.text in ("input", "output", BOTH_WAYS):
                self._listed = None
                self._read_declared_ports()
            else:
                self._listed = [self._listed_port()]
                while tokens.accept(","):
                    self._listed.append(self._listed_port())
            tokens.expect(")")
        tokens.expect(";")

    def _listed_port(self) -> str:
        if self._tokens.text in (".", "{"):
            self._tokens.refuse_construct("a port that is an expression")
        if self._tokens.text == "parameter":
            self._tokens.refuse_construct("parameters")
        return self._tokens.expect_name("a port")

    def _read_declared_ports(self) -> None:
        tokens = self._tokens
        while True:
            if tokens.text in ("input", "output", BOTH_WAYS):
                kind, shape = self.read_kind()
            self.declare(tokens.expect_name("a port"), kind, shape)
            if not tokens.accept(","):
                break

    def read_kind(self) -> tuple[str, _Shape]:
        """Reads `input`, `output`, `wire`, ... with sign and range; returns the keyword, and sign and range."""
        tokens = self._tokens
        kind = tokens.advance()
        if kind == BOTH_WAYS:
            tokens.refuse_construct(f"a port of both directions, {BOTH_WAYS}")
        if kind in ("input", "output"):
            tokens.accept("wire")
        if tokens.text in ("reg", "logic", "integer"):
            tokens.refuse_construct(f"{kind} {tokens.text}")
        signed = tokens.accept("signed")
        if tokens.accept("["):
            left = read_number(tokens, "a bound of a range")
            tokens.expect(":")
            right = read_number(tokens, "a bound of a range")
            tokens.expect("]")
            if abs(left - right) >= MAX_WIDTH:
                tokens.refuse(f"a vector must have at most {MAX_WIDTH} bits; received [{left}:{right}]")
            shape = _Shape(left, right, signed)
        else:
            shape = _Shape(None, None, signed)
        if tokens.text == "#":
            tokens.refuse_construct("a delay, #")
        return kind, shape

    def declare(self, name: str, kind: str, shape: _Shape) -> None:
        """Adds a name; a port may be declared once more, as a wire with the same range."""
        before = self._signals.get(name)
        if before is None:
            self._signals[name] = signal = _Signal(_KINDS[kind], shape, self._new_nets(name, shape))
            if kind in ("supply0", "supply1"):
                for net in signal.nets:
                    self._module.drive(net, BUF, (int(kind[-1]),), self._tokens.line)
            return
        kinds = before.kinds | {kind}
        if kind in before.kinds or len(kinds & {"input", "output"}) != 1 or "wire" not in kinds:
            self._tokens.refuse(f"a name must be declared once; received {name} twice")
        if shape[:2] != before.shape[:2]:
            self._tokens.refuse(f"a port must have one range; received two of {name}")
        self._signals[name] = before._replace(
            kinds=kinds, shape=shape._replace(signed=shape.signed or before.shape.signed)
        )

    def _new_nets(self, name: str, shape: _Shape) -> range:
        line = self._tokens.line
        if shape.left is None or shape.right is None:
            net = self._module.net(name, line)
            return range(net, net + 1)
        self._tokens.spend(abs(shape.left - shape.right))
        step = 1 if shape.left >= shape.right else -1
        indices = range(shape.right, shape.left + step, step)
        nets = [self._module.net(f"{name}[{index}]", line) for index in indices]
        return range(nets[0], nets[-1] + 1)

    def signal(self, name: str) -> tuple[Sequence[int], bool]:
        """Returns the nets of a declared name, least significant bit first, and whether it is signed."""
        signal = self._signals[name]
        return signal.nets, signal.shape.signed

    def read_selection(self, undeclared_is_wire: bool) -> tuple[Sequence[int], bool]:
        """Reads a name, perhaps with `[bit]`, `[left:right]`, `[bit +: width]` or `[bit -: width]`.

        Args:
            undeclared_is_wire: whether a name that was not declared becomes a wire of one bit.

        Returns:
            The selected nets, least significant bit first, and whether the selection is signed.
        """
        tokens = self._tokens
        name = tokens.expect_name("a net")
        if name not in self._signals:
            if not undeclared_is_wire:
                tokens.refuse(f"a net must be declared before it is used; received {name}")
            self.declare(name, "wire", _Shape(None, None, False))
        signal = self._signals[name]
        if tokens.text == "[":
            return select(tokens, name, signal.shape.left, signal.shape.right, signal.nets), False
        return signal.nets, signal.shape.signed

    def finish(self) -> None:
        """Gives the module its ports.

        Raises:
            NetlistError: if a port of the header has no direction, or a name with a direction is not in the header.
        """
        directed = {
            name: "output" in signal.kinds
            for name, signal in self._signals.items()
            if signal.kinds & {"input", "output"}
        }
        listed = list(directed) if self._listed is None else self._listed
        if sorted(listed) != sorted(directed):
            wrong = sorted(set(listed) ^ set(directed)) or listed
            self._tokens.refuse(
                f"each port of {self._module.name} must have one name and one direction; received {wrong[0]} without",
                self._module.line,
            )
        for name in listed:
            self._module.ports[name] = Port(directed[name], self._signals[name].nets)
