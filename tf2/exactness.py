"""Says which parts of a model multiply exactly, so that a network that is mostly exact does not look approximate."""

from __future__ import annotations

import logging
import warnings
from typing import Any, Collection

import keras

from .approximate_products import ApproximateProducts
from .copying import Copy
from .counting import Multiplying, count_macs, operations_by_path
from .layer_paths import layers_by_path

_logger = logging.getLogger("tfapprox")
# Modules of Keras whose layers compute no sums of products, by the beginning of their names, and the exceptions.
_WITHOUT_PRODUCTS = (
    "keras.src.models.",
    *(
        f"keras.src.layers.{name}"
        for name in (
            "activations.",
            "core.identity",
            "core.input_layer",
            "core.masking",
            "core.wrapper",
            "merging.",
            "normalization.",
            "pooling.",
            "preprocessing.normalization",
            "preprocessing.rescaling",
            "regularization.",
            "reshaping.",
            "rnn.bidirectional",
            "rnn.time_distributed",
        )
    ),
)
_WITH_PRODUCTS = (keras.layers.Dot, keras.layers.SpectralNormalization)


def warn_of_exact_layers(copy: Copy, asked: Collection[str]) -> None:
    """Warns of all parts of a copy that multiply exactly, and logs those that the user asked for.

    Args:
        copy: a copy with approximate layers.
        asked: paths of the layers that the user wanted to stay exact.
    """
    exact, total = _exact_parts(copy.model)
    exact = [row._replace(path=copy.paths.get(id(row.layer), row.path)) for row in exact]
    unasked = [row for row in exact if row.path not in asked]
    if unasked:
        text = ", ".join(_described(row, total, copy.reasons.get(id(row.layer))) for row in unasked)
        warnings.warn(f"layers that stay exact: {text}", stacklevel=3)
    wanted = [row for row in exact if row.path in asked]
    if wanted:
        text = ", ".join(_described(row, total, None) for row in wanted)
        _logger.warning("layers that stay exact because you asked for it: %s", text)


def _exact_parts(model: Any) -> tuple[list[Multiplying], int | None]:
    """The exact parts of a model, and the number of MACs of the whole model, `None` if it is not known."""
    candidates = [
        Multiplying(path, layer, None)
        for path, layer in [(model.name, model), *layers_by_path(model), *operations_by_path(model)]
        if not isinstance(layer, ApproximateProducts) and _may_multiply(layer)
    ]
    if not candidates:
        return [], None
    try:
        rows = count_macs(model)
    except Exception:  # a model that cannot be traced, or whose inputs are not known
        return candidates, None
    total = None if any(row.macs is None for row in rows) else sum(row.macs or 0 for row in rows)
    return [row for row in rows if not isinstance(row.layer, ApproximateProducts)], total


def _may_multiply(layer):
    """Whether a layer, model or operation can multiply: all do, except those of Keras that are known not to."""
    is_harmless = type(layer).__module__.startswith(_WITHOUT_PRODUCTS) and not isinstance(layer, _WITH_PRODUCTS)
    return not is_harmless and type(layer).__module__.split(".")[0] != __package__.split(".")[0]


def _described(row, total, reason):
    share = f"{row.macs / total:.1%} of the MACs" if total and row.macs is not None else "unknown share of the MACs"
    kind = type(row.layer).__name__
    return f"{row.path} ({kind}, {share}{f'; {reason}' if reason else ''})"
