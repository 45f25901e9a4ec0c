"""Evaluation of a netlist for many operands at once: 64 of them are the bits of one word of a net."""

from array import array

import numpy as np

from .netlist import AND, BUF, MUX, NAND, NOR, NOT, OR, XNOR, XOR

_MAX_WIDTH = 62  # bits of a port, so that its values are int64
_BUFFER = 64 << 20  # bytes for the nets that are alive at once
_MIN_WORDS = 16  # of each net in one pass, for netlists so wide that the buffer cannot hold more
_STEP = 1 << 16  # gates between two reports of progress
_BINARY = {AND: np.bitwise_and, OR: np.bitwise_or, XOR: np.bitwise_xor}
_INVERTED = {NAND: np.bitwise_and, NOR: np.bitwise_or, XNOR: np.bitwise_xor}
_OPERANDS = np.array([1, 1, 2, 2, 2, 2, 2, 2, 3])  # of each function


def _schedule(netlist):
    """Which row of the buffer each net has while it is needed: rows of all nets, and the number of rows."""
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
    free, count = [], first
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


def _run(netlist, rows, nets, report):
    """Computes all gates; `nets[row]` are the words of the net in that row, and the last row is free to use."""
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


def _packed(values, bit, words):
    """One bit of all values, as words of 64 of them."""
    padded = np.zeros(words * 64, np.uint8)
    padded[: len(values)] = (values >> bit) & 1
    return np.packbits(padded).view(np.uint64)


def _unpacked(words, count):
    """The bits of words, one byte for each of the first `count`."""
    return np.unpackbits(words.view(np.uint8))[:count]


def _checked(netlist, operands):
    """The operands as int64 arrays of one shape."""
    if set(operands) != set(netlist.inputs):
        raise ValueError(f"operands must be those of {', '.join(netlist.inputs)}; received {', '.join(operands)}")
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


def evaluate(netlist, operands, progress=None):
    """The outputs of a netlist for arrays of operands.

    Memory is bounded: a net is kept until it was read for the last time, and where many nets are needed at once, the
    operands are taken in several passes.

    Args:
        netlist: a `Netlist`.
        operands: dictionary from the name of each input port to an integer array of codes, 0 to `2**width - 1`. Their
            shapes are broadcast.
        progress: function of two integers, the gates computed so far and all gates, that is called now and then.

    Returns:
        Dictionary from the name of each output port to an int64 array of codes, of the shape of the operands.

    Raises:
        ValueError: if a port is missing or has more than 62 bits, an operand does not fit its port, or a net has two
            drivers that differ for some operands.

    Example:
        >>> from tfapprox.common.netlists.netlist import AND, XOR, Netlist
        >>> half_adder = Netlist("ha", {"a": [2], "b": [3]}, {"o": [4, 5]}, [XOR, AND], [[2, 3, 0], [2, 3, 0]])
        >>> evaluate(half_adder, {"a": np.array([[0], [1]]), "b": np.array([0, 1])})["o"]
        array([[0, 1],
               [1, 2]])
    """
    operands = _checked(netlist, operands)
    shape = np.broadcast(*operands.values()).shape if operands else ()
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
        _run(netlist, rows, nets, lambda gates, before=before: progress and progress(before + gates, total))
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
