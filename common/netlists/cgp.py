"""Reads circuits from chromosomes of Cartesian genetic programming in the format of ariths-gen.

A chromosome consists of `{inputs,outputs,rows,columns,operands,results,levels back}`, of a node
`([number]operand,operand,function)` for each gate, and of `(output,output,...)`. Nets 0 and 1 are the constants, and
the inputs are the nets from 2.
"""

from __future__ import annotations

import re
from typing import NoReturn

from .module import Module, Port
from .netlist import AND, BUF, NAND, NOR, NOT, OR, XNOR, XOR
from .source import NetlistError, Path, read_text

_HEADER = re.compile(r"\s*\{([0-9,\s]*)\}\s*")
_NODE = re.compile(r"\(\s*\[\s*([0-9]{1,9})\s*\]\s*([0-9]{1,9})\s*,\s*([0-9]{1,9})\s*,\s*([0-9]{1,9})\s*\)\s*")
_OUTPUTS = re.compile(r"\(([0-9,\s]*)\)\s*")
_FUNCTIONS = [BUF, NOT, AND, OR, XOR, NAND, NOR, XNOR]
_TRUE, _FALSE = 8, 9
_MAX_PORT = 4096  # bits


def read_cgp(path: Path) -> dict[str, Module]:
    """Reads a chromosome; its first input and output are the least significant bits of ports `inputs` and `outputs`.

    Args:
        path: path of the file.

    Returns:
        Dictionary with one item, from the name `cgp` to the module.

    Raises:
        NetlistError: if the file is not a chromosome in this format.
    """
    text = read_text(path)
    header = _HEADER.match(text)
    fields = re.findall("[0-9]+", header.group(1)) if header else []
    if header is None or len(fields) != 7 or any(len(field) > 9 for field in fields):
        _refuse(path, text, 0, "begin with {inputs,outputs,rows,columns,2,1,levels back}")
    inputs, outputs, rows, columns, operands, results, _ = map(int, fields)
    if not (1 <= inputs <= _MAX_PORT and 1 <= outputs <= _MAX_PORT and operands == 2 and results == 1):
        _refuse(path, text, 0, f"have 1 to {_MAX_PORT} inputs and outputs, and nodes of 2 operands and 1 result")
    module = Module("cgp", path)
    nets = [0, 1, *(module.net(f"input {bit}") for bit in range(inputs))]
    module.ports["inputs"] = Port(False, nets[2:])
    position = header.end()
    node = _NODE.match(text, position)
    while node:
        number, a, b, function = map(int, node.groups())
        if number != len(nets):
            _refuse(path, text, position, f"number its nodes from {inputs + 2} in steps of 1")
        if max(a, b) >= number:
            _refuse(path, text, position, "have nodes that read nets of smaller numbers")
        if function > _FALSE:
            _refuse(path, text, position, f"have functions from 0 to {_FALSE}")
        if function >= _TRUE:
            nets.append(1 if function == _TRUE else 0)
        else:
            reads = (nets[a],) if _FUNCTIONS[function] in (BUF, NOT) else (nets[a], nets[b])
            nets.append(module.gate(_FUNCTIONS[function], reads, 0))
        position = node.end()
        node = _NODE.match(text, position)
    if len(nets) != 2 + inputs + rows * columns:
        _refuse(
            path, text, position, f"have the {rows * columns} nodes that its header says, not {len(nets) - inputs - 2}"
        )
    _add_outputs(path, text, position, module, nets, outputs)
    return {module.name: module}


def _add_outputs(path: Path, text: str, position: int, module: Module, nets: list[int], count: int) -> None:
    last = _OUTPUTS.match(text, position)
    numbers = re.findall("[0-9]+", last.group(1)) if last else []
    if last is None or len(numbers) != count or last.end() != len(text):
        _refuse(path, text, position, f"end with (output,output,...), {count} of them")
    if any(len(number) > 9 or int(number) >= len(nets) for number in numbers):
        _refuse(path, text, position, f"have outputs from 0 to {len(nets) - 1}")
    module.ports["outputs"] = Port(True, [module.net(f"output {bit}") for bit in range(count)])
    for out, number in zip(module.ports["outputs"].nets, numbers):
        module.drive(out, BUF, (nets[int(number)],), 0)


def _refuse(path: Path, text: str, position: int, rule: str) -> NoReturn:
    line = text.count("\n", 0, position) + 1
    received = text[position : position + 40].split("\n")[0]
    raise NetlistError(path, line, f"a CGP chromosome must {rule}; received {received!r}")
