"""The plot of several multipliers: MAE against power, and which of them no other one beats in both."""

from .. import metrics
from .plots import FORMATS, SIGNED, UNSIGNED, new_figure, save


def pareto_front(points):
    """Indices of the points that no other one beats in both numbers, by ascending first number.

    Args:
        points: list of pairs, the less the better. Of equal points the first one counts.

    Example:
        >>> pareto_front([(0.4, 0), (0.3, 5), (0.3, 9), (0.5, 1)])
        [1, 0]
    """
    front, least = [], float("inf")
    for index in sorted(range(len(points)), key=lambda index: (*points[index], index)):
        if points[index][1] < least:
            front.append(index)
            least = points[index][1]
    return front


def _numbered(axes, points, start, colour):
    """Writes a number beside each of the named points, above and below in turn; returns the lines of the key."""
    for index, (_, point) in enumerate(points):
        offset, sides = ((4, 3), ("left", "bottom")) if index % 2 == 0 else ((-4, -3), ("right", "top"))
        axes.annotate(
            str(start + index + 1),
            point,
            textcoords="offset points",
            xytext=offset,
            ha=sides[0],
            va=sides[1],
            fontsize=6.5,
            color=colour,
        )
    return [f"{start + index + 1:>2}  {name}" for index, (name, _) in enumerate(points)]


def mae_against_power(multipliers, path, formats=FORMATS):
    """Draws MAE against power of several multipliers of one width, with the Pareto fronts, numbered, and their names.

    Args:
        multipliers: list of `storage.Multiplier` that have `power_mW`.
        path: of the files, without suffix.
        formats: of `"png"` and `"svg"`.

    Returns:
        The paths written.

    Raises:
        ImportError: if matplotlib is not installed.
        ValueError: if there are less than two, or one has no power; or if they differ in width.
    """
    without = [multiplier.name for multiplier in multipliers if multiplier.sidecar["power_mW"] is None]
    if without or len(multipliers) < 2:
        received = f"no power_mW for {', '.join(without)} (import --power MW)" if without else f"{len(multipliers)}"
        raise ValueError(f"NAMES must be two or more multipliers with known power; received {received}")
    widths = sorted({multiplier.num_bits for multiplier in multipliers})
    if len(widths) > 1:
        raise ValueError(f"NAMES must have operands of one width; received {', '.join(map(str, widths))} bits")
    points = [(m.sidecar["power_mW"], metrics.errors(m.table).mae) for m in multipliers]
    figure, axes = new_figure()
    figure.set_size_inches(5.6, 4.6)
    key = []
    for signed, marker, colour in ((False, "o", UNSIGNED), (True, "s", SIGNED)):
        group = [index for index, multiplier in enumerate(multipliers) if multiplier.signed == signed]
        if group:
            label = "signed" if signed else "unsigned"
            inside = [points[index] for index in group]
            axes.scatter(*zip(*inside), s=20, marker=marker, facecolor="white", edgecolor=colour, label=label, zorder=3)
            front = [group[index] for index in pareto_front(inside)]
            axes.step(*zip(*(points[i] for i in front)), where="post", color=colour, linewidth=1, zorder=2)
            key += _numbered(axes, [(multipliers[i].name, points[i]) for i in front], len(key), colour)
    text = "\n".join(["Pareto fronts:", *key])
    spacing = min(1.35, 36 / len(key))  # a long key stays beside the axes
    axes.text(1.03, 1, text, transform=axes.transAxes, va="top", fontsize=7, linespacing=spacing)
    axes.set_yscale("symlog", linthresh=0.1, linscale=0.4)
    axes.set_ylim(-0.06, 3 * max(max(mae for _, mae in points), 1))
    axes.set_xlabel("power (mW)")
    axes.set_ylabel("mean absolute error (0 is exact)")
    axes.set_title(f"{len(points)} multipliers of {widths[0]} bits")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower left")
    return save(figure, path, formats)
