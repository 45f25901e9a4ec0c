"""`tfapprox multiplier list`."""

from tfapprox.common import multipliers
from tfapprox.common.terminal import progress_bar, stop_on_error

from .printing import FIGURES, as_json, grid, line, number, show
from .shared_options import JSON


def list_multipliers(json: bool = JSON):
    """List all multipliers with their errors: the built-in ones, then the files.

    MAE is the mean absolute error, WCE the worst-case error, MRE the mean
    relative error, EP the share of wrong products (docs/arithmetic.md, 6).
    Power, in mW, is what NAME.json says.
    """
    with stop_on_error(), progress_bar() as bar:
        found, failures = multipliers.load_all(lambda names: bar.track(names, description="multipliers"))
        rows = [multipliers.summarise(multiplier) for multiplier in found]
    if json:
        as_json({"multipliers": rows, "failures": [{"path": str(path), "reason": why} for path, why in failures]})
        return
    folders = sorted({multiplier.path.parent for multiplier in found if multiplier.path})
    table = grid("name", "bits", *FIGURES, "mW", "folder", numbers=("bits", *FIGURES, "mW"))
    for row, multiplier in zip(rows, found):
        folder = "-" if multiplier.path is None else str(1 + folders.index(multiplier.path.parent))
        figures = [number(row[key]) for key in FIGURES]
        table.add_row(row["name"], str(row["bits"]), *figures, number(row["power_mW"]), folder)
    show(table)
    line("folder -: built in")
    for number_of, folder in enumerate(folders, 1):
        line(f"folder {number_of}: {folder}")
    for path, why in failures:
        line(f"not loaded: {path}: {why}", "yellow")
    if not folders:
        searched = ", ".join(map(str, multipliers.search_path()))
        line(f"No files in {searched}; `tfapprox multiplier import` puts them there.")
