"""`tfapprox multiplier export`."""

from typing import Optional

import typer

from tfapprox import option_names
from tfapprox.common import multipliers
from tfapprox.common.multipliers.table_exports import FORMATS

from .printing import as_json, line
from .shared_options import JSON, NAME_OR_PATH, completion
from .wide_report import read_back

_FORMAT = typer.Option(
    ...,
    "--format",
    metavar="|".join(FORMATS),
    help="The format, as above.",
    show_default=False,
    autocompletion=completion(*FORMATS),
)
_OUTPUT = typer.Option(None, "--output", "-o", metavar="FILE", help="Instead of NAME.SUFFIX in the current folder.")


@option_names.with_error_messages(path="output")
def export_multiplier(
    name_or_path: str = NAME_OR_PATH,
    format: str = _FORMAT,
    output: Optional[str] = _OUTPUT,
    json: bool = JSON,
) -> None:
    """Write the table of a multiplier in a format of other tools.

    bin      16-bit little-endian words, activation code first
    npy      numpy array, activation code first
    csv      a line for each activation code
    c        C header (.h) with an array and a function
    verilog  module with the ports A (activation), B (weight) and O: a
             table in case statements
    mem      hexadecimal words at the addresses {activation, weight}, for
             $readmemh

    `tfapprox multiplier import` reads every one of them back. A multiplier
    of two widths is written with the activation first. Comments in the file
    say name, SHA-256, layout and version; bin and npy have none. A file that
    is there is replaced.
    """
    path = multipliers.export(name_or_path, format, output)
    wide = multipliers.find_wide(name_or_path)
    if wide:
        multiplier = multipliers.load_wide(wide)
        name, sha256, command = multiplier.name, multiplier.figures.sha256, read_back(path, multiplier)
    else:
        table = multipliers.load(name_or_path).table
        name, sha256, command = table.name, table.sha256, None
    if json:
        as_json({"name": name, "sha256": sha256, "written": [path], "command": command})
        return
    line(f"wrote {path}: {name}, sha256 {sha256}" + (" of the products as int64" if wide else ""))
    if command:
        line(f"to read it back: {command}")
