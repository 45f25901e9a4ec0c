"""Plots of multipliers for screen and print: where a table errs, how much, and what less power costs.

Needs matplotlib, which is imported when the first plot is made.
"""

import pathlib

import numpy as np

from .. import metrics
from ..reference import exact_table

FORMATS = ("png", "svg")
_WIDTH, _HEIGHT = 5.0, 4.2  # inches: a column of a paper, with fonts that stay readable there
_DOTS = 200  # per inch, of PNG
UNSIGNED, SIGNED = "#35618f", "#b5482a"  # told apart in grey, too


def new_figure():
    """A new figure and its axes, without a window and apart from the caller's own plots."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(f"plots need matplotlib: pip install matplotlib ({error})") from error
    figure = Figure(figsize=(_WIDTH, _HEIGHT))
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def save(figure, path, formats):
    """Writes `path` with each suffix and returns the paths."""
    unknown = [kind for kind in formats if kind not in FORMATS]
    if unknown or not formats:
        raise ValueError(f"--format must be of {', '.join(FORMATS)}; received {', '.join(unknown) or 'none'}")
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    written = [path.with_name(f"{path.name}.{kind}") for kind in formats]
    for file in written:
        figure.savefig(str(file), dpi=_DOTS, bbox_inches="tight", pad_inches=0.05)
    return written


def _errors(multiplier):
    """Table less exact products, with the values of the codes; both in ascending order of the values."""
    values = metrics.operands(multiplier.num_bits, multiplier.signed)
    order = np.argsort(values)
    errors = multiplier.table.astype(np.int64) - exact_table(multiplier.num_bits, multiplier.signed)
    return errors[np.ix_(order, order)], values[order]


def error_heat_map(multiplier, path, formats=FORMATS):
    """Draws the error of every pair of operands: activation upwards, weight to the right.

    Args:
        multiplier: a `storage.Multiplier`.
        path: of the files, without suffix.
        formats: of `"png"` and `"svg"`.

    Returns:
        The paths written.

    Raises:
        ImportError: if matplotlib is not installed.
        ValueError: if a format is unknown.
    """
    figure, axes = new_figure()
    errors, values = _errors(multiplier)
    limit = max(int(np.abs(errors).max()), 1)
    edges = [values[0] - 0.5, values[-1] + 0.5]
    image = axes.imshow(
        errors, cmap="RdBu_r", vmin=-limit, vmax=limit, origin="lower", extent=edges * 2, interpolation="nearest"
    )
    ticks = values[:: max(len(values) // 4, 1)]
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks([*ticks, values[-1]])
    axes.set_xlabel("weight")
    axes.set_ylabel("activation")
    axes.set_title(f"{multiplier.name}: error of the product")
    figure.colorbar(image, ax=axes, fraction=0.046, pad=0.03).set_label("table less exact product")
    return save(figure, path, formats)


def error_histogram(multiplier, path, formats=FORMATS):
    """Draws how many pairs of operands have which error; arguments as `error_heat_map` has them."""
    figure, axes = new_figure()
    errors, _ = _errors(multiplier)
    reach = max(int(np.abs(errors).max()), 3)
    width = 1 + 2 * (reach // 60)  # odd, so that the bar in the middle is that of 0
    bars = -(-(2 * reach + 1) // (2 * width))
    edges = (np.arange(-bars, bars + 2) - 0.5) * width
    axes.hist(errors.ravel(), bins=edges, color=UNSIGNED, edgecolor="white", linewidth=0.3)
    axes.locator_params(axis="x", nbins=5)
    axes.set_yscale("log")
    axes.set_ylim(0.7, 1.5 * errors.size)
    axes.set_xlabel("error: table less exact product" + (f" (bars of {width})" if width > 1 else ""))
    axes.set_ylabel(f"pairs of operands, of {errors.size:,}")
    figures = metrics.errors(multiplier.table)
    axes.set_title(
        f"{multiplier.name}: MAE {figures.mae:.4g}, WCE {figures.wce:.0f}, EP {100 * figures.ep:.2f} %", fontsize=10
    )
    axes.grid(axis="y", alpha=0.3)
    return save(figure, path, formats)
