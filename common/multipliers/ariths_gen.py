"""Circuits of the generator library ariths-gen, as objects and by the name of their class.

Needs ariths-gen, which is imported when a circuit is generated.
"""

import importlib
import inspect
from typing import Any, Dict, Optional

from ..argument_error import ArgumentError
from . import python_function
from .arrays import WIDTHS
from .circuit import Circuit

PREFIX = "ariths-gen:"
_MODULES = ("multipliers", "approximate_multipliers")


def is_circuit(value: Any) -> bool:
    """Whether an object is a circuit of ariths-gen."""
    return hasattr(value, "c_data_type")


def read_circuit(circuit: Any, num_bits: Optional[int] = None, parameters: Optional[Dict[str, Any]] = None) -> Circuit:
    """The `Circuit` of an object of ariths-gen, whose class says its width and sign; its name states the parameters.

    Args:
        circuit: an object of one of the multiplier classes.
        num_bits: the width that the operands must have; `None` if they may have any width.
        parameters: parameters of the class that the object was made with. Integers that the object keeps as attributes
            need not be given.

    Raises:
        ArgumentError: if the operands differ in width, or have another width than `num_bits`; the function `products`
            of the result raises it if it is asked for another sign.
    """
    width, signed = circuit.a.N, circuit.c_data_type.startswith("int")
    parameters = {**_kept_parameters(circuit), **(parameters or {})}
    name = f"mul{width}{'s' if signed else 'u'}_{circuit.prefix}"
    name += "".join(_short(*each) for each in parameters.items())
    if width != circuit.b.N:
        raise ArgumentError("source", "must have operands of one width", f"{width} and {circuit.b.N} bits")
    if num_bits not in (None, width):
        raise ArgumentError("num_bits", f"must be {width}, as the circuit says", num_bits)

    kind = type(circuit).__name__

    def products(_, as_signed):
        if as_signed != signed:
            raise ArgumentError("signed", f"must be {signed}, as the circuit says", as_signed)
        return python_function.products(circuit, kind, width, signed, arrays_at_once=True)

    given = ", ".join(f"{key}={_text(value)}" for key, value in parameters.items())
    source = f"ariths-gen, {kind}" + (f"({given})" if given else "")
    return Circuit(name, products, {"source": source}, signed, width)


def _kept_parameters(circuit):
    """The integer parameters that an object keeps as attributes and that differ from the defaults of its class."""
    kept = {}
    for key, parameter in inspect.signature(type(circuit)).parameters.items():
        value = getattr(circuit, key, None)
        if isinstance(parameter.default, int) and isinstance(value, int) and value != parameter.default:
            kept[key] = value
    return kept


def _text(value):
    return getattr(value, "__name__", str(value))


def _short(key, value):
    """A parameter in the name of a circuit, such as `_h2` for `horizontal_cut=2`."""
    return f"_{key[0] if key.endswith('_cut') else key}{int(value) if isinstance(value, bool) else _text(value)}"


def read_class(source: str, *, num_bits: Optional[int] = None, parameters: Optional[Dict[str, Any]] = None) -> Circuit:
    """The `Circuit` that a class of ariths-gen generates.

    Args:
        source: `"ariths-gen:"` and the name of a multiplier class.
        num_bits: width of both operands, 2 to 8; 8 by default.
        parameters: parameters of the class by name.

    Raises:
        ImportError: if ariths-gen is not installed.
        ArgumentError: if there is no such class, or it does not take the width or the parameters.
    """
    generator = source[len(PREFIX) :]
    _check_class(generator, "source", f"must be {PREFIX} and one of")
    circuit = generate_ariths_gen(generator, 8 if num_bits is None else num_bits, **(parameters or {}))
    return read_circuit(circuit, parameters=parameters)


def ariths_gen_multipliers() -> Dict[str, type]:
    """The multiplier classes of ariths-gen by name.

    Raises:
        ImportError: if ariths-gen is not installed.
    """
    try:
        modules = [importlib.import_module(f"ariths_gen.multi_bit_circuits.{module}") for module in _MODULES]
    except ImportError as error:
        raise ImportError(f"{PREFIX} needs ariths-gen: pip install ariths-gen ({error})") from error
    classes = {name: value for module in modules for name, value in vars(module).items() if inspect.isclass(value)}
    return {name: classes[name] for name in sorted(classes) if "TwoBit" not in name}


def _check_class(generator, argument, rule):
    generators = ariths_gen_multipliers()
    if generator not in generators:
        raise ArgumentError(argument, f"{rule} {', '.join(generators)}", repr(generator))
    return generators[generator]


def generate_ariths_gen(generator: str, num_bits: int = 8, **parameters: Any) -> Any:
    """A circuit that ariths-gen generates.

    Args:
        generator: name of a multiplier class of ariths-gen, such as `"UnsignedBrokenArrayMultiplier"`.
        num_bits: width of both operands, 2 to 8.
        **parameters: parameters of the class, such as `horizontal_cut=2`.

    Returns:
        An object of the class. It can be called, and `import_multiplier` takes it.

    Raises:
        ImportError: if ariths-gen is not installed.
        ArgumentError: if there is no such class, or it does not take the width or the parameters.
    """
    multiplier = _check_class(generator, "generator", "must be one of")
    if num_bits not in WIDTHS:
        raise ArgumentError("num_bits", "must be from 2 to 8", num_bits)
    bus = importlib.import_module("ariths_gen.wire_components").Bus
    try:
        return multiplier(a=bus("a", num_bits), b=bus("b", num_bits), **parameters)
    except Exception as error:
        given = ", ".join(f"{key}={value}" for key, value in parameters.items()) or "none"
        reason = str(error) or "it makes no circuit of them"
        raise ArgumentError("parameters", f"must be those of {generator}", f"{given}: {reason}") from error
