"""`tfapprox multiplier make`, `tune` and `plot`."""

import os
from typing import List, Optional

import typer

from tfapprox.common import multipliers
from tfapprox.common.multipliers import plots, power_plot
from tfapprox.terminal import progress_bar, stop_on_error

from .importing import FOLDER, FORCE, assignments
from .printing import FIGURES, as_json, grid, line, number, show
from .showing import JSON, NAME

_CONSTRUCTION = typer.Argument(None, metavar="CONSTRUCTION", show_default=False)
_PARAMETERS = typer.Argument(None, metavar="PARAMETER=VALUE", show_default=False)
_NAME = typer.Option(None, "--name", metavar="NAME", help="Instead of the construction's own, such as mul8u_bam_h2_v6.")
_BITS = typer.Option(8, "--bits", metavar="N", help="Width of both operands, 2 to 8.")
_NAMES = typer.Argument(None, metavar="NAME", help="One or more; all with known power if none.", show_default=False)
_OUTPUT = typer.Option(".", "--output", "-o", metavar="DIR", help="Where to write the files.")
_FORMATS = typer.Option(list(plots.FORMATS), "--format", metavar="png|svg", help="May be repeated.")


def make(
    construction: Optional[str] = _CONSTRUCTION,
    parameters: Optional[List[str]] = _PARAMETERS,
    name: Optional[str] = _NAME,
    bits: int = _BITS,
    folder: Optional[str] = FOLDER,
    force: bool = FORCE,
    json: bool = JSON,
):
    """Write the table of a built-in construction with parameters of your own.

    exact        exact product
    trunc k=K    K least significant columns of partial products left out
    bam h=H v=V  broken array: H rows and V columns of them left out
    mitchell     Mitchell's logarithmic multiplier
    drum k=K     K leading bits of each operand, unbiased
    kulkarni     exact sums of 2x2-bit blocks with 3 * 3 = 7

    Every operation knows these by name, too, without a file: mul8u_bam_h2_v6.
    """
    with stop_on_error():
        if construction is None:
            raise ValueError(f"CONSTRUCTION must be one of {', '.join(multipliers.CONSTRUCTIONS)}; received none")
        values = assignments(parameters, "PARAMETER")
        reserved = {"name", "num_bits", "folder", "force", "construction"} & set(values)
        if reserved:
            raise ValueError(f"PARAMETER must be one of the construction's; received {', '.join(sorted(reserved))}")
        made = multipliers.make(construction, name, bits, folder, force, **values)
        found = multipliers.summary(made)
    if json:
        as_json(found)
        return
    line(f"{made.name}: {made.path}", "bold")
    table = grid(*FIGURES, numbers=FIGURES)
    table.add_row(*(number(found[key]) for key in FIGURES))
    show(table)


def tune(name: str = NAME, json: bool = JSON):
    """Show the weight map of ALWANN, which AxConv2D applies by default.

    Each weight is replaced by the one whose products are nearest to its exact
    ones (docs/arithmetic.md, 5.6). The errors are those of the table before
    and after.
    """
    with stop_on_error():
        tuning = multipliers.tune(name)
    changed = {weight: int(column) for weight, column in enumerate(tuning.mapping) if weight != column}
    rows = {
        label: {"MAE": errors.mae, "WCE": errors.wce, "MRE%": 100 * errors.mre, "EP%": 100 * errors.ep}
        for label, errors in (("before", tuning.before), ("after", tuning.after))
    }
    if json:
        as_json({"name": name, "mapping": tuning.mapping.tolist(), **rows})
        return
    table = grid("", *FIGURES, numbers=FIGURES)
    for label, errors in rows.items():
        table.add_row(label, *(number(errors[key]) for key in FIGURES))
    show(table)
    line(f"{len(changed)} of {len(tuning.mapping)} weights are replaced" + (":" if changed else ""))
    cells = [f"{weight:>3} -> {column:<3}" for weight, column in changed.items()]
    for start in range(0, len(cells), 8):
        line("  ".join(cells[start : start + 8]))


def plot(names: Optional[List[str]] = _NAMES, output: str = _OUTPUT, formats: List[str] = _FORMATS):
    """Plot the errors of one multiplier, or MAE against power of several.

    Writes NAME_heat_map and NAME_histogram, or mae_against_power with the
    Pareto front, as PNG and SVG. Power is what NAME.json says. Without NAME,
    all multipliers of 8 bits whose power is known are compared.
    """
    with stop_on_error():
        if names:
            chosen = [multipliers.load(name) for name in names]
        else:
            with progress_bar() as bar:
                found, _ = multipliers.every(lambda names: bar.track(names, description="multipliers"))
            chosen = [m for m in found if m.sidecar["power_mW"] is not None and m.num_bits == 8]
        if len(chosen) == 1 and names:
            path = os.path.join(output, chosen[0].name)
            written = plots.error_heat_map(chosen[0], f"{path}_heat_map", formats)
            written += plots.error_histogram(chosen[0], f"{path}_histogram", formats)
        else:
            written = power_plot.mae_against_power(chosen, os.path.join(output, "mae_against_power"), formats)
    for path in written:
        line(f"wrote {path}")


COMMANDS = {"plot": plot, "make": make, "tune": tune}
