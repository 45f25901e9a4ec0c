"""`tfapprox sensitivity`."""

from typing import List, Optional

import typer

from tfapprox import option_names
from tfapprox.search import loading, plots
from tfapprox.search.sensitivity import sensitivity as find

from . import network_options as options
from .printing import as_json, grid, line, number, show
from .shared_options import JSON

_SWAPS = typer.Option(False, "--swaps", help="Measure each pair by an evaluation, too.")
_COMPENSATE = typer.Option(False, "--compensate", help="Show the changes that corrections of the layers leave.")
_SAMPLES = typer.Option(500, "--samples", metavar="N", min=1, help="Number of samples, from the first one on.")
_PLOT = typer.Option(None, "--plot", metavar="STEM", help="Write heat map and scatter plot as STEM....pdf and .png.")


@option_names.with_error_messages()
def sensitivity(
    model: str = options.MODEL,
    data: str = options.DATA,
    multipliers: List[str] = options.MULTIPLIERS,
    calibration: Optional[str] = options.CALIBRATION,
    samples: int = _SAMPLES,
    swaps: bool = _SWAPS,
    compensate: bool = _COMPENSATE,
    plot: Optional[str] = _PLOT,
    json: bool = JSON,
) -> None:
    """Show how much each multiplier in each layer changes the outputs.

    The change is predicted from the truth tables and the codes of each
    layer, without simulation; --swaps also measures it. It is the mean
    squared change of the outputs, relative to their variance. With
    --calibration, --data is for the measurement only.
    """
    named, found = loading.matching_multipliers(multipliers)
    names = [*named, *found]
    loaded = loading.load_data(data, samples)
    known = loaded if calibration is None else loading.load_data(calibration)
    network = options.open_network(model, names, known, compensate)
    result = find(network, loaded, names, swaps=swaps, samples=samples, calibration=known)
    written: List[str] = []
    if plot is not None:
        figures = {"predicted": plots.sensitivity_plot(result)}
        if swaps:
            figures.update(measured=plots.sensitivity_plot(result, True), scatter=plots.scatter_plot(result))
        for name, figure in figures.items():
            written += plots.save(figure, f"{plot}_{name}")
    if json:
        as_json({**result.to_dict(), "written": written})
        return
    for path in written:
        line(f"wrote {path}")
    shown = [result.predicted] if result.measured is None else [result.predicted, result.measured]
    table = grid("multiplier", *result.layers, numbers=result.layers)
    for column, name in enumerate(names):
        cells = []
        for row in range(len(result.layers)):
            cells.append(" / ".join(number(float(matrix[row, column]), 3) for matrix in shown))
        table.add_row(name, *cells)
    show(table)
    if swaps:
        line("predicted / measured change of the outputs, relative to their variance")
        for measured, text in (
            ("measured", "the measured change"),
            ("changed_classes", "the share of changed classes"),
        ):
            correlation = result.rank_correlation(measured)
            if correlation is not None:
                line(f"rank correlation of the prediction with {text}: {number(correlation, 3)}")
