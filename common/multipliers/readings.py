"""Decides how the bits of a circuit are read: with which sign, and in which order of the bits of its ports.

A C prototype or the numbers in the names of ports prove neither. The measured errors of each reading decide: they are
the published ones, or they are far smaller than in every other reading.
"""

import itertools
from typing import Dict, List, NamedTuple, Tuple

import numpy as np

from .. import metrics
from ..argument_error import ArgumentError
from . import sidecar
from .circuit import Circuit

PORTS = ("activation", "weight", "product")
SIGNED_BITS = 8  # the only width of signed tables
FAR = 8  # an MAE that is this many times smaller shows that the products were meant in another way
_NEAR = 2  # readings whose MAE differs by less than this factor are equally near


class UndecidedError(ArgumentError):
    """Several readings of a circuit are equally near to the exact product."""


class Reading(NamedTuple):
    """One way to read the bits of a circuit.

    Attributes:
        signed: whether operands and product are two's complement numbers.
        reversed_ports: the ports whose bits are read in the reverse order, some of `PORTS`.
    """

    signed: bool
    reversed_ports: Tuple[str, ...] = ()

    def describe(self, sign_by: str = "") -> str:
        """The reading in words.

        Args:
            sign_by: what the sign is known by, in words that follow it, such as `", as the name says"`.

        Example:
            >>> Reading(True, ("product",)).describe()
            'signed operands, bits of product reversed'
        """
        kind = f"{'signed' if self.signed else 'unsigned'} operands{sign_by}"
        return f"{kind}, bits of {' and '.join(self.reversed_ports)} reversed" if self.reversed_ports else kind


class Choice(NamedTuple):
    """The reading that was taken.

    Attributes:
        reading: the reading.
        products: int64 array `[2**num_bits, 2**num_bits]` of the products in this reading, activation code first.
        reason: why it was taken, in words.
    """

    reading: Reading
    products: np.ndarray
    reason: str


class _Candidate(NamedTuple):
    reading: Reading
    products: np.ndarray
    errors: Dict[str, float]

    @property
    def mae(self):
        return self.errors["MAE"]


def choose(circuit: Circuit, num_bits: int, default: bool, *, sign_is_known: bool = False) -> Choice:
    """Computes the products of a circuit in the reading that options, published figures or the exact product prove.

    Args:
        circuit: the circuit. Its published error figures are compared with the measured ones.
        num_bits: width of both operands.
        default: whether operands are signed where nothing proves the contrary.
        sign_is_known: whether the sign is known, so that the circuit is read with no other sign.

    Returns:
        The `Choice`. The default reading stays unless another one is proved: by errors that are the published ones, or
        by an MAE that is more than `FAR` times smaller.

    Raises:
        UndecidedError: if several other readings are equally near to the exact product, or the other sign is nearer
            than the default without being far nearer.
        ValueError: if the circuit has no products to give in the default reading.
    """
    plain = Reading(default)
    if not circuit.either_sign:
        return Choice(plain, circuit.products(num_bits, default), "")
    first = _measured(circuit, num_bits, plain)
    published = {key: value for key, value in circuit.known.get("published", {}).items() if key in sidecar.FIGURES}
    others = list(_others(circuit, num_bits, plain, sign_is_known))
    if not others or first.mae == 0 or _agrees(first, published):
        return Choice(plain, first.products, _reason(first, published))
    candidates = [first, *_distinct(circuit, num_bits, others, first)]
    agreeing = [candidate for candidate in candidates if _agrees(candidate, published)]
    if len(agreeing) == 1:
        return Choice(agreeing[0].reading, agreeing[0].products, _reason(agreeing[0], published))
    nearest = _nearest([c for c in agreeing or candidates if _has_same_bits(c, first)], first)
    return Choice(nearest.reading, nearest.products, _compared(nearest, first, candidates))


