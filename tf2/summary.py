"""What a model multiplies, with which multipliers, in which ranges, and what that costs."""

from __future__ import annotations

from typing import Any

import keras

from tfapprox.common.assignment import choice_of
from tfapprox.common.multipliers import load
from tfapprox.common.truth_table import TruthTable

from .approximate_products import ApproximateProducts
from .checked_model import check_model
from .counting import Multiplying, count_macs
from .model_summary import LayerSummary, ModelSummary

# Power of the exact 8-bit multipliers mul8u_1JFF and mul8s_1KV8 in EvoApproxLib (45 nm), by whether they are signed.
EXACT_POWER_MW = {False: 0.391, True: 0.425}


def summary(model: keras.Model, input_shape: Any = None, *, exact_power_mw: float | None = None) -> ModelSummary:
    """The layers of a model that multiply, with multipliers, ranges, and shares of the multiplications and of energy.

    The energy of the multiplications, relative to exact multipliers, is `sum of MACs * power / (exact power * sum of
    MACs)` over the layers, where the power of a multiplier is what its NAME.json says. Layers with exact products count
    with the exact power. The energy is not known if the power of one multiplier is not known.

    Args:
        model: a built model.
        input_shape: shape of one sample without the batch, or a list or dictionary of shapes if there are several
            inputs; by default that of the model. It is needed if the model leaves sizes open.
        exact_power_mw: power of the exact multiplier in mW, of the same technology as the others. By default it is that
            of EvoApproxLib for 8 bits (45 nm), 0.391 mW, or 0.425 mW if the model has signed multipliers; if it has
            both kinds, or other widths, the energy is not known.

    Returns:
        A `ModelSummary`, which prints as a table, and has `to_csv`, `to_json`, `to_latex` and `to_dataframe`.

    Raises:
        TypeError: if `model` is no model of Keras 3.
        ValueError: if the shape of the input is not known, or `exact_power_mw` is not positive.

    Example:
        >>> from tfapprox.tf2 import FakeApproxConv2D
        >>> layer = FakeApproxConv2D(4, 3, mul_map_file="mul8u_drum4")
        >>> row = summary(keras.Sequential([keras.Input([8, 8, 1]), layer])).layers[0]
        >>> row.macs, row.multiplier, row.sha256, row.ranges, row.share
        (1296, 'mul8u_drum4', 'eda35ed103be9f2a', 'batch', 1.0)
    """
    check_model(model)
    if exact_power_mw is not None and not exact_power_mw > 0:
        raise ValueError(f"exact_power_mw must be more than 0; received {exact_power_mw!r}")
    rows = count_macs(model, input_shape)
    tables = {row.path: _table(row.layer) for row in rows}
    if exact_power_mw is None:
        exact_power_mw = _published_exact_power([table for table in tables.values() if table is not None])
    counts = [row.macs for row in rows]
    total = None if None in counts else sum(count or 0 for count in counts)
    layers = [_layer_summary(row, total, tables[row.path], exact_power_mw) for row in rows]
    return ModelSummary(model.name, layers, exact_power_mw)


def _table(layer: Any) -> TruthTable | None:
    return layer.multiplier if isinstance(layer, ApproximateProducts) else None


def _published_exact_power(tables: list[TruthTable]) -> float | None:
    kinds = {(table.num_bits, table.signed) for table in tables} or {(8, False)}
    (bits, signed), *others = sorted(kinds)
    return EXACT_POWER_MW[signed] if bits == 8 and not others else None


def _layer_summary(row: Multiplying, total: int | None, table: TruthTable | None, exact: float | None) -> LayerSummary:
    share = row.macs / total if total and row.macs is not None else None
    kind = type(row.layer).__name__
    if table is None:
        return LayerSummary(row.path, kind, row.macs, share, power_mw=exact)
    power, source = _power(row.layer, table, exact)
    return LayerSummary(
        row.path,
        kind,
        row.macs,
        share,
        multiplier=table.name or "a table without a name",
        sha256=table.sha256[:16],
        ranges=row.layer.ranges
        + (", per channel" if row.layer.per_channel else "")
        + (", compensated" if row.layer.compensation else ""),
        power_mw=power,
        power_source=source,
    )


def _power(layer, table, exact):
    """The power of a multiplier in mW, and where that is from; `None` and `""` where it is not known."""
    if table == TruthTable.exact(table.num_bits, table.signed):
        return exact, ""
    try:
        multiplier = load(str(choice_of(table, layer.mul_map_file).multiplier))
    except (OSError, ValueError):  # a table that was given by value, or whose file is on another machine
        return None, ""
    power = multiplier.sidecar["power_mW"]
    if power is None:
        return None, ""
    return float(power), multiplier.sidecar["source"] or f"NAME.json of {table.name}"
