"""Parses expressions of Verilog by precedence."""

from __future__ import annotations

from typing import Callable, Iterable, NamedTuple, Sequence

from .netlist import AND, NAND, NOR, OR, XNOR, XOR
from .verilog_constants import MAX_WIDTH, read_constant
from .verilog_expressions import Expression, Node
from .verilog_tokens import Tokens

_BINARY = {"&": (5, AND), "^": (4, XOR), "~^": (4, XNOR), "^~": (4, XNOR), "|": (3, OR)}
_LOGICAL = {"&&": (2, AND), "||": (1, OR)}
_REDUCTIONS = {"&": AND, "|": OR, "^": XOR, "~&": NAND, "~|": NOR, "~^": XNOR, "^~": XNOR}
_UNARY = {"~", "!", *_REDUCTIONS}
_UNARY_PRECEDENCE, _TERNARY_PRECEDENCE = 6, 0
_MAX_NODES, _MAX_DEPTH = 1 << 20, 1 << 17


class _Waiting(NamedTuple):
    """An operator or bracket whose operands are not complete, and the number of operands before it."""

    kind: str
    operator: str
    precedence: int
    start: int
    times: int


class ExpressionParser:
    """Parses expressions by precedence, without recursion, so that deep nesting does not exhaust the stack of Python.

    Args:
        tokens: the words of the file.
        nets_of: function that reads a name with its selection, and returns its nets and whether it is signed.
    """

    def __init__(self, tokens: Tokens, nets_of: Callable[[], tuple[Sequence[int], bool]]) -> None:
        self._tokens, self._nets_of = tokens, nets_of

    def parse(self) -> Expression:
        """Reads the expression that begins at the current word; the word after it becomes the current one."""
        self._nodes: list[Node] = []
        self._operands: list[int] = []
        self._waiting: list[_Waiting] = []
        self._unsized: set[int] = set()  # nodes that are constants without a size
        line = self._tokens.line
        is_operand = True
        while True:
            step = self._operand() if is_operand else self._operator()
            if step is None:
                break
            is_operand = step
        self._reduce(_TERNARY_PRECEDENCE)
        if self._waiting:
            self._tokens.refuse(f"{self._waiting[-1].operator} must be closed; received {self._tokens.shown()}")
        return Expression(self._nodes, line, self._tokens.spend)

    def _wait(self, kind: str, operator: str, precedence: int = -1, times: int = 1) -> None:
        if len(self._waiting) >= _MAX_DEPTH:
            self._tokens.refuse(f"an expression must be nested at most {_MAX_DEPTH} deep; received more")
        self._waiting.append(_Waiting(kind, operator, precedence, len(self._operands), times))

    def _add(
        self,
        kind: str,
        operator: int,
        arguments: Iterable[int],
        width: int,
        signed: bool = False,
        nets: Sequence[int] = (),
    ) -> None:
        if width > MAX_WIDTH:
            self._tokens.refuse(f"an expression must have at most {MAX_WIDTH} bits; received {width}")
        if len(self._nodes) >= _MAX_NODES:
            self._tokens.refuse(f"an expression must have at most {_MAX_NODES} operands and operators")
        self._nodes.append(Node(kind, operator, tuple(arguments), width, signed, nets))
        self._operands.append(len(self._nodes) - 1)

    def _operand(self) -> bool:
        """Reads an operand, or a word before an operand; returns whether an operand must follow."""
        tokens = self._tokens
        text = tokens.text
        if text in _UNARY:
            self._wait("unary", tokens.advance(), _UNARY_PRECEDENCE)
        elif text in ("(", "{"):
            self._wait(text, tokens.advance())
        elif text[:1].isdecimal() or text[:1] == "'":
            bits, signed, sized = read_constant(tokens)
            self._add("leaf", 0, (), len(bits), signed, bits)
            if not sized:
                self._unsized.add(self._operands[-1])
            return False
        elif tokens.is_name():
            nets, signed = self._nets_of()
            self._add("leaf", 0, (), len(nets), signed, nets)
            return False
        elif text in ("+", "-", "$"):
            tokens.refuse_construct({"$": "a system function"}.get(text, f"the operator {text}"))
        else:
            tokens.refuse(f"an expression must have an operand here; received {tokens.shown()}")
        return True

    def _operator(self) -> bool | None:
        """Reads a word after an operand; returns whether an operand must follow, or `None` at the end."""
        tokens = self._tokens
        text = tokens.text
        if text in _BINARY or text in _LOGICAL:
            precedence = (_BINARY.get(text) or _LOGICAL[text])[0]
            self._reduce(precedence)
            self._wait("binary", tokens.advance(), precedence)
            return True
        if text == "?":
            self._reduce(_TERNARY_PRECEDENCE + 1)
            self._wait("?", tokens.advance())
            return True
        if text == ":":
            self._reduce(_TERNARY_PRECEDENCE)
            if not self._waiting or self._waiting.pop().kind != "?":
                tokens.refuse("':' must follow '?'; received none")
            self._wait("choice", tokens.advance(), _TERNARY_PRECEDENCE)
            return True
        if text in (")", "}", ",", "{"):
            return self._bracket(text)
        if text[:1] in ("+", "-", "*", "/", "%", "<", ">", "!") or text[:2] == "==":
            tokens.refuse_construct(f"the operator {text}")
        if text in ("(", "["):
            tokens.refuse_construct("a call of a function" if text == "(" else "a selection from an expression")
        return None

    def _bracket(self, text: str) -> bool | None:
        self._reduce(_TERNARY_PRECEDENCE)
        opened = self._waiting[-1] if self._waiting else None
        if opened is None:
            return None
        if opened.kind == "?" or opened.kind != {")": "("}.get(text, "{"):
            self._tokens.refuse(f"{opened.operator} must be closed first; received {text!r}")
        if text == "{":
            self._begin_replication(opened)
            return True
        self._tokens.advance()
        if text == ",":
            return True
        self._waiting.pop()
        if text == "}":
            self._join(opened)
        return False

    def _begin_replication(self, opened: _Waiting) -> None:
        node = self._nodes[self._operands[-1]]
        if len(self._operands) != opened.start + 1 or node.kind != "leaf" or set(node.nets) - {0, 1}:
            self._tokens.refuse("a replication must be {NUMBER{...}}; received an expression as the number")
        times = sum(bit << position for position, bit in enumerate(node.nets))
        if not 1 <= times <= MAX_WIDTH:
            self._tokens.refuse(f"a replication must be of 1 to {MAX_WIDTH} copies; received {times}")
        self._operands.pop()
        self._waiting.pop()
        self._wait("{{", "{")
        self._wait("{", self._tokens.advance(), times=times)

    def _join(self, opened: _Waiting) -> None:
        arguments = self._operands[opened.start :]
        if self._unsized.intersection(arguments):
            self._tokens.refuse("a concatenation must have constants with a size, such as 1'b0; received one without")
        del self._operands[opened.start :]
        width = opened.times * sum(self._nodes[argument].width for argument in arguments)
        self._add("joined", opened.times, arguments, width)
        if self._waiting and self._waiting[-1].kind == "{{":
            self._waiting.pop()
            self._tokens.expect("}")

    def _reduce(self, precedence: int) -> None:
        """Applies the operators that bind at least as tightly as a precedence."""
        while self._waiting and self._waiting[-1].precedence >= precedence:
            waiting = self._waiting.pop()
            operator = waiting.operator
            count = {"unary": 1, "binary": 2, "choice": 3}[waiting.kind]
            arguments = self._operands[-count:]
            del self._operands[-count:]
            sized = [self._nodes[argument] for argument in arguments]
            sized = sized[1:] if waiting.kind == "choice" else sized  # the condition has a width of its own
            width, signed = max(node.width for node in sized), all(node.signed for node in sized)
            if waiting.kind == "choice":
                self._add("choice", 0, arguments, width, signed)
            elif waiting.kind == "binary" and operator in _BINARY:
                self._add("bitwise", _BINARY[operator][1], arguments, width, signed)
            elif waiting.kind == "binary":
                self._add("bit", _LOGICAL[operator][1], arguments, 1)
            elif operator == "~":
                self._add("not", 0, arguments, width, signed)
            else:
                self._add("bit", _REDUCTIONS.get(operator, NOR), arguments, 1)  # !x is ~|x
