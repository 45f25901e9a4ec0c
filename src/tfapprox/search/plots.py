"""Plots of a search for papers and for the report: front, energy by layer, sensitivity, and hypervolume."""

from __future__ import annotations

import importlib
import io
import os
from typing import Any, Mapping

import numpy as np

from tfapprox.common import atomic_files
from tfapprox.common.multipliers.plots import add_legend

from .sensitivity import Sensitivity

FORMATS = ("pdf", "png")
_COLOURS = ("#0072b2", "#d55e00", "#009e73")  # colours of Okabe and Ito, which colour-blind readers tell apart


def described_reference(known: Mapping[str, Any]) -> str:
    """What energy is relative to, in words.

    Args:
        known: what front.json has.

    Example:
        >>> described_reference({"reference": "mul8u_X", "reference is exact": False})
        'mul8u_X in all layers'
    """
    return "exact multipliers" if known["reference is exact"] else f"{known['reference']} in all layers"


def short_measure(known: Mapping[str, Any]) -> str:
    """The measure in one word: `"accuracy"`, `"agreement"`, or the name of the user's function.

    Args:
        known: what front.json has.
    """
    return str(known["measure"]).split(" ", maxsplit=1)[0]


def _figure(width=6.4, height=4.0):
    try:
        module: Any = importlib.import_module("matplotlib.figure")
    except ImportError as error:
        raise ImportError("plots need matplotlib; pip install 'tfapprox[search]'") from error
    figure = module.Figure((width, height), layout="constrained")
    return figure, figure.subplots()


def front_plot(known: Mapping[str, Any]) -> Any:
    """Accuracy against relative energy: the front, also after retraining, and points of one multiplier in all layers.

    Args:
        known: what front.json has.

    Returns:
        A matplotlib figure.
    """
    figure, axes = _figure()
    front, uniform = known["front"], known["uniform"]
    if uniform:
        points = [(entry["relative_energy"], entry["accuracy"]) for entry in uniform]
        axes.scatter(*zip(*points), color=_COLOURS[1], marker="x", label="one multiplier in all layers")
    if front:
        points = [(entry["relative_energy"], entry["accuracy"]) for entry in front]
        axes.step(*zip(*points), where="post", color=_COLOURS[0])
        axes.scatter(*zip(*points), color=_COLOURS[0], label="front")
    retrained = [(e["relative_energy"], e["retrained_accuracy"]) for e in front if "retrained_accuracy" in e]
    if retrained:
        best = [point for i, point in enumerate(retrained) if point[1] > max([0.0, *(p[1] for p in retrained[:i])])]
        axes.step(*zip(*best), where="post", color=_COLOURS[2], linestyle="--")
        axes.scatter(*zip(*retrained), color=_COLOURS[2], marker="^", label="front after retraining")
    axes.axvline(1, color="#777777", linewidth=0.8, linestyle=":")
    xlabel = f"energy of the multiplications, relative to {described_reference(known)}"
    axes.set(xlabel=xlabel, ylabel=short_measure(known))
    add_legend(axes)
    return figure


def layer_energy_plot(known: Mapping[str, Any]) -> Any:
    """The share of each layer in the energy of the points of the front.

    Args:
        known: what front.json has.

    Returns:
        A matplotlib figure.
    """
    front, layers = known["front"], known["layers"]
    figure, axes = _figure(height=1.6 + 0.25 * len(front))
    bottom, total = np.zeros(len(front)), sum(known["macs"]) * known["reference energy"]
    colours = importlib.import_module("matplotlib").colormaps["viridis"](np.linspace(0, 0.95, len(layers)))
    for layer, macs, colour in zip(layers, known["macs"], colours):
        shares = np.array([macs * known["costs"][entry["assignment"][layer]] / total for entry in front])
        axes.barh(range(len(front)), shares, left=bottom, color=colour, label=layer)
        bottom = bottom + shares
    axes.set(xlabel=f"energy relative to {described_reference(known)}", yticks=range(len(front)))
    axes.set_yticklabels([f"{entry['accuracy']:.4f}" for entry in front])
    axes.set_ylabel(f"{short_measure(known)} of each point")
    add_legend(axes, fontsize=7)
    return figure


