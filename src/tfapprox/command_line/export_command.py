"""`tfapprox multiplier export`."""

from typing import Optional

import typer

from tfapprox import option_names
from tfapprox.common import multipliers
from tfapprox.common.multipliers.table_exports import FORMATS

from .printing import line
from .shared_options import NAME_OR_PATH, completion
from .wide_report import print_export

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
def export_multiplier(name_or_path: str = NAME_OR_PATH, format: str = _FORMAT, output: Optional[str] = _OUTPUT) -> None:
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
        print_export(path, multipliers.load_wide(wide))
        return
    table = multipliers.load(name_or_path).table
    line(f"wrote {path}: {table.name}, sha256 {table.sha256}")
