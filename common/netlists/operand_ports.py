"""Chooses the ports of a netlist that are the activation, the weight and the product."""

from __future__ import annotations

import re
from typing import Mapping, NamedTuple, Sequence

from .netlist import Netlist

WIDTHS = range(2, 9)
_INPUT_PAIRS = [
    ("a", "b"), ("x", "y"), ("in1", "in2"), ("in0", "in1"), ("in_a", "in_b"), ("ina", "inb"), ("a_in", "b_in"),
    ("i1", "i2"), ("op1", "op2"), ("op_a", "op_b"), ("opa", "opb"), ("operand_a", "operand_b"),
    ("operand1", "operand2"), ("multiplicand", "multiplier"), ("activation", "weight"), ("act", "wgt"),
    ("input_a", "input_b"),
]  # fmt: skip
_OUTPUTS = ["o", "y", "p", "z", "out", "output", "product", "prod", "result", "res", "r", "c", "s", "q", "m"]
_BIT = re.compile(r"(.*?)(\[[0-9]{1,4}\]|<[0-9]{1,4}>|\([0-9]{1,4}\)|_[0-9]{1,4}_?|[0-9]{1,4})")
_BRACKETS = "[]<>()_"
_SELECTION = re.compile(r"(.+)\[([0-9]{1,4}):([0-9]{1,4})\]")


class Ports(NamedTuple):
    """The ports of a multiplier.

    Attributes:
        activation: nets of the activation, least significant bit first.
        weight: nets of the weight, least significant bit first.
        output: nets of the product, least significant bit first.
    """

    activation: tuple[int, ...]
    weight: tuple[int, ...]
    output: tuple[int, ...]


def vectors(ports: Mapping[str, Sequence[int]]) -> dict[str, list[int]]:
    """Gathers ports of one bit with numbered names, such as `a0`, `a_0`, `a[0]`, `a<0>` or `a(0)`, into vectors.

    Args:
        ports: dictionary from the name of a port to its nets, least significant bit first.

    Returns:
        Dictionary from the name of a port or vector to its nets, least significant bit first. Ports are not gathered if
        their numbers are not 0, 1, ..., n - 1, or a port already has the name of the vector.

    Example:
        >>> vectors({"a[1]": [2], "a[0]": [3], "b": [4, 5]})
        {'a': [3, 2], 'b': [4, 5]}
    """
    groups: dict[str, dict[str, str]] = {}
    for name, nets in ports.items():
        match = _BIT.fullmatch(name) if len(nets) == 1 else None
        if match and match.group(1) and match.group(1) not in ports:
            groups.setdefault(match.group(1), {})[name] = match.group(2)
    stems: dict[str, str] = {}
    for stem, suffixes in groups.items():
        numbers = sorted(int(suffix.strip(_BRACKETS)) for suffix in suffixes.values())
        styles = {re.sub("[0-9]+", "", suffix) for suffix in suffixes.values()}
        if len(styles) == 1 and len(numbers) > 1 and numbers == list(range(len(numbers))):
            stems.update(dict.fromkeys(suffixes, stem))
    gathered: dict[str, list[int]] = {}
    for name, nets in ports.items():
        if name not in stems:
            gathered[name] = list(nets)
            continue
        bits = gathered.setdefault(stems[name], [0] * len(groups[stems[name]]))
        bits[int(groups[stems[name]][name].strip(_BRACKETS))] = nets[0]
    return gathered


def choose_ports(
    netlist: Netlist,
    activation: str | None = None,
    weight: str | None = None,
    output: str | None = None,
    widths: range = WIDTHS,
) -> Ports:
    """Chooses the ports of the operands and of the product of a multiplier.

    Args:
        netlist: a `Netlist`. Ports of one bit with numbered names, such as `a0`, `a[0]` or `a_0`, count as one vector.
        activation: name of the input port of the activation, or bits of it, such as `"inputs[7:0]"`. Bits are counted
            from 0 at the least significant bit of the port, and the bit after the colon becomes the least significant
            bit of the operand. The default is the first of two inputs with usual names (A and B, x and y, in1 and in2,
            ...), else the first of the only two inputs, else the lower half of the only input.
        weight: name of the input port of the weight, or bits of it. The default is the second of these two inputs, or
            the upper half of the only input.
        output: name of the output port of the product, or bits of it. The default is the only output, else the only
            output with a usual name (O, y, p, out, ...), else the only output with as many bits as both operands.
        widths: the widths that an operand may have, in bits.

    Returns:
        The nets of the chosen ports.

    Raises:
        ValueError: if the netlist has no ports as described, an operand has another width, or the product
            depends on further inputs. The message lists the ports.
    """
    inputs, outputs = vectors(netlist.inputs), vectors(netlist.outputs)
    if (activation is None) != (weight is None):
        name, other = ("activation_port", "weight_port") if activation is None else ("weight_port", "activation_port")
        raise ValueError(f"{name} must be given with {other}; received none ({_listed(inputs, outputs)})")
    if activation is None or weight is None:
        operands = _usual_operands(inputs, outputs)
    else:
        operands = [
            _selected(name, port, inputs, "inputs")
            for name, port in (("activation_port", activation), ("weight_port", weight))
        ]
    for name, nets in zip(("activation", "weight"), operands):
        if len(nets) not in widths:
            rule = f"the {name} must have {widths[0]} to {widths[-1]} bits"
            raise ValueError(f"{rule}; received {len(nets)} ({_listed(inputs, outputs)})")
    if set(operands[0]) & set(operands[1]):
        raise ValueError(f"activation_port and weight_port must share no bits; received {activation} and {weight}")
    width = sum(map(len, operands))
    if output is None:
        product = _usual_output(inputs, outputs, width)
    else:
        product = _selected("output_port", output, outputs, "outputs")
    ports = Ports(tuple(operands[0]), tuple(operands[1]), tuple(product))
    _check_no_more_inputs(netlist, ports, inputs, outputs)
    return ports


