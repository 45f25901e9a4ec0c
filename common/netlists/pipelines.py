"""Registers of a BLIF netlist: names them, and replaces those of a pipeline by wires.

A pipeline of latency N computes the same function of its operands as its gates alone, N cycles later, if every path
from an input to an output has N registers.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .source import NetlistError, Path

_BIT = re.compile(r"(.*)\[([0-9]+)\]")
_LEVELS = ("ah", "al", "as")  # types of a .latch that is transparent
_OUTPUT = re.compile(r"(?:^|\s)Q=(\S+)")
_LISTED = 20


class _Netlist(NamedTuple):
    """Inputs and outputs, the nets that each net reads, and the nets that registers drive."""

    inputs: list[str]
    outputs: list[str]
    reads: dict[str, list[str]]
    registers: set[str]


def registers(text: str) -> list[str]:
    r"""Returns the registers of a BLIF netlist of Yosys.

    Args:
        text: the netlist, with registers as `.latch` or as instances of Yosys's flip-flops.

    Returns:
        Their names; the bits of a vector are gathered, for example `sum[16]` for 16 bits.

    Example:
        >>> registers(".model m\n.latch d[0] q[0] re clk 2\n.latch d[1] q[1] re clk 2\n.end")
        ['q[2]']
    """
    counts: dict[str, int] = {}
    for line in text.splitlines():
        words = line.split()
        name = None
        if words[:1] == [".latch"] and len(words) > 2:
            name = words[2]
        elif words[:1] == [".subckt"]:
            match = _OUTPUT.search(line)
            name = match.group(1) if match else None
        if name is not None:
            stem = _stem(name)
            counts[stem] = counts.get(stem, 0) + 1
    return [f"{stem}[{count}]" for stem, count in counts.items()]


def without_registers(text: str, latency: int, path: Path) -> str:
    r"""Replaces the registers of a pipeline by wires.

    Args:
        text: the BLIF netlist of one model, with `.names` and `.latch`.
        latency: the number of registers that every path from an input to an output must have.
        path: path of the source, for messages.

    Returns:
        The netlist with `.names` in place of `.latch`.

    Raises:
        NetlistError: if a register is transparent or depends on itself, or a path has another number of registers.

    Example:
        >>> text = ".model m\n.inputs a\n.outputs y\n.latch a y re clk 2\n.end"
        >>> without_registers(text, 1, "m.v").splitlines()[3:5]
        ['.names a y', '1 1']
    """
    lines, netlist = [], _Netlist([], [], {}, set())
    for line in text.splitlines():
        words = line.split()
        if words[:1] == [".inputs"]:
            netlist.inputs.extend(words[1:])
        elif words[:1] == [".outputs"]:
            netlist.outputs.extend(words[1:])
        elif words[:1] == [".names"]:
            netlist.reads[words[-1]] = words[1:-1]
        elif words[:1] == [".latch"]:
            if words[3:4] and words[3] in _LEVELS:
                rule = "a pipeline must have registers with a clock edge"
                raise NetlistError(path, 0, f"{rule}; received {words[2]}, a transparent latch")
            netlist.reads[words[2]] = [words[1]]
            netlist.registers.add(words[2])
            lines += [f".names {words[1]} {words[2]}", "1 1"]
            continue
        lines.append(line)
    _check_latency(netlist, latency, path)
    return "\n".join([*lines, ""])


def _check_latency(netlist: _Netlist, latency: int, path: Path) -> None:
    """Raises an error if a path from an input to an output does not have `latency` registers."""
    order = _ordered(netlist, path)
    for port in dict.fromkeys(map(_stem, netlist.inputs)):
        depths = {name: (0, 0) for name in netlist.inputs if _stem(name) == port}  # min and max number of registers
        for net in order:
            reached = [depths[read] for read in netlist.reads[net] if read in depths]
            if reached:
                more = net in netlist.registers
                depths[net] = min(low for low, _ in reached) + more, max(high for _, high in reached) + more
        for output in netlist.outputs:
            low, high = depths.get(output, (latency, latency))
            if (low, high) != (latency, latency):
                count = str(low) if low == high else f"{low} to {high}"
                rule = f"each path of a pipeline of latency {latency} must have {latency} registers"
                raise NetlistError(path, 0, f"{rule}; received {count} from {port} to {output}")


def _ordered(netlist: _Netlist, path: Path) -> list[str]:
    """Returns the driven nets, each after the nets that it reads; the search does not recurse."""
    done: set[str] = set()
    order: list[str] = []
    for start in netlist.reads:
        stack = [] if start in done else [(start, iter(netlist.reads[start]))]
        opened = {start}
        while stack:
            net, reads = stack[-1]
            read = next((name for name in reads if name in netlist.reads and name not in done), None)
            if read is None:
                stack.pop()
                opened.discard(net)
                done.add(net)
                order.append(net)
            elif read in opened:
                names = [name for name, _ in stack if name in netlist.registers]
                listed = ", ".join(dict.fromkeys(map(_stem, names[:_LISTED]))) or read
                rule = "a pipeline must have no register that depends on itself"
                raise NetlistError(path, 0, f"{rule}; received a loop through {listed}")
            else:
                opened.add(read)
                stack.append((read, iter(netlist.reads[read])))
    return order


def _stem(name: str) -> str:
    match = _BIT.fullmatch(name)
    return match.group(1) if match else name