def sensitivity_plot(sensitivity: Sensitivity, measured: bool = False) -> Any:
    """A heat map of the change of the outputs by layer and multiplier, from the least to the most harmful multiplier.

    Args:
        sensitivity: the changes.
        measured: whether to show those of single swaps instead of the predicted ones.

    Returns:
        A matplotlib figure.
    """
    values = sensitivity.measured if measured and sensitivity.measured is not None else sensitivity.predicted
    order = np.argsort(np.minimum(values, 1e6).sum(axis=0), kind="stable")
    longest = (max(map(len, names)) for names in (sensitivity.layers, sensitivity.multipliers))
    left, below = (0.06 * characters for characters in longest)
    figure, axes = _figure(1.4 + left + 0.22 * len(order), 1.8 + below + 0.25 * len(sensitivity.layers))
    shown = np.log10(np.clip(values[:, order], 1e-8, 1e3))
    image = axes.imshow(shown, aspect="auto", cmap="cividis", vmin=max(-8.0, float(shown.min())), vmax=3)
    axes.set(yticks=range(len(sensitivity.layers)), xticks=range(len(order)))
    axes.set_yticklabels(sensitivity.layers, fontsize=8)
    axes.set_xticklabels([sensitivity.multipliers[i] for i in order], rotation=90, fontsize=7)
    figure.colorbar(image, ax=axes, label="log10 of the relative change")
    return figure


def scatter_plot(sensitivity: Sensitivity) -> Any:
    """The predicted change against that of single swaps, a colour for each layer.

    Args:
        sensitivity: the changes, with single swaps.

    Returns:
        A matplotlib figure.
    """
    figure, axes = _figure()
    assert sensitivity.measured is not None
    for layer, predicted, measured in zip(sensitivity.layers, sensitivity.predicted, sensitivity.measured):
        is_shown = (predicted > 0) & (measured > 0)
        axes.scatter(predicted[is_shown], measured[is_shown], s=12, label=layer)
    axes.set(xlabel="predicted change of the outputs", ylabel="measured by single swaps")
    if np.any((sensitivity.predicted > 0) & (sensitivity.measured > 0)):  # no logarithm without positive numbers
        axes.set(xscale="log", yscale="log")
    correlation = sensitivity.rank_correlation()
    add_legend(axes, "no rank correlation" if correlation is None else f"rank correlation {correlation:.3f}", 7)
    return figure


def hypervolume_plot(known: Mapping[str, Any]) -> Any:
    """The hypervolume over the evaluations.

    Args:
        known: what front.json has.

    Returns:
        A matplotlib figure.
    """
    figure, axes = _figure(height=3.0)
    axes.plot(range(1, len(known["hypervolume"]) + 1), known["hypervolume"], color=_COLOURS[0])
    axes.set(xlabel="evaluations", ylabel="hypervolume")
    return figure


def accuracy_plot(known: Mapping[str, Any]) -> Any:
    """The accuracy before a retraining and after each epoch of it, beside that of the exact network.

    Args:
        known: what retrain.json has.

    Returns:
        A matplotlib figure.
    """
    figure, axes = _figure(height=3.0)
    accuracies = [known["before"], *known["accuracy"]]
    axes.plot(range(len(accuracies)), accuracies, marker="o", color=_COLOURS[0], label="approximate")
    axes.axhline(known["exact"], color="#777777", linewidth=0.8, linestyle=":", label="exact, in floating point")
    axes.set(xlabel="epochs of retraining", ylabel="accuracy")
    axes.xaxis.get_major_locator().set_params(integer=True)
    add_legend(axes)
    return figure


def save(figure: Any, stem: str) -> list[str]:
    """Writes a figure as `stem.pdf` and `stem.png`.

    Returns:
        The paths of the files.

    Raises:
        OSError: if a file cannot be written.
    """
    paths = []
    for format in FORMATS:
        content = io.BytesIO()
        figure.savefig(content, format=format, dpi=200, metadata={"CreationDate": None} if format == "pdf" else None)
        paths.append(f"{stem}.{format}")
        atomic_files.write(paths[-1], content.getvalue())
    return paths


def as_svg(figure: Any) -> str:
    """The text of a figure as an SVG element, which an HTML page can hold."""
    content = io.StringIO()
    figure.savefig(content, format="svg")
    text = content.getvalue()
    return text[text.index("<svg") :]


def write_plots(known: Mapping[str, Any], sensitivity: Sensitivity, folder: str) -> list[str]:
    """Writes all plots of a search as PDF and PNG.

    Args:
        known: what front.json has.
        sensitivity: the changes that the search began with.
        folder: where to write.

    Returns:
        The paths of the files.
    """
    figures = {
        "front": front_plot(known),
        "energy": layer_energy_plot(known),
        "sensitivity": sensitivity_plot(sensitivity),
        "hypervolume": hypervolume_plot(known),
    }
    return [path for name, figure in figures.items() for path in save(figure, os.path.join(folder, name))]
