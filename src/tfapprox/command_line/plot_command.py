"""`tfapprox multiplier plot`."""

import os
import pathlib
from typing import List, Optional

import typer

from tfapprox import option_names
from tfapprox.common import multipliers
from tfapprox.common.multipliers import plots, power_plot
from tfapprox.terminal import progress_bar

from .printing import as_json, line
from .shared_options import JSON, complete_name, completion

_NAMES = typer.Argument(
    None,
    metavar="NAME",
    help="One or more; all with known power if none.",
    show_default=False,
    autocompletion=complete_name,
)
_OUTPUT = typer.Option(".", "--output", "-o", metavar="DIR", help="Where to write the files.")
_FORMATS = typer.Option(
    ["png", "svg"],
    "--format",
    metavar="|".join(plots.FORMATS),
    help="May be repeated.",
    autocompletion=completion(*plots.FORMATS),
)


@option_names.with_error_messages(name_or_path="names", multipliers="names")
def plot(
    names: Optional[List[str]] = _NAMES,
    output: str = _OUTPUT,
    formats: List[str] = _FORMATS,
    json: bool = JSON,
) -> None:
    """Plot the errors of one multiplier, or MAE against power of several.

    Writes NAME_heat_map and NAME_histogram, or mae_against_power with the
    Pareto front, as PNG and SVG, or in other formats. Power is what NAME.json
    says. Without NAME, all multipliers of 8 bits whose power is known are
    compared.
    """
    if names:
        chosen = [multipliers.load(name) for name in names]
    else:
        with progress_bar(stderr=json) as bar:
            loaded, _ = multipliers.load_all(lambda names: bar.track(names, description="multipliers"))
        chosen = [m for m in loaded if m.sidecar["power_mW"] is not None and m.num_bits == 8]
    if len(chosen) == 1 and names:
        name = chosen[0].name
        figures = {
            f"{name}_heat_map": plots.error_heat_map(chosen[0]),
            f"{name}_histogram": plots.error_histogram(chosen[0]),
        }
    else:
        figures = {"mae_against_power": power_plot.mae_against_power(chosen)}
    written: List[pathlib.Path] = []
    for stem, figure in figures.items():
        written += plots.save(figure, os.path.join(output, stem), formats, chosen)
    if json:
        shown = [{"name": each.name, "sha256": each.table.sha256} for each in chosen]
        as_json({"multipliers": shown, "written": written})
        return
    for path in written:
        line(f"wrote {path}")
