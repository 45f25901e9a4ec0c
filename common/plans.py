"""How the core computes the sums of a table's products (docs/plans.md): the plans that it has found and proven.

This module is apart from native.py, because it shows what the core decides instead of computing. Tests and diagnostics
call it.
"""

import ctypes
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from . import _abi
from ._bindings import check, core
from ._core_tables import Table
from ._validation import number
from .argument_error import ArgumentError
from .truth_table import TableLike, is_signed

NAMES = ("exact", "polynomial", "error_plane", "classes", "look_up")


@dataclass(eq=False)
class Plan:
    """One plan of a table. The arrays are indexed by the 256 codes of an operand, for a signed table by code + 128.

    Attributes:
        name: `"exact"`, `"polynomial"`, `"error_plane"`, `"classes"` or `"look_up"`.
        activation, weight: int32 `[256]`, added for each product.
        feature: uint8 `[terms, 256]`, the feature of each term by activation code.
        coefficient: int8 `[terms, 256]`, the coefficient of each term by weight code.
        shift: int32 `[terms]`, the shift of each term in bits, ascending.
        taps_per_flush: the number of taps over which the sums of the terms of one shift fit 32 bits.
        error: uint8 `[256 weights, 256 activations]`, the error plane; `None` unless the plan is `"error_plane"`.
        class_of: uint8 `[256]`, the class of each activation code; `None` unless the plan is `"classes"`.
        class_columns: uint16 `[256 weights, 64 or 128]`, the residual by class; `None` unless the plan is `"classes"`.
        classes: the number of different rows.
    """

    name: str
    activation: np.ndarray
    weight: np.ndarray
    feature: np.ndarray
    coefficient: np.ndarray
    shift: np.ndarray
    taps_per_flush: int
    error: Optional[np.ndarray] = None
    class_of: Optional[np.ndarray] = None
    class_columns: Optional[np.ndarray] = None
    classes: int = 0

    @property
    def terms(self) -> int:
        """How many int8 products stand for one product of the table."""
        return len(self.shift)

    def products(self, table: TableLike) -> np.ndarray:
        """The products of all pairs of codes by this plan, equation (P1): int64 of the shape and order of `table`.

        Args:
            table: the truth table, of which `"look_up"` reads its residual; the other plans take only its shape and
                dtype.
        """
        table = np.asarray(table)
        codes = len(table)
        half = codes // 2 if is_signed(table) else 0  # the step between two's complement and code + 128
        sums = self.activation[:codes, np.newaxis].astype(np.int64) + self.weight[np.newaxis, :codes]
        for feature, coefficient, shift in zip(self.feature, self.coefficient, self.shift):
            sums += np.multiply.outer(feature[:codes].astype(np.int64), coefficient[:codes]) << int(shift)
        if self.error is not None:
            sums += self.error[:codes, :codes].T
        elif self.class_columns is not None and self.class_of is not None:
            sums += self.class_columns[:codes, self.class_of[:codes]].T
        elif self.name == "look_up":
            sums += np.roll(table, half, (0, 1)).astype(np.int64) + half * codes  # (P13)
        return np.roll(sums, -half, (0, 1))


def _array(pointer: Any, *shape: int) -> Any:
    """A copy of an array of the core, `None` where there is none."""
    return np.ctypeslib.as_array(pointer, shape).copy() if pointer else None


def _terms(table: Table, index: int, count: int) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    feature, coefficient = np.empty((count, 256), np.uint8), np.empty((count, 256), np.int8)
    shift = np.empty(count, np.int32)
    for term in range(count):
        features, coefficients = ctypes.POINTER(ctypes.c_uint8)(), ctypes.POINTER(ctypes.c_int8)()
        power, error = ctypes.c_int32(), _abi.Error()
        pointers = [ctypes.byref(features), ctypes.byref(coefficients), ctypes.byref(power), ctypes.byref(error)]
        check(core().tfapprox_plan_term(table.handle, index, term, *pointers), error)
        feature[term], coefficient[term] = _array(features, 256), _array(coefficients, 256)
        shift[term] = power.value
    return feature, coefficient, shift


def _describe(table: Table, index: int) -> Plan:
    plan, error = _abi.Plan(), _abi.Error()
    check(core().tfapprox_plan_describe(table.handle, index, ctypes.byref(plan), ctypes.byref(error)), error)
    feature, coefficient, shift = _terms(table, index, plan.terms)
    return Plan(
        plan.name.decode(),
        _array(plan.activation, 256),
        _array(plan.weight, 256),
        feature,
        coefficient,
        shift,
        plan.taps_per_flush,
        _array(plan.error, 256, 256),
        _array(plan.class_of, 256),
        _array(plan.class_columns, 256, plan.class_stride),
        plan.classes,
    )


def plans(table: Optional[TableLike], num_bits: int = 8) -> List[Plan]:
    """Every plan of a truth table, in the order exact, polynomial, error_plane, classes and look_up.

    Args:
        table: a `TruthTable`, or an integer array `[2**num_bits, 2**num_bits]`, activation code first, signed if it is
            int16; `None` is the exact product of unsigned codes.
        num_bits: width of both operands, 2 to 8; 8 for a signed table.

    Returns:
        A list of `Plan`; `"look_up"` is always the last one.

    Raises:
        ValueError: if the width or the shape is wrong.

    Example:
        >>> from tfapprox.common import load_table
        >>> [plan.name for plan in plans(load_table("mul8u_trunc2"))]
        ['polynomial', 'error_plane', 'look_up']
    """
    shared = Table(table, num_bits)
    listed = [_describe(shared, 0)]
    while listed[-1].name != "look_up":
        listed.append(_describe(shared, len(listed)))
    return listed


def _checked_costs(costs):
    """The `_abi.PlanCosts` of a dictionary."""
    names = [field[0] for field in _abi.PlanCosts._fields_]
    if not isinstance(costs, dict) or not set(costs) <= set(names):
        raise ArgumentError("costs", f"must be a dictionary of {', '.join(names)}", repr(costs))
    return _abi.PlanCosts(**{name: number(f"costs {name}", cost) for name, cost in costs.items()})


def plan(table: Optional[TableLike], num_bits: int = 8, costs: Optional[Dict[str, float]] = None) -> str:
    """Name of the plan that the core uses for a truth table, such as `"look_up"`.

    Args:
        table: a `TruthTable`, or an integer array `[2**num_bits, 2**num_bits]`, activation code first, signed if it is
            int16; `None` is the exact product of unsigned codes.
        num_bits: width of both operands, 2 to 8; 8 for a signed table.
        costs: a dictionary with the costs of the units of work `term`, `error_plane`, `classes_64`, `classes_128` and
            `look_up`. A unit whose cost is 0 or missing cannot be done. By default, the costs are those of the CPU path
            in use.

    Raises:
        ValueError: if the width or the shape is wrong, if a cost is negative, or if `TFAPPROX_PLAN` names a plan that
            is unknown or that does not apply.

    Example:
        >>> from tfapprox.common import load_table
        >>> plan(load_table("mul8u_drum4"), costs={"term": 0.2, "look_up": 1.0})
        'polynomial'
    """
    shared, index, error = Table(table, num_bits), ctypes.c_int32(), _abi.Error()
    pointer = ctypes.byref(_checked_costs(costs)) if costs is not None else None
    check(core().tfapprox_plan_choose(shared.handle, pointer, ctypes.byref(index), ctypes.byref(error)), error)
    return _describe(shared, index.value).name
