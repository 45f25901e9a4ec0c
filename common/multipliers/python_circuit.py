"""Circuits in Python: a function or a generated circuit of a `.py` file, and the generators of ariths-gen.

This runs the code of the file in this process.
"""

import importlib
import inspect
import os
import runpy

from .arrays import WIDTHS
from .importing import import_callable

PREFIX = "ariths-gen:"
_MODULES = ("multipliers", "approximate_multipliers")


def import_python(path, name=None, function=None, **options):
    """Stores what a function of a Python file answers for every pair of operands.

    Args:
        path: of the file, which is run.
        name: as `import_products` takes it; by default that of the function.
        function: its name, or that of a circuit of ariths-gen; by default the only function of two parameters that the
            file defines.
        **options: as `import_callable` takes them.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if the file raises an exception, or has no such function; else as `import_callable`.
    """
    path = os.path.expanduser(os.fspath(path))
    with open(path, "rb"):
        pass
    try:
        names = runpy.run_path(path)
    except (Exception, SystemExit) as error:
        raise ValueError(
            f"SOURCE must be Python that runs; received {path}: {type(error).__name__}: {error}"
        ) from error
    own = [key for key, value in names.items() if inspect.isfunction(value) and value.__code__.co_filename == path]
    own = [key for key in own if len(inspect.signature(names[key]).parameters) == 2 and not key.startswith("_")]
    if function is None:
        if len(own) != 1:
            raise ValueError(
                f"SOURCE must define one function of two parameters; received {path} with {', '.join(own) or 'none'}"
                f"{'; choose one with --function' if own else ''}"
            )
        function = own[0]
    if not callable(names.get(function)):
        raise ValueError(
            f"--function must be one of {path}; received {function!r}, and there: {', '.join(own) or 'none'}"
        )
    options["known"] = {"source": f"{os.path.basename(path)}, function {function}", **options.get("known", {})}
    if hasattr(names[function], "c_data_type"):
        return import_ariths_gen(names[function], name or function, **options)
    return import_callable(names[function], name or function, **options)


def ariths_gen_multipliers():
    """The generators of ariths-gen: a dictionary from class name to class.

    Raises:
        ImportError: if ariths-gen is not installed.
    """
    try:
        modules = [importlib.import_module(f"ariths_gen.multi_bit_circuits.{module}") for module in _MODULES]
    except ImportError as error:
        raise ImportError(f"{PREFIX} needs ariths-gen: pip install ariths-gen ({error})") from error
    found = {name: value for module in modules for name, value in vars(module).items() if inspect.isclass(value)}
    return {name: found[name] for name in sorted(found) if "TwoBit" not in name}


def generate_ariths_gen(generator, num_bits=8, **parameters):
    """A circuit of ariths-gen.

    Args:
        generator: name of its class, such as `"UnsignedBrokenArrayMultiplier"`.
        num_bits: width of both operands.
        **parameters: of the class, such as `horizontal_cut=2`.

    Raises:
        ImportError: if ariths-gen is not installed.
        ValueError: if there is no such class, or it does not take the parameters.
    """
    generators = ariths_gen_multipliers()
    if generator not in generators:
        raise ValueError(f"SOURCE must be {PREFIX} and one of {', '.join(generators)}; received {generator!r}")
    if num_bits not in WIDTHS:
        raise ValueError(f"--bits must be from 2 to 8; received {num_bits}")
    bus = importlib.import_module("ariths_gen.wire_components").Bus
    try:
        return generators[generator](a=bus("a", num_bits), b=bus("b", num_bits), **parameters)
    except Exception as error:
        given = ", ".join(f"{key}={value}" for key, value in parameters.items()) or "none"
        raise ValueError(f"--set must be parameters of {generator}; received {given}: {error}") from error


def import_ariths_gen(circuit, name=None, **options):
    """Stores the products of a circuit of ariths-gen.

    Args:
        circuit: an object of one of its multiplier classes.
        name: as `import_products` takes it; by default the circuit's, such as `u_dadda_cla`.
        **options: as `import_callable` takes them; width and sign are the circuit's.
    """
    num_bits, signed = circuit.a.N, circuit.c_data_type.startswith("int")
    if num_bits != circuit.b.N:
        raise ValueError(f"circuit must have operands of one width; received {num_bits} and {circuit.b.N} bits")
    known = {"source": f"ariths-gen, {type(circuit).__name__}", **options.pop("known", {})}
    if not name:
        name = f"mul{num_bits}{'s' if signed else 'u'}_{circuit.prefix}"
    said = {"num_bits": num_bits, "signed": signed, "arrays_at_once": True, "known": known}  # by the circuit itself
    return import_callable(circuit, name, **{**options, **said})
