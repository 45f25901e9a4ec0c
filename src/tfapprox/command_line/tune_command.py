"""`tfapprox multiplier tune`."""

from tfapprox import option_names
from tfapprox.common import multipliers

from .printing import FIGURES, as_json, grid, line, number, show
from .shared_options import JSON, NAME_OR_PATH


@option_names.with_error_messages()
def tune(name_or_path: str = NAME_OR_PATH, json: bool = JSON) -> None:
    """Show the weight map of ALWANN, which AxConv2D applies by default.

    Each weight is replaced by the one whose products are nearest to its exact
    ones (docs/arithmetic.md, 5.6). The errors are those of the table before
    and after.
    """
    tuning = multipliers.tune(name_or_path)
    changed = {weight: int(column) for weight, column in enumerate(tuning.mapping) if weight != column}
    rows = {
        label: {"MAE": errors.mae, "WCE": errors.wce, "MRE%": 100 * errors.mre, "EP%": 100 * errors.ep}
        for label, errors in (("before", tuning.before), ("after", tuning.after))
    }
    if json:
        as_json({"name": name_or_path, "sha256": tuning.sha256, "mapping": tuning.mapping.tolist(), **rows})
        return
    line(f"{name_or_path}: sha256 {tuning.sha256}", "bold")
    table = grid("", *FIGURES, numbers=FIGURES)
    for label, errors in rows.items():
        table.add_row(label, *(number(errors[key]) for key in FIGURES))
    show(table)
    line(f"{len(changed)} of {len(tuning.mapping)} weights are replaced" + (":" if changed else ""))
    cells = [f"{weight:>3} -> {column:<3}" for weight, column in changed.items()]
    for start in range(0, len(cells), 8):
        line("  ".join(cells[start : start + 8]))
