"""The result of a comparison of multipliers as a value: a table, CSV, a data frame and plots."""

from __future__ import annotations

import csv
import importlib
import io
import os
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from tfapprox.common import atomic_files
from tfapprox.common.multipliers import plots
from tfapprox.common.multipliers.captions import Captions

_AXES = {"MAE": "mean absolute error of the multiplier (0 is exact)", "energy": "energy relative to exact multipliers"}
_NAMED = 24  # multipliers whose names fit beside their points
_HEADER = ("multiplier", "sha256", "MAE", "WCE", "score", "minus exact", "energy")


class Compared(NamedTuple):
    """A model with one multiplier.

    Attributes:
        multiplier: name of the multiplier.
        sha256: SHA-256 of its table, 64 hexadecimal digits.
        signed: whether its operands are signed.
        mae: mean absolute error of its products (6.1).
        wce: worst-case error of its products (6.2).
        score: what `score` measured, such as the accuracy.
        difference: the score minus that with exact products of the same width and sign.
        energy: energy of the multiplications relative to exact multipliers; `None` where it is not known.
        seconds: time of the measurement.
    """

    multiplier: str
    sha256: str
    signed: bool
    mae: float
    wce: float
    score: float
    difference: float
    energy: float | None
    seconds: float


class Comparison:
    """What multipliers do to a model; `print` shows a table.

    Args:
        model: name of the model.
        score: name of what was measured, such as `"accuracy"`.
        samples: how many samples it was measured on; `None` where not known.
        float_score: the score with products in floating point.
        rows: the results, by increasing MAE.
        exact: scores with exact products, by whether operands are signed.
    """

    def __init__(
        self,
        model: str,
        score: str,
        samples: int | None,
        float_score: float,
        rows: list[Compared],
        exact: dict[bool, float],
    ) -> None:
        self.model, self.score, self.samples = model, score, samples
        self.float_score, self.rows, self.exact = float_score, rows, exact

    def to_csv(self, path: str | os.PathLike[str] | None = None) -> str:
        """Comma-separated values with a header, the names of the attributes of `Compared`.

        Args:
            path: a file that is written, too. A file that is there is replaced.

        Returns:
            The text. An energy that is not known is an empty field.

        Raises:
            OSError: if the file cannot be written.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(Compared._fields)
        writer.writerows(self.rows)
        if path is not None:
            atomic_files.write(os.fspath(path), text.getvalue().encode())
        return text.getvalue()

    def to_dataframe(self) -> Any:
        """A `pandas.DataFrame` with a row for each multiplier.

        Raises:
            ImportError: if pandas is not installed.
        """
        pandas: Any = importlib.import_module("pandas")  # an optional package
        return pandas.DataFrame(self.rows, columns=list(Compared._fields))

    def plot(self, against: str = "MAE") -> Any:
        """Draws the score of each multiplier, with its name.

        Args:
            against: `"MAE"`, or `"energy"`, which leaves out multipliers whose energy is not known.

        Returns:
            A `matplotlib.figure.Figure`. Where there are more than 24 multipliers, the points have numbers, and a key
            has the names. A notebook shows it, and its method `savefig` writes it as PNG, SVG or PDF.

        Raises:
            ImportError: if matplotlib is not installed.
            ValueError: if `against` is neither, or the energy of no multiplier is known.
        """
        if against not in _AXES:
            raise ValueError(f"against must be one of {', '.join(_AXES)}; received {against!r}")
        rows = self.rows if against == "MAE" else [row for row in self.rows if row.energy is not None]
        if not rows:
            raise ValueError("against must be MAE where the energy of no multiplier is known; received 'energy'")
        points = [(row.mae if against == "MAE" else float(row.energy or 0), row.score) for row in rows]
        figure, axes = plots.new_figure()
        figure.set_size_inches(7.2 if len(rows) <= _NAMED else 10.8, max(4.4, 0.5 + 0.085 * len(rows)))
        axes.axhline(self.float_score, linestyle="--", linewidth=1, color="black", label="floating point")
        for signed, colour, marker in ((False, plots.UNSIGNED, "o"), (True, plots.SIGNED, "s")):
            group = [point for point, row in zip(points, rows) if row.signed == signed]
            if group:
                label = "signed multipliers" if signed else "unsigned multipliers"
                axes.scatter(*zip(*group), s=22, marker=marker, facecolor="white", edgecolor=colour, label=label)
        if against == "MAE":
            axes.set_xscale("symlog", linthresh=1)
            axes.set_xlim(-0.5, 8 * max(10.0, *(x for x, _ in points)))
        else:
            axes.margins(x=0.15)
        low, high = min(y for _, y in points), max(self.float_score, *(y for _, y in points))
        axes.set_ylim(low - 0.15 * (high - low) - 1e-3, high + 0.15 * (high - low) + 1e-3)
        axes.set_xlabel(_AXES[against])
        axes.set_ylabel(self.score)
        count = f", {self.samples:,} samples" if self.samples else ""
        axes.grid(alpha=0.3)
        plots.add_legend(axes, f"{self.model}{count}")
        if self._is_share:
            axes.yaxis.set_major_formatter(importlib.import_module("matplotlib.ticker").PercentFormatter(xmax=1))
        figure.tight_layout(rect=(0, 0, 1 if len(rows) <= _NAMED else 0.66, 1))
        captions = Captions.of(axes, points)
        key = []
        for number, (point, row) in enumerate(sorted(zip(points, rows), key=lambda pair: pair[0]), 1):
            key.append(f"{number:>2}  {row.multiplier}")
            text = row.multiplier if len(rows) <= _NAMED else str(number)
            captions.add(text, point, plots.SIGNED if row.signed else plots.UNSIGNED, 7)
        if len(rows) > _NAMED:
            half = -(-len(key) // 2)
            for column, lines in enumerate((key[:half], key[half:])):
                axes.text(1.03 + 0.25 * column, 1, "\n".join(lines), transform=axes.transAxes, va="top", fontsize=7)
        return figure

    def __str__(self) -> str:
        text = io.StringIO()
        Console(file=text, width=200, color_system=None).print(self)
        return text.getvalue()

    def __rich_console__(self, console: Any, options: Any) -> Any:
        count = f", {self.samples:,} samples" if self.samples else ""
        title = f"{self.score} of {self.model}{count}; in floating point {self._text(self.float_score)}"
        table = Table(title=title)
        hidden = {"energy"} if all(row.energy is None for row in self.rows) else set()
        if options.max_width < 90:
            hidden.add("sha256")
        for column in _HEADER:
            if column not in hidden:
                left = column in ("multiplier", "sha256")
                table.add_column(self.score if column == "score" else column, justify="left" if left else "right")
        for row in self.rows:
            cells = dict(zip(_HEADER, self._cells(row)))
            style = "red" if self._is_share and row.difference < -0.05 else None
            table.add_row(*(text for column, text in cells.items() if column not in hidden), style=style)
        yield table

    @property
    def _is_share(self):
        return self.score == "accuracy"

    def _text(self, score):
        return f"{score:.2%}" if self._is_share else f"{score:.4g}"

    def _cells(self, row):
        difference = f"{100 * row.difference:+.2f} points" if self._is_share else f"{row.difference:+.4g}"
        energy = "?" if row.energy is None else f"{row.energy:.1%}"
        errors = f"{row.mae:,.2f}", f"{row.wce:,.0f}"
        return [row.multiplier, row.sha256[:16], *errors, self._text(row.score), difference, energy]