def port_names(netlist: Netlist, ports: Ports) -> tuple[str, str, str]:
    """Returns the names of the ports of activation, weight and product.

    Args:
        netlist: a `Netlist`.
        ports: its chosen ports.

    Returns:
        The names; a name with bits, such as `inputs[7:0]`, where an operand is a part of a port.

    Example:
        >>> from tfapprox.common.netlists.netlist import AND
        >>> netlist = Netlist("m", {"in": [2, 3, 4, 5]}, {"y": [6, 7]}, [AND, AND], [[2, 4, 0], [3, 5, 0]])
        >>> port_names(netlist, choose_ports(netlist))
        ('in[1:0]', 'in[3:2]', 'y')
    """
    inputs, outputs = vectors(netlist.inputs), vectors(netlist.outputs)
    return _name(ports.activation, inputs), _name(ports.weight, inputs), _name(ports.output, outputs)


def _name(nets: tuple[int, ...], ports: Mapping[str, Sequence[int]]) -> str:
    for name, bits in ports.items():
        if tuple(bits) == nets:
            return name
    name, selected = next((name, list(bits)) for name, bits in ports.items() if set(nets) <= set(bits))
    return f"{name}[{selected.index(nets[-1])}:{selected.index(nets[0])}]"


_Vectors = Mapping[str, Sequence[int]]


def _listed(inputs: _Vectors, outputs: _Vectors) -> str:
    return "; ".join(
        f"{kind}: " + (", ".join(f"{name}[{len(nets)}]" for name, nets in list(ports.items())[:40]) or "none")
        for kind, ports in (("inputs", inputs), ("outputs", outputs))
    )


def _selected(argument: str, port: str, ports: _Vectors, kind: str) -> Sequence[int]:
    """Returns the nets of a port or of bits of it; the bit after the colon comes first."""
    if port in ports:
        return ports[port]
    match = _SELECTION.fullmatch(port)
    if not match or match.group(1) not in ports:
        listed = ", ".join(f"{name}[{len(nets)}]" for name, nets in list(ports.items())[:40])
        raise ValueError(f"{argument} must be one of the {kind} {listed or 'none'}; received {port!r}")
    nets, left, right = ports[match.group(1)], int(match.group(2)), int(match.group(3))
    if max(left, right) >= len(nets):
        raise ValueError(f"{argument} must have bits from 0 to {len(nets) - 1}; received {port!r}")
    step = 1 if left >= right else -1
    return [nets[bit] for bit in range(right, left + step, step)]


def _usual_operands(inputs: _Vectors, outputs: _Vectors) -> list[Sequence[int]]:
    by_name = {name.lower(): nets for name, nets in inputs.items()}
    for pair in _INPUT_PAIRS if len(by_name) == len(inputs) else ():
        if all(name in by_name for name in pair):
            return [by_name[name] for name in pair]
    if len(inputs) == 2:
        return list(inputs.values())
    if len(inputs) == 1:
        (nets,) = inputs.values()
        if len(nets) % 2 == 0:
            return [nets[: len(nets) // 2], nets[len(nets) // 2 :]]
    raise ValueError(
        f"activation_port and weight_port must be given where they have no usual names ({_listed(inputs, outputs)})"
    )


def _usual_output(inputs: _Vectors, outputs: _Vectors, width: int) -> Sequence[int]:
    if len(outputs) == 1:
        return next(iter(outputs.values()))
    usual = [nets for name, nets in outputs.items() if name.lower() in _OUTPUTS]
    fitting = [nets for nets in outputs.values() if len(nets) == width]
    for candidates in (usual, fitting):
        if len(candidates) == 1:
            return candidates[0]
    raise ValueError(f"output_port must be given where it has no usual name ({_listed(inputs, outputs)})")


def _check_no_more_inputs(netlist: Netlist, ports: Ports, inputs: _Vectors, outputs: _Vectors) -> None:
    if len(ports.activation) + len(ports.weight) == netlist.first_gate - 2:
        return
    used = netlist.support(ports.output) - {*ports.activation, *ports.weight}
    if used:
        names = [name for name, nets in inputs.items() if used & set(nets)]
        raise ValueError(
            f"a multiplier must depend on its operands alone; received one that depends on {', '.join(names[:20])} "
            f"({_listed(inputs, outputs)})"
        )
