"""Evaluates a netlist for many operands at once: the bits of one word are the values of a net for 64 operands."""

from __future__ import annotations

from array import array
from functools import partial
from typing import Callable, Mapping

import numpy as np

from .netlist import AND, BUF, MUX, NAND, NOR, NOT, OR, XNOR, XOR, Netlist

Progress = Callable[[int, int], object]
_MAX_WIDTH = 62  # bits of a port, so that its values fit int64
_BUFFER = 64 << 20  # bytes for the words of all nets that are needed at the same time
_MIN_WORDS = 16  # words of each net in one pass, even if the buffer then exceeds its size
_STEP = 1 << 16  # gates between two reports of progress
_BINARY = {AND: np.bitwise_and, OR: np.bitwise_or, XOR: np.bitwise_xor}
_INVERTED = {NAND: np.bitwise_and, NOR: np.bitwise_or, XNOR: np.bitwise_xor}
_OPERANDS = np.array([1, 1, 2, 2, 2, 2, 2, 2, 3])  # number of operands of each function


def _schedule(netlist: Netlist) -> tuple[array[int], int]:
    """Assigns a row of the buffer to each net while it is needed; returns the rows of all nets and their number."""
    first, nets = netlist.first_gate, netlist.num_nets
    last = np.full(nets, -1, np.int64)
    last[:first] = nets  # inputs and constants keep their rows
    for operand in range(3):
        gates = np.flatnonzero(_OPERANDS[netlist.functions] > operand)
        read = netlist.fan_in[gates, operand]
        np.maximum.at(last, read, gates)
    for port in netlist.outputs.values():
        last[list(port)] = nets
    for second in netlist.second_drivers:
        last[[second.net, second.other]] = nets
    rows = array("i", range(first))
    free: list[int] = []
    count = first
    last_use = last.tolist()
    for gate, read in enumerate(netlist.fan_in.tolist()):
        for net in set(read):
            if last_use[net] == gate:
                free.append(rows[net])
        if free:
            rows.append(free.pop())
        else:
            rows.append(count)
            count += 1
        if last_use[first + gate] == -1:
            free.append(rows[-1])
    return rows, count


def _run(netlist: Netlist, rows: array[int], nets: list[np.ndarray], report: Callable[[int], object]) -> None:
    """Computes all gates. `nets[row]` holds the words of the net in that row; the last row is scratch space."""
    scratch = nets[-1]
    gates = zip(netlist.functions.tolist(), netlist.fan_in.tolist(), rows[netlist.first_gate :])
    for gate, (function, (a, b, c), row) in enumerate(gates):
        out, x = nets[row], nets[rows[a]]
        if function in _BINARY:
            _BINARY[function](x, nets[rows[b]], out)
        elif function in _INVERTED:
            _INVERTED[function](x, nets[rows[b]], out)
            np.invert(out, out)
        elif function == NOT:
            np.invert(x, out)
        elif function == BUF:
            out[:] = x
        elif function == MUX:
            otherwise = nets[rows[c]]
            np.bitwise_xor(nets[rows[b]], otherwise, scratch)
            np.bitwise_and(scratch, x, scratch)
            np.bitwise_xor(scratch, otherwise, out)
        if gate % _STEP == _STEP - 1:
            report(gate + 1)


def _report(progress: Progress | None, before: int, total: int, gates: int) -> None:
    if progress:
        progress(before + gates, total)


def _packed(values: np.ndarray, bit: int, words: int) -> np.ndarray:
    """Packs one bit of each value into a uint64 array `[words]`."""
    padded = np.zeros(words * 64, np.uint8)
    padded[: len(values)] = (values >> bit) & 1
    return np.packbits(padded).view(np.uint64)


def _unpacked(words: np.ndarray, count: int) -> np.ndarray:
    """Unpacks the first `count` bits of words into a uint8 array `[count]`."""
    return np.unpackbits(words.view(np.uint8))[:count]


