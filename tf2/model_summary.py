"""The summary of a model as a value: it prints as a table, and writes CSV, JSON, LaTeX and a data frame."""

from __future__ import annotations

import csv
import importlib
import io
import json
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table


class LayerSummary(NamedTuple):
    """What one layer multiplies.

    Attributes:
        path: names of the layer and of the layers that hold it, such as `"block/conv"`.
        kind: class of the layer.
        macs: multiply-accumulate operations for one sample; `None` if they depend on a size that is not known.
        share: share of the MACs of the model, 0 to 1; `None` where not known.
        multiplier: name of the multiplier; `""` for exact products in floating point.
        sha256: the first 16 hexadecimal digits of the SHA-256 of its table; `""` without a table.
        ranges: `"batch"`, `"moving"` or `"fixed"`, followed by `", per channel"` for weights with a range for each
            output channel, and by `", compensated"` if the layer has corrections for its multiplier; `""` without a
            table.
        power_mw: power of the multiplier in mW, for exact products that of the exact multiplier; `None` where not
            known.
        power_source: where the power is from; `""` for exact products and where it is not known.
    """

    path: str
    kind: str
    macs: int | None
    share: float | None
    multiplier: str = ""
    sha256: str = ""
    ranges: str = ""
    power_mw: float | None = None
    power_source: str = ""


class ModelSummary:
    """The layers of a model that multiply; `print` shows a table.

    Args:
        name: name of the model.
        layers: its layers, in the order of their first call.
        exact_power_mw: power of the exact multiplier in mW; `None` where there is none to compare with.
    """

    def __init__(self, name: str, layers: list[LayerSummary], exact_power_mw: float | None) -> None:
        self.name = name
        self.layers = layers
        self.exact_power_mw = exact_power_mw

    @property
    def macs(self) -> int | None:
        """MACs of the model for one sample; `None` if those of a layer are not known."""
        return _sum([layer.macs for layer in self.layers])

    @property
    def approximate_share(self) -> float | None:
        """Share of the MACs in layers that read a truth table, that of the exact product included, 0 to 1."""
        return _sum([layer.share if layer.multiplier else 0.0 for layer in self.layers])

    @property
    def energy(self) -> float | None:
        """Energy of the multiplications relative to exact multipliers; `None` where a power or a size is not known."""
        parts = [_product(layer.share, self.relative_power(layer)) for layer in self.layers]
        return _sum(parts) if parts else None

    def relative_power(self, layer: LayerSummary) -> float | None:
        """Power of the multiplier of a layer, relative to that of the exact one; `None` where not known.

        Args:
            layer: one of `layers`.
        """
        if layer.power_mw is None or self.exact_power_mw is None:
            return None
        return layer.power_mw / self.exact_power_mw

    def rows(self) -> list[dict[str, Any]]:
        """A dictionary for each layer, by the names of the attributes of `LayerSummary`, and `relative_power`."""
        return [{**layer._asdict(), "relative_power": self.relative_power(layer)} for layer in self.layers]

    def to_csv(self) -> str:
        """Comma-separated values with a header; an empty field where a value is not known."""
        text = io.StringIO()
        writer = csv.DictWriter(text, [*LayerSummary._fields, "relative_power"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows())
        return text.getvalue()

    def to_json(self) -> str:
        """JSON: an object with `model`, `macs`, `approximate_share`, `energy`, `exact_power_mw` and `layers`."""
        keys = ("macs", "approximate_share", "energy", "exact_power_mw")
        content = {"model": self.name, **{key: getattr(self, key) for key in keys}, "layers": self.rows()}
        return json.dumps(content, indent=1)

    def to_latex(self) -> str:
        r"""A `tabular` with `\hline`, which needs no package."""
        lines = [r"\begin{tabular}{llrrlllr}", " & ".join(_HEADER) + r" \\ \hline"]
        lines += [" & ".join(map(_escaped, cells)) + r" \\" for cells in self._cells()]
        return "\n".join([*lines, r"\hline", " & ".join(map(_escaped, self._totals())) + r" \\", r"\end{tabular}", ""])

    def to_dataframe(self) -> Any:
        """A `pandas.DataFrame` with a row for each layer.

        Raises:
            ImportError: if pandas is not installed.
        """
        pandas: Any = importlib.import_module("pandas")  # an optional package
        return pandas.DataFrame(self.rows())

    def __str__(self) -> str:
        text = io.StringIO()
        console = Console(file=text, width=200, color_system=None)
        console.print(self._table())
        console.print(self._notes(), markup=False, highlight=False)
        return text.getvalue()

    def __rich_console__(self, console: Any, options: Any) -> Any:
        yield self._table()
        yield self._notes()

    def _cells(self):
        for layer in self.layers:
            table = (layer.multiplier or "exact, float32", layer.sha256 or "-", layer.ranges or "-")
            count = "?" if layer.macs is None else f"{layer.macs:,}"
            yield [layer.path, layer.kind, count, _percent(layer.share), *table, _percent(self.relative_power(layer))]

    def _totals(self):
        count = "?" if self.macs is None else f"{self.macs:,}"
        share = _sum([layer.share for layer in self.layers])
        approximate = f"{_percent(self.approximate_share)} by tables"
        return ["total", "", count, _percent(share), approximate, "-", "-", _percent(self.energy)]

    def _table(self):
        table = Table(title=f"Multiplications of {self.name} for one sample")
        for title in _HEADER:
            table.add_column(title, justify="right" if title in ("MACs", "share", "energy") else "left")
        for cells in self._cells():
            table.add_row(*cells)
        table.add_section()
        table.add_row(*self._totals())
        return table

    def _notes(self):
        """Where the power figures are from, because those of two sources must not be compared."""
        if self.exact_power_mw is None:
            return "Energy: no power of an exact multiplier is known for these widths and signs."
        sources = {layer.multiplier: layer for layer in self.layers if layer.power_source}
        used = [f"{name} {layer.power_mw:g} mW ({layer.power_source})" for name, layer in sources.items()]
        unknown = sorted({layer.multiplier for layer in self.layers if layer.power_mw is None})
        parts = [f"Energy: relative to {self.exact_power_mw:g} mW for each exact multiplier"]
        parts += [f"power of {', '.join(used)}"] if used else []
        if unknown:
            parts.append(f"power of {', '.join(unknown)} is not known; `tfapprox multiplier annotate` states it")
        return "; ".join(parts) + "."


_HEADER = ("layer", "kind", "MACs", "share", "multiplier", "sha256", "ranges", "energy")


def _percent(share):
    return "?" if share is None else f"{share:.1%}"


def _escaped(text):
    for character in "\\&%$#_{}":
        text = text.replace(character, r"\textbackslash " if character == "\\" else f"\\{character}")
    return text


def _sum(numbers):
    return None if None in numbers else sum(numbers)


def _product(left, right):
    return None if left is None or right is None else left * right
