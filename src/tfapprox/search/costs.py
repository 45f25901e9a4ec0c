"""What a multiplication costs: a column of NAME.json, or figures of the user, with their unit and source."""

from __future__ import annotations

import functools
import json
import operator
import os
from typing import Any, Iterable, NamedTuple

from tfapprox.common import regular_files
from tfapprox.common.argument_error import ArgumentError
from tfapprox.common.multipliers import load, search_path, sidecar

from .energy import is_cost

UNITS = {"power_mW": "mW", "area_um2": "um2", "delay_ns": "ns"}
MAX_BYTES = 1 << 24  # the size of a file of costs, with room for 100,000 multipliers


class Costs(NamedTuple):
    """Costs of multipliers that can be compared with each other.

    Attributes:
        values: the cost of one multiplication by the name of the multiplier.
        unit: unit of the values, such as `"mW"`.
        source: where the values are from.
    """

    values: dict[str, float]
    unit: str
    source: str


def multiplier_costs(names: Iterable[str], column: str = "power_mW", *, mix_sources: bool = False) -> Costs:
    """Costs from a column of NAME.json, or the product of several columns.

    The source of a figure is what NAME.json has under `source`, in which the name of the multiplier is replaced by
    `NAME`, so that multipliers of one library agree. Without such an entry it is the file that has the figure.

    Args:
        names: names of multipliers, or paths of `.bin` files.
        column: `"power_mW"`, `"area_um2"`, `"delay_ns"`, or a product of these, such as `"area_um2*delay_ns"`.
        mix_sources: whether figures of several sources are allowed. They are comparable only if the technology and the
            conditions are the same.

    Returns:
        The `Costs`, by the names in `names`.

    Raises:
        FileNotFoundError: if there is no multiplier of a name.
        ValueError: if `column` is not possible, a multiplier has no figure, or there are several sources and
            `mix_sources` is false.

    Example:
        >>> multiplier_costs(["mul8u_drum4"])
        Traceback (most recent call last):
            ...
        tfapprox.common.argument_error.ArgumentError: costs must be known for all multipliers; received no power_mW \
for mul8u_drum4; `tfapprox multiplier annotate` states it
    """
    factors = [factor.strip() for factor in column.split("*")]
    if not all(factor in UNITS for factor in factors):
        raise ArgumentError(
            "column", f"must be one of {', '.join(UNITS)}, or a product such as area_um2*delay_ns", column
        )
    values: dict[str, float] = {}
    sources: dict[str, list[str]] = {}
    for name in names:
        multiplier = load(name)
        figures = [multiplier.sidecar[factor] for factor in factors]
        if None in figures:
            missing = factors[figures.index(None)]
            remedy = ("`tfapprox multiplier annotate`", "states it")
            raise ArgumentError("costs", "must be known for all multipliers", f"no {missing} for {name}", remedy)
        values[name] = functools.reduce(operator.mul, map(float, figures))
        sources.setdefault(_source(multiplier), []).append(name)
    if len(sources) > 1 and not mix_sources:
        listed = "; ".join(f"{source}: {', '.join(sorted(found)[:3])}" for source, found in sources.items())
        rule = "must be of one source, because power of different technologies cannot be compared"
        raise ArgumentError("costs", rule, listed, ("mix_sources=True", "compares them nevertheless"))
    return Costs(values, "*".join(UNITS[factor] for factor in factors), "; ".join(sources))


def _source(multiplier):
    text = multiplier.sidecar["source"]
    if text:
        return text.replace(multiplier.name, "NAME")
    if multiplier.path is not None:
        return _file(multiplier.path)
    places = [folder / f"{multiplier.name}.bin" for folder in search_path()]  # the multiplier is built in
    return next(_file(place) for place in places if sidecar.read(place, multiplier.table.sha256) == multiplier.sidecar)


def _file(path):
    """The file that has the figures of a table."""
    own = path.with_suffix(".json")
    return str(own if own.exists() else path.with_name(sidecar.COLLECTION))


def read_costs(path: str | os.PathLike[str]) -> Costs:
    """Costs from a JSON file of the user.

    Args:
        path: path of a file such as `{"unit": "fJ", "source": "synthesis, 7 nm", "costs": {"mul8u_drum4": 41.5}}`.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is not such a file.

    Example:
        >>> import os, tempfile
        >>> path = os.path.join(tempfile.mkdtemp(), "costs.json")
        >>> with open(path, "w") as file:
        ...     _ = file.write('{"unit": "fJ", "source": "synthesis", "costs": {"mul8u_drum4": 41.5}}')
        >>> read_costs(path)
        Costs(values={'mul8u_drum4': 41.5}, unit='fJ', source='synthesis')
    """
    name = os.fspath(path)
    try:
        content: Any = json.loads(regular_files.read(path, MAX_BYTES).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ArgumentError(name, "must be JSON", error) from error
    content = content if isinstance(content, dict) else {}
    unit, source = content.get("unit"), content.get("source")
    if not (isinstance(unit, str) and unit and isinstance(source, str) and source):
        raise ArgumentError(name, "must have an object with texts under unit and source", repr(content)[:80])
    values = content.get("costs")
    if not isinstance(values, dict) or not values:
        raise ArgumentError(name, "must have an object from multiplier to cost under costs", repr(values)[:80])
    for multiplier, value in values.items():
        if not is_cost(value):
            raise ArgumentError(f"{name}: {multiplier}", "must be a finite number from 0", repr(value))
    return Costs({key: float(value) for key, value in values.items()}, unit, source)
