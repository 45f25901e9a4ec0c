"""`tfapprox multiplier list`."""

import csv as csv_files
import fnmatch
import sys
from typing import Optional

import typer

from tfapprox import option_names
from tfapprox.common import multipliers
from tfapprox.common.argument_error import ArgumentError
from tfapprox.common.multipliers import identity
from tfapprox.terminal import console, progress_bar

from .printing import FIGURES, as_json, grid, line, number, short_hash, show
from .shared_options import JSON, complete_name, completion
from .wide_report import print_all_wide

_PATTERN = typer.Argument(
    None,
    metavar="[PATTERN]",
    help="Names to list, such as 'mul8u_*'.",
    show_default=False,
    autocompletion=complete_name,
)
_BITS = typer.Option(None, "--bits", metavar="N", help="Only operands of this width.")
_SIGNED = typer.Option(None, "--signed/--unsigned", help="Only multipliers of this sign.")
_CSV = typer.Option(False, "--csv", help="Print CSV with all columns.")
_SORTED_BY = {
    **{key.lower().rstrip("%"): key for key in FIGURES},
    **{"power": "power_mW", "area": "area_um2", "delay": "delay_ns"},
}
_SORT = typer.Option(
    "name",
    "--sort",
    metavar="COLUMN",
    help="name, MAE, WCE, MRE, EP, power, area or delay.",
    autocompletion=completion("name", "MAE", "WCE", "MRE", "EP", "power", "area", "delay"),
)
_WIDE = 110  # characters of a terminal that has room for area and delay


@option_names.with_error_messages()
def list_multipliers(
    pattern: Optional[str] = _PATTERN,
    sort: str = _SORT,
    num_bits: Optional[int] = _BITS,
    signed: Optional[bool] = _SIGNED,
    csv: bool = _CSV,
    json: bool = JSON,
) -> None:
    """List all multipliers with their errors: the built-in ones, then the files.

    MAE is the mean absolute error, WCE the worst-case error, MRE the mean
    relative error, EP the share of wrong products (docs/arithmetic.md, 6).
    Power in mW, and on wide terminals area in um2 and delay in ns, are what
    NAME.json says. The first 16 digits of the SHA-256 say which circuit it
    is. A file or folder that cannot be read is named, the rest is listed, and
    the exit code is 1.
    """
    if sort != "name" and sort.lower() not in _SORTED_BY:
        raise ArgumentError("sort", f"must be name, {', '.join(_SORTED_BY)}", repr(sort))
    if csv:  # an old version of rich prints an empty line even for a bar that is not shown
        loaded, failures = multipliers.load_all()
    else:
        with progress_bar() as bar:
            loaded, failures = multipliers.load_all(lambda names: bar.track(names, description="multipliers"))
    chosen = [each for each in loaded if fnmatch.fnmatchcase(each.name, pattern or "*")]
    chosen = [each for each in chosen if num_bits in (None, each.num_bits) and signed in (None, each.signed)]
    pairs = [(multipliers.summarise(multiplier), multiplier) for multiplier in chosen]
    if sort != "name":
        key = _SORTED_BY[sort.lower()]
        pairs.sort(key=lambda pair: (pair[0][key] is None, pair[0][key] or 0))
    rows, loaded = [row for row, _ in pairs], [multiplier for _, multiplier in pairs]
    if csv:
        writer = csv_files.DictWriter(sys.stdout, list(rows[0]) if rows else ["name"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        _stop(failures)
        return
    if json:
        as_json({"multipliers": rows, "failures": [{"path": str(path), "reason": why} for path, why in failures]})
        _stop(failures)
        return
    folders = sorted({multiplier.path.parent for multiplier in loaded if multiplier.path})
    costs = {"mW": "power_mW", **({"um2": "area_um2", "ns": "delay_ns"} if console.width >= _WIDE else {})}
    table = grid("name", "bits", *FIGURES, *costs, "sha256", "in", numbers=("bits", *FIGURES, *costs, "sha256"))
    table.padding = (0, 1, 0, 0)  # all columns fit 80 characters
    for row, multiplier in zip(rows, loaded):
        index = "-" if multiplier.path is None else str(1 + folders.index(multiplier.path.parent))
        figures = [number(row[key]) for key in FIGURES]
        figures += [number(row[key]) for key in costs.values()]
        table.add_row(row["name"], str(row["bits"]), *figures, short_hash(row["sha256"]), index)
    if rows:
        show(table)
        line("folder -: built in")
    for position, folder in enumerate(folders, 1):
        line(f"folder {position}: {folder}")
    for multiplier in loaded:
        for warning in identity.warnings(
            multiplier.table, identity.namesakes(multiplier.table) if multiplier.hidden else {}
        ):
            line(warning, "yellow")
    if pattern is None and num_bits is None and signed is None:
        failures = [*failures, *print_all_wide()]
    for path, why in failures:
        line(f"not loaded: {path}: {why}", "yellow")
    if not rows:
        line("No multiplier fits.", "yellow")
    elif not folders and len(rows) == len(multipliers.built_in_descriptions()):
        searched = ", ".join(map(str, multipliers.search_path()))
        line(f"No files in {searched}; `tfapprox multiplier import` puts them there.")
    _stop(failures)


def _stop(failures):
    if failures:
        raise typer.Exit(1)
