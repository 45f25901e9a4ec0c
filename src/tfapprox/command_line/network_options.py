"""Options that the commands for a whole network share, and what they mean."""

from __future__ import annotations

import fnmatch
from typing import Any

import typer

from tfapprox.common.argument_error import ArgumentError
from tfapprox.common.tables import load_truth_table
from tfapprox.search import loading
from tfapprox.search.costs import UNITS, Costs, multiplier_costs, read_costs

from .printing import line
from .shared_options import complete_name, completion

MODEL = typer.Argument(
    ...,
    metavar="MODEL",
    help="A .keras, .h5 or frozen .pb file, or package.module:function.",
    show_default=False,
)
DATA = typer.Option(
    ..., "--data", metavar="FILE.npz", help="x, and y for labels; or package.module:function.", show_default=False
)
MULTIPLIERS = typer.Option(
    ...,
    "--multipliers",
    "-m",
    metavar="PATTERN",
    help="Names or patterns; may be repeated.",
    show_default=False,
    autocompletion=complete_name,
)
CALIBRATION = typer.Option(
    None, "--calibration", metavar="FILE.npz", help="Samples for ranges and prediction instead of --data."
)
SAMPLES = typer.Option(None, "--samples", metavar="N", min=1, help="Use the first N samples only.")
COSTS = typer.Option(None, "--costs", metavar="FILE.json", help="Your costs, instead of a column of NAME.json.")
COLUMN = typer.Option(
    "power_mW",
    "--column",
    metavar="COLUMN",
    help="Column of NAME.json, or area_um2*delay_ns.",
    autocompletion=completion(*UNITS),
)
COMPENSATE = typer.Option(
    None, "--compensate/--no-compensate", help="Correct layers after each swap; by default in Keras models."
)
MIX = typer.Option(False, "--mix-sources", help="Compare costs of several sources.")


def names_and_costs(
    patterns: list[str], costs: str | None, column: str, mix_sources: bool, fixed: list[str]
) -> tuple[list[str], Costs]:
    """The names of multipliers with known costs, and their costs.

    Multipliers that a pattern finds and whose costs are not known are left out. Their names are printed.

    Args:
        patterns: names and patterns.
        costs: path of a file of costs, or `None` for those of NAME.json.
        column: column of NAME.json.
        mix_sources: whether several sources are compared.
        fixed: further multipliers that need costs.
    """
    named, found = loading.matching_multipliers(patterns)
    named = sorted({*named, *fixed})
    if costs is not None:
        known = read_costs(costs)
        kept = [name for name in found if name in known.values]
        missing = [name for name in named if name not in known.values]
        if missing:
            raise ArgumentError("costs", "must be known for all multipliers", f"none for {missing[0]}")
    else:
        kept = [name for name in found if _has_cost(name, column)]
        known = multiplier_costs([*named, *kept], column, mix_sources=mix_sources)
    left = sorted(set(found) - set(kept))
    if left:
        line(f"left out, because their costs are not known: {', '.join(left)}")
        line("`tfapprox multiplier annotate` states power, area and delay")
    names = sorted({*named, *kept})
    if not names:
        raise ArgumentError("multipliers", "must find multipliers with known costs", ", ".join(patterns))
    return names, known


def _has_cost(name, column):
    try:
        multiplier_costs([name], column)
    except ArgumentError as error:
        if error.argument != "costs":
            raise
        return False
    return True


def open_network(model: Any, names: list[str], calibration: Any, compensate: bool | None) -> Any:
    """The network of a command, for multipliers of one sign.

    Args:
        model: the argument MODEL, or the model that it means.
        names: names of the multipliers.
        calibration: samples for the ranges and the compensation.
        compensate: whether layers are compensated; with `None`, they are compensated in Keras models only.
    """
    signed = load_truth_table(names[0]).signed
    return loading.load_network(model, calibration, signed=signed, compensate=compensate)


def fixed_layers(words: list[str], layers: list[str]) -> dict[str, str]:
    """Layers with fixed multipliers from words LAYER=NAME, where LAYER may be a pattern.

    Args:
        words: the words.
        layers: names of all layers.
    """
    fixed = {}
    for word in words:
        layer, equals, name = word.rpartition("=")
        if not equals or not layer or not name:
            raise ArgumentError("fix", "must be LAYER=NAME", repr(word))
        fixed.update(dict.fromkeys(matching_layers([layer], layers, "fix"), name))
    return fixed


def matching_layers(patterns: list[str], layers: list[str], argument: str) -> list[str]:
    """The layers that names and patterns mean.

    Args:
        patterns: names and patterns.
        layers: names of all layers.
        argument: the caller's argument, with which errors begin.
    """
    found = []
    for pattern in patterns:
        matches = [layer for layer in layers if layer == pattern] or fnmatch.filter(layers, pattern)
        if not matches:
            raise ArgumentError(argument, f"must name layers, {', '.join(layers)}", repr(pattern))
        found += matches
    return found
