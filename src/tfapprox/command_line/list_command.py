"""`tfapprox multiplier list`."""

import typer

from tfapprox import option_names
from tfapprox.common import multipliers
from tfapprox.common.multipliers import identity
from tfapprox.terminal import progress_bar

from .printing import FIGURES, as_json, grid, line, number, short_hash, show
from .shared_options import JSON
from .wide_report import print_all_wide


@option_names.with_error_messages()
def list_multipliers(json: bool = JSON) -> None:
    """List all multipliers with their errors: the built-in ones, then the files.

    MAE is the mean absolute error, WCE the worst-case error, MRE the mean
    relative error, EP the share of wrong products (docs/arithmetic.md, 6).
    Power, in mW, is what NAME.json says. The first 16 digits of the SHA-256
    say which circuit it is. A file or folder that cannot be read
    is named, the rest is listed, and the exit code is 1.
    """
    with progress_bar() as bar:
        loaded, failures = multipliers.load_all(lambda names: bar.track(names, description="multipliers"))
        rows = [multipliers.summarise(multiplier) for multiplier in loaded]
    if json:
        as_json({"multipliers": rows, "failures": [{"path": str(path), "reason": why} for path, why in failures]})
        _stop(failures)
        return
    folders = sorted({multiplier.path.parent for multiplier in loaded if multiplier.path})
    table = grid("name", "bits", *FIGURES, "mW", "sha256", "in", numbers=("bits", *FIGURES, "mW", "sha256"))
    table.padding = (0, 1, 0, 0)  # all columns fit 80 characters
    for row, multiplier in zip(rows, loaded):
        index = "-" if multiplier.path is None else str(1 + folders.index(multiplier.path.parent))
        figures = [number(row[key]) for key in FIGURES]
        table.add_row(
            row["name"], str(row["bits"]), *figures, number(row["power_mW"]), short_hash(row["sha256"]), index
        )
    show(table)
    line("folder -: built in")
    for position, folder in enumerate(folders, 1):
        line(f"folder {position}: {folder}")
    for multiplier in loaded:
        for warning in identity.warnings(
            multiplier.table, identity.namesakes(multiplier.table) if multiplier.hidden else {}
        ):
            line(warning, "yellow")
    failures = [*failures, *print_all_wide()]
    for path, why in failures:
        line(f"not loaded: {path}: {why}", "yellow")
    if not folders:
        searched = ", ".join(map(str, multipliers.search_path()))
        line(f"No files in {searched}; `tfapprox multiplier import` puts them there.")
    _stop(failures)


def _stop(failures):
    if failures:
        raise typer.Exit(1)
