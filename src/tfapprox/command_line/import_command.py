"""`tfapprox multiplier import`."""

from typing import Any, Dict, List, Optional

import typer

from tfapprox import option_names
from tfapprox.common import multipliers
from tfapprox.common.multipliers import kinds, registry

from . import wide_report
from .library_report import import_folder
from .printing import FIGURES, as_json, grid, line, number, show
from .shared_options import FOLDER, FORCE, JSON, assignments

_SOURCE = typer.Argument(..., metavar="SOURCE", help="A file, a folder, or ariths-gen:CLASS.", show_default=False)
_NAME = typer.Option(
    None, "--name", metavar="NAME", help="Instead of the function's or file's name; mul8s_... if signed."
)
_FUNCTION = typer.Option(None, metavar="NAME", help="The function, where a file has several.")
_SIGNED = typer.Option(None, "--signed/--unsigned", help="Operands from -128, or from 0; by default as the name says.")
_BITS = typer.Option(
    None, "--bits", metavar="N", help="Width of the operands of a function; else as the name says, or 8."
)
_SWAP = typer.Option(
    None,
    "--swap/--no-swap",
    help="The first operand, or row, is the weight; by default the narrow one or the second.",
)
_ASCENDING = typer.Option(False, "--ascending", help="Rows and columns of signed operands run from -128 to 127.")
_SET = typer.Option(None, "--set", metavar="KEY=VALUE", help="A parameter of ariths-gen's class; may be repeated.")
_POWER = typer.Option(None, "--power", metavar="MW", help="Power in mW, for NAME.json.")
_AREA = typer.Option(None, "--area", metavar="UM2", help="Area in um2.")
_DELAY = typer.Option(None, "--delay", metavar="NS", help="Delay in ns.")
_LICENCE = typer.Option(None, "--licence", metavar="TEXT", help="A note on the licence.")
_SECONDS = typer.Option(10.0, "--time-limit", metavar="S", min=0.1, help="Seconds that a circuit in C may take.")


@option_names.with_error_messages(power_mW="power", area_um2="area", delay_ns="delay")
def import_multiplier(
    source: str = _SOURCE,
    name: Optional[str] = _NAME,
    function: Optional[str] = _FUNCTION,
    signed: Optional[bool] = _SIGNED,
    num_bits: Optional[int] = _BITS,
    swap: Optional[bool] = _SWAP,
    ascending: bool = _ASCENDING,
    parameters: Optional[List[str]] = _SET,
    power: Optional[float] = _POWER,
    area: Optional[float] = _AREA,
    delay: Optional[float] = _DELAY,
    licence: Optional[str] = _LICENCE,
    folder: Optional[str] = FOLDER,
    force: bool = FORCE,
    seconds: float = _SECONDS,
    json: bool = JSON,
) -> None:
    """Make a truth table of a circuit, under a name that every operation finds.

    SOURCE is one of
      circuit.c, .h     C function of two integers, activation first
                        (EvoApproxLib's files, for example)
      circuit.py        Python function of two integers, or a circuit of
                        ariths-gen
      circuit.v, .blif  netlist in Verilog, BLIF, AIGER (.aag, .aig) or
                        CGP (.cgp), inputs A and B or the only two
      table.npy         array of 256x256 products, activation first
      table.txt, .csv   256 lines of 256 numbers, spaces or commas between
      table.bin         65,536 uint16 (int16 if signed) or int32,
                        little-endian, activation first
      table.mem, .v     hexadecimal words of $readmemh, or a module that is
                        a case statement, as `export` writes them
      folder            library such as EvoApproxLib: every multiplier of
                        up to 8 bits; files with one name are compared
      mul8x4u_X.c, ...  C, netlist or products of two widths or of 9 to 16
                        bits, as the name says: its errors only
      ariths-gen:CLASS  generated circuit, for example
                        ariths-gen:UnsignedBrokenArrayMultiplier

    This RUNS THE CODE of .c and .py files. C is compiled by the system's
    compiler, or the one that CC names, and runs in a process of its own
    with limits, without your files and network where the system can do
    this (`tfapprox doctor` says it); Python runs here. Import only what you
    would run.

    Writes NAME.bin and NAME.json (bits, signed, source, power, area, delay,
    published errors, licence, SHA-256), shows the errors, and checks that
    the core computes with the table.
    """
    known = {"power_mW": power, "area_um2": area, "delay_ns": delay, "licence": licence}
    options: Dict[str, Any] = {
        "signed": signed,
        "swap": bool(swap),
        "ascending": ascending,
        "seconds": seconds,
        "folder": folder,
        "force": force,
        "known": {key: value for key, value in known.items() if value is not None},
    }
    of_one = {"name": name, "function": function, "num_bits": num_bits, "parameters": assignments(parameters, "--set")}
    if wide_report.is_wide(source, name):
        refused = {"signed": signed, "ascending": ascending, **of_one, "name": None, "function": None}
        options = {**options, "name": name, "function": function, "swap": swap}
        wide_report.import_wide(source, json, [option for option, value in refused.items() if value], options)
        return
    kind = kinds.kind_of(source)
    if kind is kinds.FOLDER:
        kinds.check_options(source, kind, [option for option, value in of_one.items() if value])
        import_folder(source, json, options, option_names.options_of(import_multiplier))
    else:
        options.update(of_one)
        _report(multipliers.import_multiplier(source, **options), json)


def _report(imported, json):
    """Shows what was imported, and that the core computes with it; warns if its name does not lead to it."""
    details = multipliers.load_details(imported.path)
    try:
        outcome = multipliers.check(imported.path)
        checked = f"checked: the core gives its {outcome.pairs:,} products" if not outcome.wrong else "check: FAILED"
    except ValueError as error:
        checked = f"not checked: {error}"
    place = registry.table_files().get(imported.name, [])
    by_name = bool(place) and place[0].resolve() == imported.path.resolve()
    if json:
        as_json({**details, "check": checked, "found_by_name": by_name})
        return
    line(f"{imported.name}: {imported.path}", "bold")
    table = grid("", *FIGURES, numbers=FIGURES)
    table.add_row("measured", *(number(details[key]) for key in FIGURES))
    published = details["published"]
    if published:
        table.add_row("published", *(number(published.get(key, {}).get("value")) for key in FIGURES))
    show(table)
    wrong = [key for key in published if not published[key]["agrees"]]
    if wrong:
        line(f"differs from what is published: {', '.join(wrong)}", "yellow")
    line(checked, None if checked.startswith("checked") else "yellow")
    if not by_name:
        reason = f"{place[0]} comes first" if place else f"{imported.path.parent} is not in TFAPPROX_MULTIPLIER_PATH"
        line(f"found by its path only: {reason}", "yellow")
