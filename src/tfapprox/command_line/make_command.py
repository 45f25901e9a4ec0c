"""`tfapprox multiplier make`."""

from typing import List, Optional

import typer

from tfapprox import option_names
from tfapprox.common import multipliers

from .printing import FIGURES, as_json, grid, line, number, show
from .shared_options import FOLDER, FORCE, JSON, assignments, completion

_CONSTRUCTION = typer.Argument(
    None,
    metavar="CONSTRUCTION",
    help="One of the names above.",
    show_default=False,
    autocompletion=completion(*multipliers.CONSTRUCTIONS),
)
_PARAMETERS = typer.Argument(
    None, metavar="PARAMETER=VALUE", help="Its parameters, such as h=2 v=6.", show_default=False
)
_NAME = typer.Option(None, "--name", metavar="NAME", help="Instead of the construction's own, such as mul8u_bam_h2_v6.")
_BITS = typer.Option(8, "--bits", metavar="N", help="Width of both operands, 2 to 8.")


@option_names.with_error_messages()
def make(
    construction: Optional[str] = _CONSTRUCTION,
    parameters: Optional[List[str]] = _PARAMETERS,
    name: Optional[str] = _NAME,
    num_bits: int = _BITS,
    folder: Optional[str] = FOLDER,
    force: bool = FORCE,
    json: bool = JSON,
) -> None:
    """Write the table of a built-in construction with parameters of your own.

    exact        exact product
    trunc k=K    K least significant columns of partial products left out
    bam h=H v=V  broken array: H rows and V columns of them left out
    mitchell     Mitchell's logarithmic multiplier
    drum k=K     K leading bits of each operand, unbiased
    kulkarni     exact sums of 2x2-bit blocks with 3 * 3 = 7

    Every operation knows these by name, too, without a file: mul8u_bam_h2_v6.
    """
    if construction is None:
        raise ValueError(f"CONSTRUCTION must be one of {', '.join(multipliers.CONSTRUCTIONS)}; received none")
    values = assignments(parameters, "PARAMETER")
    reserved = {"name", "num_bits", "folder", "force", "construction"} & set(values)
    if reserved:
        raise ValueError(f"PARAMETER must be one of the construction's; received {', '.join(sorted(reserved))}")
    made = multipliers.make(construction, name, num_bits, folder, force=force, **values)
    figures = multipliers.summarise(made)
    if json:
        as_json({**figures, "notes": made.notes})
        return
    line(f"{made.name}: {made.path}", "bold")
    line(f"sha256 {made.table.sha256}")
    table = grid(*FIGURES, numbers=FIGURES)
    table.add_row(*(number(figures[key]) for key in FIGURES))
    show(table)
    for note in made.notes:
        line(note, "yellow")
