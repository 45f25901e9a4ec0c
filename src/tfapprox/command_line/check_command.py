"""`tfapprox multiplier check`."""

import pathlib
from typing import List, Optional, Tuple

import typer

from tfapprox import operations, option_names
from tfapprox.common import multipliers
from tfapprox.common.argument_error import error_message
from tfapprox.terminal import progress_bar, without_log

from .printing import as_json, grid, line, short_hash, show
from .shared_options import JSON, complete_name, completion

_NAMES = typer.Argument(
    None,
    metavar="NAME",
    help="All multipliers if none is given.",
    show_default=False,
    autocompletion=complete_name,
)
_OPERATION = typer.Option(
    None,
    "--operation",
    metavar="tf2|tf1|core|NAME",
    help="Instead of all operations that are installed.",
    autocompletion=completion("tf2", "tf1", "core", *(each.name for each in operations.OPERATIONS)),
)


def _functions(names):
    """The functions of the operations of these names, or of all that can run here: a dictionary by operation."""
    if not names:
        return operations.runnable()[0]
    selected = [operation for name in names for operation in operations.named(name)]
    return {operation: operations.products_function(operation) for operation in selected}


def _run(name, functions):
    """Outcomes of a multiplier by all operations that take it: dictionaries."""
    multiplier = multipliers.load(name)
    for operation, products in functions.items():
        if not operation.takes(multiplier):
            continue
        try:
            outcome = multipliers.check(name, products, operation.name)
        except ValueError as error:
            yield {"name": str(name), "operation": operation.name, "error": error_message(error, {})}
        else:
            yield dict(outcome._asdict(), path=outcome.path and str(outcome.path), error=None)


def _verdict(outcome):
    if outcome["error"]:
        return "FAILED: " + outcome["error"]
    if not outcome["wrong"]:
        return "ok"
    a, w, product, expected = outcome["first"]
    return f"FAILED: {outcome['wrong']:,} wrong, first {a} * {w} = {product:.0f} instead of {expected}"


@option_names.with_error_messages(name_or_path="names")
def check_multipliers(
    names: Optional[List[str]] = _NAMES, operation: Optional[List[str]] = _OPERATION, json: bool = JSON
) -> None:
    """Run the real operations on all pairs of operands, against the table.

    Fails if one product differs, or if the file is not the one that NAME.json
    describes. Run it when different multipliers give a network the same
    accuracy: it shows which file a name means, and that the operations read
    it. AxConv2D is checked with unsigned 8-bit multipliers, which it takes.
    Signed codes are -127 to 127.
    """
    with without_log():
        functions = _functions(operation)
    failures: List[Tuple[pathlib.Path, str]] = []
    if not names:
        loaded, failures = multipliers.load_all()
        names = [multiplier.name for multiplier in loaded]
    with progress_bar() as bar:
        tracked = bar.track(names, description="checking")
        outcomes = [
            {**outcome, "sha256": multipliers.load(name, warn=False).table.sha256}
            for name in tracked
            for outcome in _run(name, functions)
        ]
    outcomes += [{"name": path.name, "operation": "-", "path": str(path), "error": why} for path, why in failures]
    good = bool(outcomes) and not any(outcome["error"] or outcome["wrong"] for outcome in outcomes)
    if json:
        as_json({"ok": good, "checks": outcomes})
    else:
        table = grid(
            "name", "sha256", "operation", "pairs", "not exact", "result", numbers=("sha256", "pairs", "not exact")
        )
        for outcome in outcomes:
            counts = ["-" if outcome["error"] else f"{outcome[key]:,}" for key in ("pairs", "approximate")]
            table.add_row(
                outcome["name"], short_hash(outcome.get("sha256")), outcome["operation"], *counts, _verdict(outcome)
            )
        show(table)
        paths = {outcome["path"] for outcome in outcomes if outcome.get("path")}
        for path in sorted(paths):
            line(f"read from {path}")
        if not outcomes:
            line("Nothing was checked: no operation takes these multipliers.", "red")
        elif not good:
            line("Do not trust results with a multiplier that FAILED.", "bold red")
    if not good:
        raise typer.Exit(1)
