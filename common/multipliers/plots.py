"""Plots of multipliers for screen and print: where a table errs, how much, and what less power costs.

Needs matplotlib, which is imported when the first plot is made.
"""

import pathlib
from typing import Any, List, Sequence, Tuple

import numpy as np

from .. import atomic_files, metrics
from ..argument_error import ArgumentError
from ..paths import Path
from ..truth_table import TruthTable
from .identity import DIGITS
from .storage import Multiplier

FORMATS = ("png", "svg", "pdf")
_WIDTH, _HEIGHT = 5.0, 4.2  # inches; fonts stay readable in a column of a paper
_DOTS = 200  # resolution of PNG in dots per inch
UNSIGNED, SIGNED = "#35618f", "#b5482a"  # these colours also differ in grey


def new_figure() -> Tuple[Any, Any]:
    """A new `matplotlib.figure.Figure` and its axes, without a window and independent of `matplotlib.pyplot`.

    Raises:
        ImportError: if matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(f"plots need matplotlib: pip install matplotlib ({error})") from error
    figure = Figure(figsize=(_WIDTH, _HEIGHT))
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def add_legend(axes: Any, title: str = "", fontsize: float = 8) -> None:
    """A legend above the axes, where it covers nothing, in as many columns as the figure has room for, and a title.

    Axes without labels get the title alone.

    Args:
        axes: axes of matplotlib, whose lines and points are drawn.
        title: text above the legend.
        fontsize: of the legend in points.
    """
    labels = axes.get_legend_handles_labels()[1]
    if not labels:
        axes.set_title(title, fontsize=10)
        return
    entry = max(map(len, labels)) * fontsize * 0.6 + 4 * fontsize  # width in points, with the symbol
    columns = max(1, min(len(labels), int(0.85 * 72 * axes.figure.get_figwidth() / entry)))
    # matplotlib 3.5, which Python 3.7 has, does not know `ncols`.
    axes.legend(fontsize=fontsize, loc="lower left", bbox_to_anchor=(0, 1), frameon=False, ncol=columns)
    if title:
        rows = -(-len(labels) // columns)
        axes.set_title(title, fontsize=10, pad=fontsize * (1.5 + 1.7 * rows))


def save(figure: Any, path: Path, formats: Sequence[str], multipliers: Sequence[Multiplier] = ()) -> List[pathlib.Path]:
    """Writes a figure in several formats.

    Args:
        figure: a `matplotlib.figure.Figure`.
        path: path of the files without suffix. Its folder is made if it does not exist.
        formats: some of `"png"`, `"svg"` and `"pdf"`, which are also the suffixes.
        multipliers: the multipliers in the figure. Their names and SHA-256 become the description in each PNG and SVG
            file, and the subject of a PDF file.

    Returns:
        The paths that were written.

    Raises:
        ArgumentError: if a format is unknown, or there is none.
        OSError: if a file cannot be written.
    """
    unknown = [kind for kind in formats if kind not in FORMATS]
    if unknown or not formats:
        raise ArgumentError("formats", f"must be of {', '.join(FORMATS)}", ", ".join(unknown) or "none")
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    description = "\n".join(f"{m.name} sha256 {m.table.sha256}" for m in multipliers)
    written = [path.with_name(f"{path.name}.{kind}") for kind in formats]
    for file in written:
        metadata = {"Subject" if file.suffix == ".pdf" else "Description": description}
        with atomic_files.replacing(file) as unfinished:
            options = {"format": file.suffix[1:], "dpi": _DOTS, "metadata": metadata}
            figure.savefig(unfinished, bbox_inches="tight", pad_inches=0.05, **options)
    return written


def _errors(multiplier):
    """Table minus exact products, and the values of the codes, both in ascending order of the values."""
    values = metrics.operands(multiplier.num_bits, multiplier.signed)
    order = np.argsort(values)
    exact = TruthTable.exact(multiplier.num_bits, multiplier.signed)
    errors = multiplier.table.entries.astype(np.int64) - exact.entries
    return errors[np.ix_(order, order)], values[order]


def _identity(multiplier):
    return f"sha256 {multiplier.table.sha256[:DIGITS]}"


def error_heat_map(multiplier: Multiplier) -> Any:
    """Draws the error of every pair of operands: activation upwards, weight to the right.

    Args:
        multiplier: the `Multiplier`.

    Returns:
        A `matplotlib.figure.Figure`, 5 by 4.2 inches. A notebook shows it, and `save` writes it.

    Raises:
        ImportError: if matplotlib is not installed.

    Example:
        >>> from .storage import load
        >>> figure = error_heat_map(load("mul8u_drum4"))
        >>> figure.axes[0].get_title().split(":")[0]
        'mul8u_drum4'
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
    axes.set_title(f"{multiplier.name}: error of the product\n{_identity(multiplier)}", fontsize=10)
    figure.colorbar(image, ax=axes, fraction=0.046, pad=0.03).set_label("table less exact product")
    return figure


def error_histogram(multiplier: Multiplier) -> Any:
    """Draws how many pairs of operands have each error.

    Args:
        multiplier: the `Multiplier`.

    Returns:
        A `matplotlib.figure.Figure`, 5 by 4.2 inches. A notebook shows it, and `save` writes it.

    Raises:
        ImportError: if matplotlib is not installed.

    Example:
        >>> from .storage import load
        >>> figure = error_histogram(load("mul8u_drum4"))
        >>> figure.axes[0].get_title().split(":")[0]
        'mul8u_drum4'
    """
    figure, axes = new_figure()
    errors, _ = _errors(multiplier)
    reach = max(int(np.abs(errors).max()), 3)
    width = 1 + 2 * (reach // 60)  # odd: the middle bar is centred on 0
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
        f"{multiplier.name}: MAE {figures.mae:.4g}, WCE {figures.wce:.0f}, EP {100 * figures.ep:.2f} %\n"
        + _identity(multiplier),
        fontsize=10,
    )
    axes.grid(axis="y", alpha=0.3)
    return figure
