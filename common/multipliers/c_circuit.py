"""Products of a circuit that is a C function, compiled and run for every pair of operands.

This runs the code of the file, in a process of its own with a time limit; nothing else is kept from it.
"""

import os
import pathlib
import signal
import subprocess
import tempfile

import numpy as np

from .. import metrics
from ..library import find
from .c_compiler import compile_c, run

_FIELDS = 4  # of TfapproxPage in circuit_driver.c, before the products


def _description(code):
    if code < 0:
        try:
            return f"crashed with {signal.Signals(-code).name}"
        except ValueError:
            return f"was ended by signal {-code}"
    return f"ended the program with exit code {code}"


def products(path, function, num_bits=8, signed=False, seconds=10):
    """Products of every pair of operands, as a C function gives them.

    Args:
        path: of the C file.
        function: name of a function of two integers; its first parameter is the activation.
        num_bits: width of both operands.
        signed: whether it gets values from `-2**(num_bits - 1)`, else from 0. A result of an unsigned type is then
            taken as two's complement of 16 bits.
        seconds: time limit of all calls together.

    Returns:
        int64 array `[2**num_bits, 2**num_bits]`; signed operands in the order of their codes.

    Raises:
        FileNotFoundError: if there is no compiler.
        ValueError: if the code does not compile, crashes, takes too long, or answers differently when asked again.
    """
    path, codes = pathlib.Path(path).resolve(), 1 << num_bits
    values = metrics.operands(num_bits, signed)
    with tempfile.TemporaryDirectory() as folder:
        program, page = os.path.join(folder, "circuit"), os.path.join(folder, "page")
        macros = {"FUNCTION": function, "BITS": num_bits, "SIGNED": int(signed)}
        defines = [f"-DTFAPPROX_{name}={value}" for name, value in macros.items()]
        driver = find("common", os.path.join("multipliers", "circuit_driver.c"))
        compile_c(path, ["-Dmain=tfapprox_other_main", *defines, "-include", str(path), driver, "-o", program, "-lm"])
        np.zeros(_FIELDS + codes * codes, np.int64).tofile(page)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, "env": {}}
        code, _, _ = run([program, page], seconds, **quiet)
        content = np.fromfile(page, np.int64)
    (unsigned_result, calls, changed, again), table = content[:_FIELDS], content[_FIELDS:]
    if calls < 2 * codes * codes:
        pair = int(calls if calls < codes * codes else 2 * codes * codes - 1 - calls)
        where = f"{function}({values[pair // codes]}, {values[pair % codes]})"
        if code is None:
            raise ValueError(f"{function} must answer all pairs within {seconds} s; received no answer to {where}")
        raise ValueError(
            f"{function} must return a product for every pair; received {where}, which {_description(code)}"
        )
    if changed:
        pair = int(changed) - 1
        raise ValueError(
            f"{function} must depend on its operands alone; received {table[pair]} and then {again} for "
            f"{function}({values[pair // codes]}, {values[pair % codes]})"
        )
    if signed and unsigned_result:
        table = np.where((table > 32767) & (table < 65536), table - 65536, table)
    return table.reshape(codes, codes)
