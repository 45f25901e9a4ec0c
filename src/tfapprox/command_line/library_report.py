"""The import of a folder by `tfapprox multiplier import`, and what it prints."""

from collections import Counter
from typing import Any, Dict, List, Mapping

import typer

from tfapprox.common import multipliers
from tfapprox.common.argument_error import error_message
from tfapprox.terminal import progress_bar

from .printing import as_json, grid, line, show

_STATUSES = {
    "imported": "imported",
    "agrees": "agree with one",
    "same": "the same again",
    "failed": "failed",
    "left out": "left out",
}
_SHOWN = 3  # number of files that are named for each reason to leave files out
_INTERRUPTED = 130  # exit code of a program that Ctrl-C ends


def import_folder(source: str, json: bool, options: Mapping[str, Any], words: Mapping[str, str]) -> None:
    """Imports the multipliers in a folder, and prints a summary, the failures, and what was left out.

    Args:
        source: path of the folder.
        json: whether JSON is printed, with an entry for every file.
        options: the options of `multipliers.import_each`.
        words: from the name of an argument to the option of the command.
    """
    words = {**words, "name": "the name of the file"}  # `--name` is for one circuit
    paths, outcomes = multipliers.survey(source)
    paths, interrupted = paths or multipliers.circuits(source), False  # `circuits` raises an error if there are none
    try:
        with progress_bar() as bar:
            for outcome in multipliers.import_each(bar.track(paths, description="importing"), **options):
                outcomes.append(outcome)
    except KeyboardInterrupt:
        interrupted = True
    counts = {status: sum(outcome.status == status for outcome in outcomes) for status in _STATUSES}
    if json:
        rows = [_row(outcome, words) for outcome in outcomes]
        as_json({**counts, "interrupted": interrupted, "outcomes": rows})
    else:
        _print(outcomes, words)
        if interrupted:
            line(f"interrupted before {len(paths) - sum(counts.values()) + counts['left out']} of {len(paths)} files")
    if interrupted:
        raise typer.Exit(_INTERRUPTED)
    if counts["failed"]:
        raise typer.Exit(1)


def _row(outcome, words):
    message = error_message(outcome.error, words) if outcome.error else outcome.message
    return {"path": outcome.path, "name": outcome.name, "status": outcome.status, "message": message}


def _print(outcomes, words):
    table = grid("kind", "files", *_STATUSES.values(), numbers=("files", *_STATUSES.values()))
    kinds = Counter(outcome.path.suffix.lower() or "none" for outcome in outcomes if outcome.status != "left out")
    for kind in sorted(kinds):
        table.add_row(kind, *_counts([o for o in outcomes if (o.path.suffix.lower() or "none") == kind]))
    table.add_row("all", *_counts(outcomes))
    show(table)
    reasons: Dict[str, List[str]] = {}
    for outcome in outcomes:
        if outcome.status == "failed":
            row = _row(outcome, words)
            line(f"{row['path']}: {row['message']}", "yellow")
        elif outcome.status == "left out":
            reasons.setdefault(outcome.message, []).append(str(outcome.path))
    for reason, paths in reasons.items():
        more = f" and {len(paths) - _SHOWN} more, which --json lists" if len(paths) > _SHOWN else ""
        line(f"left out, because {reason}: {', '.join(paths[:_SHOWN])}{more}")


def _counts(outcomes):
    counts = Counter(outcome.status for outcome in outcomes)
    return [str(len(outcomes)), *(str(counts[status]) for status in _STATUSES)]