def _others(circuit, num_bits, plain, sign_is_known):
    """The readings that can be doubted, besides the default one; those with fewer reversed ports come first."""
    signs = [plain.signed]
    if circuit.either_sign and not sign_is_known and num_bits == SIGNED_BITS:
        signs.append(not plain.signed)
    orders: List[Tuple[str, ...]] = [()]
    if circuit.reversed_products is not None:
        orders = [order for count in range(len(PORTS) + 1) for order in itertools.combinations(PORTS, count)]
    return (reading for order in orders for reading in (Reading(sign, order) for sign in signs) if reading != plain)


def _measured(circuit, num_bits, reading):
    if circuit.reversed_products is not None:
        products = circuit.reversed_products(num_bits, *reading)
    else:
        products = circuit.products(num_bits, reading.signed)
    products = np.asarray(products)
    values = metrics.operands(num_bits, reading.signed)
    if products.shape != (len(values), len(values)):
        return _Candidate(reading, products, {"MAE": 0.0})  # the caller raises an error for such a shape
    exact = np.multiply.outer(values, values)
    distance = np.abs(products - exact)
    relevant = exact != 0
    errors = {
        "MAE": distance.mean(),
        "WCE": distance.max(),
        "EP%": 100 * (distance != 0).mean(),
        "MRE%": 100 * (distance[relevant] / np.abs(exact[relevant])).mean(),
        "MSE": (distance.astype(float) ** 2).mean(),
    }
    return _Candidate(reading, products, {key: float(value) for key, value in errors.items()})


def _distinct(circuit, num_bits, readings, first):
    """The candidates of further readings that can be computed and whose tables differ from those before them."""
    seen = {(first.reading.signed, first.products.tobytes())}
    for reading in readings:
        try:
            candidate = _measured(circuit, num_bits, reading)
        except ValueError:  # such as a C function that crashes for negative operands
            continue
        key = reading.signed, candidate.products.tobytes()
        if key not in seen:
            seen.add(key)
            yield candidate


def _agrees(candidate, published):
    return bool(published) and all(sidecar.agrees(candidate.errors[key], value) for key, value in published.items())


def _has_same_bits(candidate, first):
    """Whether a candidate is another reading of the bits of the first one.

    A C function of wide integers computes other products when it is called with negative operands, which prove nothing.
    """
    is_reversed = candidate.reading.reversed_ports != first.reading.reversed_ports
    return is_reversed or not ((candidate.products - first.products) & 0xFFFF).any()


def _nearest(candidates, first):
    """The default reading, or the only candidate that is far nearer to the exact product."""
    nearest = min([first, *candidates], key=lambda candidate: candidate.mae)  # the first of equal ones
    if FAR * nearest.mae >= first.mae:
        rivals = [candidate for candidate in candidates if candidate.reading == (not first.reading.signed, ())]
        rivals = [rival for rival in rivals if rival.mae <= first.mae]
        nearest = first
    else:
        rivals = [other for other in candidates if other is not nearest and other.mae <= _NEAR * nearest.mae]
    if rivals:
        listed = "; ".join(
            f"{candidate.reading.describe()} (MAE {candidate.mae:.4g})" for candidate in [nearest, *rivals][:4]
        )
        rule = "must be nearest to the exact product in one reading"
        raise UndecidedError("source", rule, listed, _remedy(rivals, nearest))
    return nearest


def _remedy(rivals, nearest):
    if any(rival.reading.signed != nearest.reading.signed for rival in rivals):
        return "signed", "tells whether the operands are signed"
    return "reverse", "tells which ports have reversed bits"


def _figures(candidate, published):
    return ", ".join(f"{key} {candidate.errors[key]:.6g}" for key in published)


def _reason(candidate, published):
    if _agrees(candidate, published):
        return f"the measured errors are the published ones ({_figures(candidate, published)})"
    if candidate.mae == 0:
        return "all products are exact"
    return f"MAE {candidate.mae:.4g}"


def _compared(taken, first, candidates):
    """The MAE of the reading that was taken, and that of the default one or else of the nearest other one."""
    others = [first] if taken is not first else sorted(candidates[1:], key=lambda candidate: candidate.mae)
    text = f"MAE {taken.mae:.4g}"
    return f"{text}; it would be {others[0].mae:.4g} with {others[0].reading.describe()}" if others else text
