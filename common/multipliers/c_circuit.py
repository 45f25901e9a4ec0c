"""Reader of circuits in C, which are compiled and called for every pair of operands.

The code of the file runs in a process of its own, with limits of time, memory and files. Where the kernel can do it,
the process reaches no file of the user, no network, and no other process.
"""

import math
import os
import pathlib
import signal
import tempfile
from typing import Optional

import numpy as np

from .. import metrics
from ..argument_error import ArgumentError
from ..library import find
from ..paths import Path, expanded
from . import c_source, headers, processes
from .c_compiler import compile_c
from .circuit import Circuit

_FIELDS = 5  # fields of TfapproxPage in circuit_driver.c that precede the operands
_MIN_SECONDS, _MAX_SECONDS = 0.1, 86_400
_LIMITS = {"AS": 1 << 32, "NPROC": 0, "NOFILE": 64}
_SIGNED_TYPES = {"int8_t", "signed char"}


def read(
    source: Path, *, function: Optional[str] = None, num_bits: Optional[int] = None, seconds: float = 10
) -> Circuit:
    """The `Circuit` of a C file, whose comments may say power, area, delay and errors.

    Args:
        source: path of the file.
        function: name of the function; by default the only function of two integers, or among several the one that
            has the name of the file. Its first parameter is the activation.
        num_bits: width of both operands; by default what the name says, else 8.
        seconds: time limit of all calls together.

    Raises:
        FileNotFoundError: if there is no compiler.
        OSError: if the file cannot be read.
        ArgumentError: if the preprocessor refuses the file, or no function or more than one fits.
    """
    path = expanded(source)
    text = c_source.read(path)
    if not _MIN_SECONDS <= seconds <= _MAX_SECONDS:
        raise ArgumentError("seconds", f"must be from {_MIN_SECONDS} to {_MAX_SECONDS:,}", seconds)
    chosen = c_source.choose(path, function)
    return Circuit(
        chosen.name,
        lambda num_bits, signed: products(path, chosen.name, num_bits, signed, seconds),
        {"source": f"{path.name}, function {chosen.name}", **headers.read(text)},
        signed=True if chosen.parameters[0] in _SIGNED_TYPES else None,
        num_bits=num_bits,
        either_sign=True,
    )


def _description(code):
    if code < 0:
        try:
            return f"crashed with {signal.Signals(-code).name}"
        except ValueError:
            return f"was ended by signal {-code}"
    return f"ended the program with exit code {code}"


def products(path: Path, function: str, num_bits: int = 8, signed: bool = False, seconds: float = 10) -> np.ndarray:
    """The products of all pairs of operands, as a C function returns them.

    Args:
        path: path of the C file.
        function: name of a function of two integers, whose first parameter is the activation.
        num_bits: width of both operands.
        signed: whether the operands are signed, from `-2**(num_bits - 1)`; else they begin at 0. If the result of a
            signed circuit has an unsigned type, its low 16 bits are read as two's complement.
        seconds: time limit of all calls together.

    Returns:
        int64 array `[2**num_bits, 2**num_bits]`, activation code first; codes of signed operands are two's complement.

    Raises:
        FileNotFoundError: if there is no compiler.
        ArgumentError: if the file does not compile.
        ValueError: if the function crashes, takes too long, or returns another product when it is called again.
    """
    values, codes = metrics.operands(num_bits, signed), 1 << num_bits
    every_a, every_w = np.repeat(values, codes), np.tile(values, codes)
    signed_bits = 2 * num_bits if signed else None
    return evaluate(path, function, every_a, every_w, signed_bits, seconds).reshape(codes, codes)


def evaluate(
    path: Path,
    function: str,
    activations: np.ndarray,
    weights: np.ndarray,
    signed_bits: Optional[int] = None,
    seconds: float = 10,
) -> np.ndarray:
    """The products of pairs of operands, as a C function returns them.

    Args:
        path: path of the C file.
        function: name of a function of two integers, whose first parameter is the activation.
        activations: int64 array `[pairs]`, the values of the activations.
        weights: int64 array `[pairs]`, the values of the weights.
        signed_bits: width of the products of a signed circuit. If the result of the function has an unsigned type, that
            many bits of it are read as two's complement. `None` for an unsigned circuit.
        seconds: time limit of all calls together.

    Returns:
        int64 array `[pairs]`.

    Raises:
        FileNotFoundError: if there is no compiler.
        ArgumentError: if the file does not compile.
        ValueError: if the function crashes, takes too long, or returns another product when it is called again.
    """
    path, pairs = pathlib.Path(path).resolve(), len(activations)
    with tempfile.TemporaryDirectory() as folder:
        program, page = os.path.join(folder, "circuit"), os.path.join(folder, "page")
        driver = find("common", os.path.join("multipliers", "circuit_driver.c"))
        macros = ["-Dmain=tfapprox_other_main", f"-DTFAPPROX_FUNCTION={function}"]
        compile_c(path, [*macros, "-include", str(path), driver, "-o", program, "-lm"])
        fields = np.zeros(_FIELDS, np.int64)
        fields[-1] = pairs
        np.concatenate([fields, activations, weights, np.zeros(pairs, np.int64)]).tofile(page)
        limits = {**_LIMITS, "FSIZE": os.path.getsize(page), "CPU": math.ceil(seconds) + 1}
        contained = processes.Contained(readable=[program], writable=[page])
        code = processes.run([program, page], seconds, limits, contained, cwd=folder)
        content = np.fromfile(page, np.int64)
    (unsigned_result, calls, changed, again), table = content[: _FIELDS - 1], content[_FIELDS + 2 * pairs :]
    if calls < 2 * pairs:
        pair = int(calls if calls < pairs else 2 * pairs - 1 - calls)
        where = f"{function}({activations[pair]}, {weights[pair]})"
        if code in (None, -signal.SIGXCPU):
            raise ValueError(f"{function} must answer all pairs within {seconds} s; received no answer to {where}")
        raise ValueError(
            f"{function} must return a product for every pair; received {where}, which {_description(code)}"
        )
    if changed:
        pair = int(changed) - 1
        raise ValueError(
            f"{function} must depend on its operands alone; received {table[pair]} and then {again} for "
            f"{function}({activations[pair]}, {weights[pair]})"
        )
    if signed_bits is not None and unsigned_result:
        sign = 1 << (signed_bits - 1)
        table = np.where((table >= sign) & (table < 2 * sign), table - 2 * sign, table)
    return table
