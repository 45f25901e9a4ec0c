"""`tfapprox multiplier annotate`, `rename` and `remove`."""

from typing import Optional

import typer

from tfapprox import option_names
from tfapprox.common import multipliers

from .printing import as_json, line
from .shared_options import AREA, DELAY, FOLDER, JSON, LICENCE, NAME_OR_PATH, POWER

_SOURCE = typer.Option(None, "--source", metavar="TEXT", help="Where the circuit comes from.")
_NOTE = typer.Option(None, "--note", metavar="TEXT", help="Anything else.")
_YES = typer.Option(
    None, "--yes/--no", help="Whether products that look like a mistake are meant; with --no, loads warn of them."
)
_NEW_NAME = typer.Argument(..., metavar="NEW_NAME", help="Says the same width and sign.", show_default=False)


@option_names.with_error_messages(power_mW="power", area_um2="area", delay_ns="delay", known="note")
def annotate(
    name_or_path: str = NAME_OR_PATH,
    power: Optional[float] = POWER,
    area: Optional[float] = AREA,
    delay: Optional[float] = DELAY,
    source: Optional[str] = _SOURCE,
    licence: Optional[str] = LICENCE,
    note: Optional[str] = _NOTE,
    meant: Optional[bool] = _YES,
    folder: Optional[str] = FOLDER,
    json: bool = JSON,
) -> None:
    """Add power, area, delay, source, licence or a note to what is known.

    Writes NAME.json; the table and everything else in NAME.json stay as they
    are. What is known of a built-in multiplier goes to the user's folder.
    """
    values = {
        "power_mW": power,
        "area_um2": area,
        "delay_ns": delay,
        "source": source,
        "licence": licence,
        "note": note,
        "meant": meant,
    }
    known = {key: value for key, value in values.items() if value is not None}
    if not known:
        raise ValueError(
            "annotate needs --power, --area, --delay, --source, --licence, --note, --yes or --no; received none of them"
        )
    annotated = multipliers.annotate(name_or_path, known, folder=folder)
    notes = {key: annotated.sidecar[key] for key in multipliers.ANNOTATIONS}
    if json:
        as_json({**_identity(annotated), **notes})
        return
    line(f"{annotated.name}: sha256 {annotated.table.sha256}", "bold")
    for key, value in notes.items():
        if value is not None:
            line(f"{key}: {value}")


@option_names.with_error_messages()
def rename(name_or_path: str = NAME_OR_PATH, name: str = _NEW_NAME, json: bool = JSON) -> None:
    """Give a multiplier another name in its folder.

    Graphs and models that name it by its old name do not find it any more.
    """
    renamed = multipliers.rename(name_or_path, name)
    if json:
        as_json({**_identity(renamed), "notes": renamed.notes})
        return
    line(f"{renamed.name}: {renamed.path}, sha256 {renamed.table.sha256}")
    for note in renamed.notes:
        line(f"warning: {note}", "yellow")


@option_names.with_error_messages()
def remove(name_or_path: str = NAME_OR_PATH, json: bool = JSON) -> None:
    """Delete a multiplier: NAME.bin and NAME.json."""
    deleted = multipliers.remove(name_or_path)
    if json:
        as_json({"deleted": deleted})
        return
    for path in deleted:
        line(f"deleted {path}")


def _identity(multiplier):
    """What says which multiplier it is, as the JSON of every command has it."""
    return {"name": multiplier.name, "path": multiplier.path, "sha256": multiplier.table.sha256}