def _checked(netlist: Netlist, operands: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Checks the operands, and returns them as int64 arrays that all have the same shape."""
    if set(operands) != set(netlist.inputs):
        raise ValueError(
            f"operands must have the names of the inputs, {', '.join(netlist.inputs)}; received {', '.join(operands)}"
        )
    arrays = dict(zip(operands, np.broadcast_arrays(*map(np.asarray, operands.values()))))
    for name, values in arrays.items():
        width = len(netlist.inputs[name])
        if width > _MAX_WIDTH:
            raise ValueError(f"input {name} must have at most {_MAX_WIDTH} bits; received {width} bits")
        if not np.issubdtype(values.dtype, np.integer):
            raise ValueError(f"operands must be integers; received dtype {values.dtype} for {name}")
        if values.size and not 0 <= values.min() <= values.max() < 1 << width:
            raise ValueError(
                f"operands of {name} must be from 0 to {(1 << width) - 1}; received {values.min()} to {values.max()}"
            )
    for name, bits in netlist.outputs.items():
        if len(bits) > _MAX_WIDTH:
            raise ValueError(f"output {name} must have at most {_MAX_WIDTH} bits; received {len(bits)} bits")
    return {name: values.astype(np.int64) for name, values in arrays.items()}


def evaluate(
    netlist: Netlist, operands: Mapping[str, np.ndarray], progress: Progress | None = None
) -> dict[str, np.ndarray]:
    """Computes the outputs of a netlist for arrays of operands.

    The words of a net are discarded after its last use. If the nets that are needed at the same time take more than
    64 MiB, the operands are evaluated in several passes.

    Args:
        netlist: a `Netlist`.
        operands: dictionary from the name of each input port to an integer array of codes from 0 to `2**width - 1`. The
            shapes of the arrays must broadcast to one shape.
        progress: function of two integers, the number of gates computed so far and the number of all gates, both
            counted in all passes. It is called after every 65536 gates and at the end.

    Returns:
        Dictionary from the name of each output port to an int64 array of codes from 0 to `2**width - 1`. Its
        shape is the common shape of the operands.

    Raises:
        ValueError: if an input port has no operands, a port has more than 62 bits, an operand is not an integer or does
            not fit its port, or two drivers of one net differ for an operand.

    Example:
        >>> from tfapprox.common.netlists.netlist import AND, XOR, Netlist
        >>> half_adder = Netlist("ha", {"a": [2], "b": [3]}, {"o": [4, 5]}, [XOR, AND], [[2, 3, 0], [2, 3, 0]])
        >>> evaluate(half_adder, {"a": np.array([[0], [1]]), "b": np.array([0, 1])})["o"]
        array([[0, 1],
               [1, 2]])
    """
    operands = _checked(netlist, operands)
    shape = next((values.shape for values in operands.values()), ())
    flat = {name: values.reshape(-1) for name, values in operands.items()}
    count = int(np.prod(shape, dtype=np.int64))
    rows, num_rows = _schedule(netlist)
    all_words = -(-count // 64)
    words = max(1, min(all_words, max(_MIN_WORDS, _BUFFER // (8 * (num_rows + 1)))))
    results = {name: np.zeros(count, np.int64) for name in netlist.outputs}
    passes = -(-all_words // words)
    total = passes * len(netlist.functions)
    buffer = np.zeros((num_rows + 1, words), np.uint64)
    nets = list(buffer)
    nets[1][:] = np.iinfo(np.uint64).max
    for number in range(passes):
        part = slice(number * words * 64, (number + 1) * words * 64)
        for name, bits in netlist.inputs.items():
            for bit, net in enumerate(bits):
                nets[net][:] = _packed(flat[name][part], bit, words)
        before = number * len(netlist.functions)
        _run(netlist, rows, nets, partial(_report, progress, before, total))
        for second in netlist.second_drivers:
            differing = _unpacked(nets[rows[second.net]] ^ nets[rows[second.other]], len(range(count)[part]))
            if differing.any():
                first = part.start + int(differing.argmax())
                where = ", ".join(f"{name} = {values[first]}" for name, values in flat.items())
                raise ValueError(f"{second.message}; they differ for {where}")
        for name, bits in netlist.outputs.items():
            result = results[name][part]
            for bit, net in enumerate(bits):
                result |= _unpacked(nets[rows[net]], len(result)).astype(np.int64) << bit
    if progress:
        progress(total, total)
    return {name: values.reshape(shape) for name, values in results.items()}
