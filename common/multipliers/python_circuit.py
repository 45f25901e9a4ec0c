"""Readers of circuits in Python: a function, a circuit of ariths-gen, or a `.py` file that defines one of them.

A `.py` file is run in this process.
"""

import inspect
import os
import runpy
from typing import Any, Callable, Optional, Tuple

from .. import regular_files
from ..argument_error import ArgumentError
from . import ariths_gen, python_function
from .circuit import Circuit


def read_object(
    source: Callable[[Any, Any], Any], *, num_bits: Optional[int] = None, arrays_at_once: bool = False
) -> Circuit:
    """The `Circuit` of a Python function, or of an object of a multiplier class of ariths-gen.

    Args:
        source: takes activation and weight, and returns their product. An object of ariths-gen has its own width and
            sign.
        num_bits: width of both operands; by default what the name says, else 8.
        arrays_at_once: whether a function takes and returns integer arrays `[2**num_bits, 2**num_bits]` instead of
            single integers.

    Raises:
        ArgumentError: if a circuit of ariths-gen has operands of another width than `num_bits`.
    """
    if ariths_gen.is_circuit(source):
        return ariths_gen.read_circuit(source, num_bits)
    name = getattr(source, "__name__", type(source).__name__)
    return Circuit(
        name,
        lambda num_bits, signed: python_function.products(source, name, num_bits, signed, arrays_at_once),
        {"source": f"Python function {name}"},
        num_bits=num_bits,
    )


def read_file(source: Any, *, function: Optional[str] = None, num_bits: Optional[int] = None) -> Circuit:
    """The `Circuit` of a Python file, which is run.

    Args:
        source: path of the file.
        function: name of a function of two parameters, or of an object of ariths-gen; by default the only function of
            two parameters that the file defines under a name without a leading underscore.
        num_bits: width of both operands; by default what the name says, else 8.

    Raises:
        OSError: if the file cannot be read.
        ArgumentError: if the file raises an exception or has no such function.
    """
    chosen, name = choose(source, function)
    known = {"source": f"{os.path.basename(os.fspath(source))}, function {name}"}
    return read_object(chosen, num_bits=num_bits)._replace(name=name, known=known)


def choose(source: Any, function: Optional[str] = None) -> Tuple[Callable[[Any, Any], Any], str]:
    """Runs a Python file, and returns the function or object in it that is the circuit, and its name.

    Args:
        source: path of the file.
        function: name of a function of two parameters, or of an object that can be called; by default the only function
            of two parameters that the file defines under a name without a leading underscore.

    Raises:
        OSError: if the file cannot be read.
        ArgumentError: if the file raises an exception or has no such function.
    """
    path = os.path.expanduser(os.fspath(source))
    with regular_files.opened(path, "source"):
        pass
    try:
        names = runpy.run_path(path)
    except (Exception, SystemExit) as error:
        received = f"{path}: {type(error).__name__}: {error}"
        raise ArgumentError("source", "must be Python that runs", received) from error
    own = [key for key, value in names.items() if inspect.isfunction(value) and value.__code__.co_filename == path]
    own = [key for key in own if len(inspect.signature(names[key]).parameters) == 2 and not key.startswith("_")]
    listed = ", ".join(own) or "none"
    if function is None:
        if len(own) != 1:
            remedy = ("function", "chooses one") if own else None
            raise ArgumentError("source", "must define one function of two parameters", f"{path} with {listed}", remedy)
        function = own[0]
    if not callable(names.get(function)):
        raise ArgumentError("function", f"must be one of {path}", f"{function!r}, and there: {listed}")
    return names[function], function
