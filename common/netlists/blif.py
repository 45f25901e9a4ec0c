"""Reads circuits from BLIF, the Berkeley Logic Interchange Format (University of California, 1992)."""

from __future__ import annotations

from typing import Iterator, NoReturn

from .covers import Row, drive_cover
from .module import Connection, Instance, Module, Port
from .netlist import BUF
from .source import Budget, NetlistError, Path, lines, read_text

_WITHOUT_FUNCTION = {
    ".area", ".cname", ".attr", ".clock_event", ".default_input_arrival", ".default_input_drive", ".delay", ".wire",
    ".default_max_input_load", ".default_output_load", ".default_output_required", ".input_arrival", ".input_drive",
    ".max_input_load", ".output_load", ".output_required", ".wire_load_slope",
}  # fmt: skip
_UNDEFINED = "$undef"  # Yosys writes a table without rows for this net, although the value of the net is undefined
_LONGEST = 1 << 20
_MODEL_COST, _CONNECTION_COST = 1024, 32  # steps of the `Budget`


def read_blif(path: Path) -> dict[str, Module]:
    """Reads the modules of a BLIF file; each input and output is a port of one bit.

    Args:
        path: path of the file.

    Returns:
        Dictionary from name to `Module`, in the order of the file; the first model is the top of the circuit.
        If a model has a construct that is not combinational logic, the error is the `error` of its module.

    Raises:
        NetlistError: if the file is not a BLIF file.
    """
    reader = _Reader(path)
    for line, words in _lines(path):
        reader.take(line, words)
    return reader.finish()


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yields the number and the words of each line without comments; lines that end with a backslash are joined."""
    words: list[str] = []
    first = 0
    for number, line in lines(read_text(path)):
        if len(line) > _LONGEST:
            raise NetlistError(path, number, f"a line must have at most {_LONGEST} characters; received {len(line)}")
        line = line.partition("#")[0].rstrip()
        continued = line.endswith("\\")
        words += (line[:-1] if continued else line).split()
        first = first or number
        if len(words) > _LONGEST:
            raise NetlistError(path, number, f"joined lines must have at most {_LONGEST} words; received {len(words)}")
        if not continued:
            if words:
                yield first, words
            words, first = [], 0
    if words:
        yield first, words


class _Reader:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._budget = Budget(path)
        self._modules: dict[str, Module] = {}
        self._model: _Model | None = None

    def take(self, line: int, words: list[str]) -> None:
        if words[0] == ".model":
            self._close()
            name = words[1] if len(words) > 1 else "top"
            if name in self._modules:
                raise NetlistError(self._path, line, f"models must have different names; received {name} twice")
            self._budget.spend(_MODEL_COST, line)
            self._model = _Model(Module(name, self._path, line), self._budget)
            self._modules[name] = self._model.module
        elif words[0] == ".end":
            self._close()
            self._model = None
        elif self._model is None and words[0] in (".inputs", ".outputs"):
            self.take(line, [".model"])
            self.take(line, words)
        elif self._model is None:
            raise NetlistError(self._path, line, f"a BLIF file must begin with .model; received {words[0][:40]!r}")
        elif not self._model.module.error:
            try:
                self._model.take(line, words)
            except NetlistError as error:
                self._model.module.error = error

    def _close(self) -> None:
        if self._model and not self._model.module.error:
            try:
                self._model.close()
            except NetlistError as error:
                self._model.module.error = error

    def finish(self) -> dict[str, Module]:
        self._close()
        return self._modules


class _Model:
    """A model that is being read, with the `.names` table to which further rows may belong."""

    def __init__(self, module: Module, budget: Budget) -> None:
        self.module = module
        self._budget = budget
        self._nets: dict[str, int] = {}
        self._cover: tuple[int, list[int], list[Row]] | None = None  # line, nets and rows of the table

    def _net(self, name: str, line: int) -> int:
        if name not in self._nets:
            self._nets[name] = self.module.net(name, line)
        return self._nets[name]

    def _refuse(self, line: int, message: str) -> NoReturn:
        raise NetlistError(self.module.path, line, message)

    def take(self, line: int, words: list[str]) -> None:
        if not words[0].startswith("."):
            if self._cover is None:
                self._refuse(line, f"rows of a table must follow .names; received {' '.join(words)[:40]!r}")
            self._cover[2].append((line, words))
            if len(self._cover[2]) > _LONGEST:
                self._refuse(line, f"a table must have at most {_LONGEST} rows; received more")
            return
        self._end_cover()
        keyword, *rest = words
        if keyword in (".inputs", ".outputs"):
            self._add_ports(line, rest, keyword == ".outputs")
        elif keyword == ".names" and rest:
            self._cover = line, [self._net(name, line) for name in rest], []
        elif keyword in (".subckt", ".gate") and len(rest) > 1:
            self._add_instance(line, rest)
        elif keyword == ".conn" and len(rest) == 2:
            self.module.drive(self._net(rest[1], line), BUF, (self._net(rest[0], line),), line)
        elif keyword in (".latch", ".mlatch"):
            register = rest[1] if keyword == ".latch" and len(rest) > 1 else " ".join(rest[:1])
            self._refuse(
                line, f"a netlist must have no registers; received {keyword} {register} (write it without them)"
            )
        elif keyword not in _WITHOUT_FUNCTION:
            self._refuse(
                line,
                "a model must consist of .inputs, .outputs, .names, .subckt, .gate and .conn; received "
                f"{' '.join(words)[:40]!r} (write it again without that, for example with ABC: read_blif, strash, "
                "write_blif)",
            )

    def _add_ports(self, line: int, names: list[str], is_output: bool) -> None:
        for name in names:
            if name in self.module.ports:
                self._refuse(line, f"ports must have different names; received {name} twice")
            self.module.ports[name] = Port(is_output, [self._net(name, line)])

    def _add_instance(self, line: int, words: list[str]) -> None:
        connections = []
        self._budget.spend(_CONNECTION_COST * len(words), line)
        for word in words[1:]:
            port, equals, name = word.partition("=")
            if not equals or not port or not name:
                self._refuse(line, f"an instance must have connections PORT=NET; received {word[:40]!r}")
            connections.append(Connection(port, [self._net(name, line)], True, False, False))
        name = f"{words[0]}:{line}"  # BLIF gives instances no name
        self.module.instances.append(Instance(words[0], name, connections, line))

    def _end_cover(self) -> None:
        if self._cover:
            line, nets, rows = self._cover
            self._cover = None
            if not rows and self.module.net_names[nets[-1]] == _UNDEFINED:
                return
            drive_cover(self.module, nets[:-1], nets[-1], rows, line)

    def close(self) -> None:
        self._end_cover()
