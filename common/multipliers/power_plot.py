"""The plot of several multipliers: MAE against power, with the Pareto front."""

from typing import Any, List, Sequence, Tuple

from .. import metrics
from ..argument_error import ArgumentError
from .captions import Captions
from .identity import DIGITS
from .plots import SIGNED, UNSIGNED, add_legend, new_figure
from .storage import Multiplier


def pareto_front(points: Sequence[Tuple[float, float]]) -> List[int]:
    """Indices of the points that no other point beats in both numbers, by ascending first number.

    Args:
        points: pairs of costs. Of equal points only the first one is in the front.

    Example:
        >>> pareto_front([(0.4, 0), (0.3, 5), (0.3, 9), (0.5, 1)])
        [1, 0]
    """
    front, lowest = [], float("inf")
    for index in sorted(range(len(points)), key=lambda index: (*points[index], index)):
        if points[index][1] < lowest:
            front.append(index)
            lowest = points[index][1]
    return front


def _label(multiplier):
    return f"{multiplier.name} {multiplier.table.sha256[:DIGITS]}"


def mae_against_power(multipliers: Sequence[Multiplier]) -> Any:
    """Draws MAE against power of several multipliers of one width, with a Pareto front for each sign.

    The multipliers of the fronts are numbered, and a key has their names and the first digits of their SHA-256.

    Args:
        multipliers: two or more objects `Multiplier` with `power_mW` in their sidecars.

    Returns:
        A `matplotlib.figure.Figure`, 5.6 by 4.6 inches. A notebook shows it, and `plots.save` writes it.

    Raises:
        ArgumentError: if there are fewer than two multipliers, one has no power, or they differ in width.
        ImportError: if matplotlib is not installed.
    """
    without = [multiplier.name for multiplier in multipliers if multiplier.sidecar["power_mW"] is None]
    if without or len(multipliers) < 2:
        missing = f"no power_mW in NAME.json of {', '.join(without)}"
        received = missing if without else len(multipliers)
        remedy = ("`tfapprox multiplier annotate`", "states it") if without else None
        raise ArgumentError("multipliers", "must be two or more multipliers with known power", received, remedy)
    widths = sorted({multiplier.num_bits for multiplier in multipliers})
    if len(widths) > 1:
        received = f"{', '.join(map(str, widths))} bits"
        raise ArgumentError("multipliers", "must have operands of one width", received)
    points = [(m.sidecar["power_mW"], metrics.errors(m.table).mae) for m in multipliers]
    figure, axes = new_figure()
    figure.set_size_inches(5.6, 4.6)
    key: List[Tuple[str, Tuple[float, float], str]] = []
    for signed, marker, colour in ((False, "o", UNSIGNED), (True, "s", SIGNED)):
        group = [index for index, multiplier in enumerate(multipliers) if multiplier.signed == signed]
        if group:
            label = "signed" if signed else "unsigned"
            inside = [points[index] for index in group]
            axes.scatter(*zip(*inside), s=20, marker=marker, facecolor="white", edgecolor=colour, label=label, zorder=3)
            front = [group[index] for index in pareto_front(inside)]
            axes.step(*zip(*(points[i] for i in front)), where="post", color=colour, linewidth=1, zorder=2)
            key += [(_label(multipliers[index]), points[index], colour) for index in front]
    text = "\n".join(["Pareto fronts:", *(f"{number:>2}  {name}" for number, (name, _, _) in enumerate(key, 1))])
    spacing = min(1.35, 36 / len(key))  # a long key is not higher than the axes
    axes.text(1.03, 1, text, transform=axes.transAxes, va="top", fontsize=7, linespacing=spacing)
    axes.set_yscale("symlog", linthresh=0.1, linscale=0.4)
    axes.set_ylim(-0.06, 3 * max(max(mae for _, mae in points), 1))
    axes.set_xlabel("power (mW)")
    axes.set_ylabel("mean absolute error (0 is exact)")
    axes.grid(alpha=0.3)
    add_legend(axes, f"{len(points)} multipliers of {widths[0]} bits")
    captions = Captions.of(axes, points)
    for number, (_, point, colour) in enumerate(key, 1):
        captions.add(str(number), point, colour, 6.5)
    return figure
