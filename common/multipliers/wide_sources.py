"""Readers of circuits whose operands have two widths or more than 8 bits: functions of arrays of operands."""

import operator
import pathlib
from typing import Any, Callable, Dict, NamedTuple, Optional, Tuple

import numpy as np

from .. import netlists
from ..argument_error import ArgumentError
from . import c_circuit, c_source, headers, python_circuit

WIDTHS = range(2, 17)
_EXHAUSTIVE_BITS = 24
_EXHAUSTIVE_BITS_OF_PYTHON = 20  # each pair is a call


class WideSource(NamedTuple):
    """A circuit that can be asked for the products of any operands.

    Attributes:
        name: the name that the source suggests; `""` where it suggests none.
        products: function of two int64 arrays `[pairs]`, the codes of the first and of the second operand, that returns
            the products as an int64 array `[pairs]`.
        known: entries of NAME.json that the source provides.
        exhaustive_bits: up to how many bits of both operands together all pairs are evaluated.
    """

    name: str
    products: Callable[[np.ndarray, np.ndarray], np.ndarray]
    known: Dict[str, Any]
    exhaustive_bits: int = _EXHAUSTIVE_BITS


def values_of(codes: np.ndarray, num_bits: int, signed: bool) -> np.ndarray:
    """The values of codes, which are two's complement of `num_bits` bits if `signed`.

    Example:
        >>> values_of(np.array([0, 1, 2, 3]), 2, True)
        array([ 0,  1, -2, -1])
    """
    return codes - ((codes >> (num_bits - 1)) << num_bits) if signed else codes


def read_c(
    path: pathlib.Path, widths: Tuple[int, int], signed: bool, function: Optional[str] = None, seconds: float = 10
) -> WideSource:
    """A C function of two integers, which is compiled and run in another process."""
    chosen = c_source.choose(path, function)

    def products(first, second):
        first, second = (values_of(codes, bits, signed) for codes, bits in zip((first, second), widths))
        return c_circuit.evaluate(path, chosen.name, first, second, sum(widths) if signed else None, seconds)

    known = {"source": f"{path.name}, function {chosen.name}", **headers.read(c_source.read(path))}
    return WideSource(chosen.name, products, known)


def read_netlist(path: pathlib.Path, widths: Tuple[int, int], signed: bool, **_: Any) -> WideSource:
    """A netlist, whose ports have the two widths in either order."""
    netlist = netlists.read_netlist(path)
    ports = netlists.choose_ports(netlist, widths=WIDTHS)
    received = len(ports.activation), len(ports.weight)
    if sorted(received) != sorted(widths):
        rule = f"must have operands of {widths[0]} and {widths[1]} bits, as the name says"
        raise ArgumentError("source", rule, f"{path} with {received[0]} and {received[1]} bits")
    if received != widths:
        ports = ports._replace(activation=ports.weight, weight=ports.activation)
    return WideSource(
        path.stem,
        lambda first, second: netlists.evaluated(netlist, ports, first, second, signed),
        {"source": path.name},
    )


def read_array(source: Any, widths: Tuple[int, int], signed: bool) -> WideSource:
    """An integer array of products `[2**first_bits, 2**second_bits]`, in the order of the codes."""
    array = np.asarray(source)
    shape = tuple(1 << bits for bits in widths)
    if array.shape != shape or not np.issubdtype(array.dtype, np.integer):
        rule = f"must be integers of shape {shape}, as the name says"
        raise ArgumentError("source", rule, f"{array.dtype} of shape {array.shape}")
    return WideSource("", lambda first, second: array[first, second].astype(np.int64), {})


def read_function(source: Callable[[Any, Any], Any], widths: Tuple[int, int], signed: bool) -> WideSource:
    """A Python function of two integers, which is called for each pair."""
    name = getattr(source, "__name__", type(source).__name__)

    def products(first, second):
        pairs = zip(*(values_of(c, bits, signed).tolist() for c, bits in zip((first, second), widths)))
        return np.array([_called(source, name, *pair) for pair in pairs], np.int64)

    return WideSource(name, products, {"source": f"Python function {name}"}, _EXHAUSTIVE_BITS_OF_PYTHON)


def _called(function, name, a, w):
    """The product of one pair of operands."""
    try:
        product = function(a, w)
        integer = operator.index(product)
    except Exception as error:
        received = f"{type(error).__name__} for {name}({a}, {w}): {error}"
        raise ValueError(f"{name} must return an integer for every pair; received {received}") from error
    if not -(2**63) <= integer < 2**63:
        raise ValueError(f"{name} must return integers that fit int64; received {integer} for {name}({a}, {w})")
    return integer


def read_python_file(
    path: pathlib.Path, widths: Tuple[int, int], signed: bool, function: Optional[str] = None, **_: Any
) -> WideSource:
    """A Python file that defines a function of two integers. It is run in this process."""
    chosen, name = python_circuit.choose(path, function)
    known = {"source": f"{path.name}, function {name}"}
    return read_function(chosen, widths, signed)._replace(name=name, known=known)
