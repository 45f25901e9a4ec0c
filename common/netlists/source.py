"""Files of netlists, read with a limit on their size, and the error that names a place in one."""

import os

MAX_BYTES = 64 << 20
MAX_NETS = 4_000_000
_BUDGET = 1 << 26


class NetlistError(ValueError):
    """A file that is no combinational netlist. The message names file, line, construct and the way out."""

    def __init__(self, path, line, message):
        super().__init__(f"{path}, line {line}: {message}" if line else f"{path}: {message}")


def yosys_hint(path):
    """The sentence that says how Yosys makes a netlist of what this package does not read."""
    name = os.path.basename(str(path))
    option = " -sv" if name.endswith(".sv") else ""
    return (
        f"write a flattened netlist with yosys -p 'read_verilog{option} {name}; synth -flatten; "
        f"write_blif {os.path.splitext(name)[0]}.blif' and read that"
    )


class Budget:
    """What reading a file may cost, so that a small file cannot ask for an endless time or all memory.

    Args:
        path: of the file.
    """

    def __init__(self, path):
        self._path = path
        self._left = _BUDGET

    def spend(self, amount, line):
        """Takes an amount, about one for each bit of a value.

        Raises:
            NetlistError: if nothing is left.
        """
        self._left -= amount
        if self._left < 0:
            raise NetlistError(self._path, line, f"a file must take at most {_BUDGET} steps to read; received more")


def read_bytes(path):
    """The bytes of a regular file of at most `MAX_BYTES`.

    Raises:
        OSError: if the file cannot be read.
        NetlistError: if it is no regular file, or larger.
    """
    size = os.stat(str(path)).st_size
    if not os.path.isfile(str(path)):
        raise NetlistError(path, 0, "a netlist must be a regular file")
    if size > MAX_BYTES:
        raise NetlistError(path, 0, f"a netlist must have at most {MAX_BYTES} bytes; received {size} bytes")
    with open(str(path), "rb") as file:
        return file.read(MAX_BYTES)


def read_text(path):
    """The text of a file, one character for each byte, so that any byte in a comment is accepted.

    Raises:
        OSError: if the file cannot be read.
        NetlistError: if it is no regular file, too large, or has NUL bytes.
    """
    content = read_bytes(path)
    position = content.find(b"\0")
    if position >= 0:
        line = content.count(b"\n", 0, position) + 1
        raise NetlistError(path, line, "a netlist must be text; received a NUL byte")
    return content.decode("latin-1")


def lines(text):
    """The lines of a text with their numbers, from 1, one at a time."""
    start, number = 0, 0
    while start <= len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        number += 1
        yield number, text[start:end]
        start = end + 1
