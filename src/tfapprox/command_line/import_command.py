"""`tfapprox multiplier import`."""

import os
from typing import List, Optional

import typer

from tfapprox.common import multipliers
from tfapprox.common.multipliers import checkout, python_circuit, registry
from tfapprox.common.terminal import progress_bar, stop_on_error

from .printing import FIGURES, as_json, grid, line, number, show
from .shared_options import FOLDER, FORCE, JSON, assignments

_SOURCE = typer.Argument(..., metavar="SOURCE", help="A file, a folder, or ariths-gen:CLASS.", show_default=False)
_NAME = typer.Option(None, "--name", metavar="NAME", help="Instead of that of function or file; signed: mul8s_...")
_FUNCTION = typer.Option(None, metavar="NAME", help="The function, where a file has several.")
_SIGNED = typer.Option(None, "--signed/--unsigned", help="Operands from -128, or from 0; by default as the name says.")
_BITS = typer.Option(
    None, "--bits", metavar="N", help="Width of the operands of a function; else as the name says, or 8."
)
_SWAP = typer.Option(False, "--swap", help="The first operand, or row, is the weight.")
_ASCENDING = typer.Option(False, "--ascending", help="Rows and columns of signed operands run from -128 to 127.")
_SET = typer.Option(None, "--set", metavar="KEY=VALUE", help="A parameter of ariths-gen's class; may be repeated.")
_POWER = typer.Option(None, "--power", metavar="MW", help="Power in mW, for NAME.json.")
_AREA = typer.Option(None, "--area", metavar="UM2", help="Area in um2.")
_DELAY = typer.Option(None, "--delay", metavar="NS", help="Delay in ns.")
_LICENCE = typer.Option(None, "--licence", metavar="TEXT", help="A note on the licence.")
_SECONDS = typer.Option(10.0, "--time-limit", metavar="S", min=0.1, help="Seconds that a circuit in C may take.")


def import_multiplier(
    source: str = _SOURCE,
    name: Optional[str] = _NAME,
    function: Optional[str] = _FUNCTION,
    signed: Optional[bool] = _SIGNED,
    bits: Optional[int] = _BITS,
    swap: bool = _SWAP,
    ascending: bool = _ASCENDING,
    parameters: Optional[List[str]] = _SET,
    power: Optional[float] = _POWER,
    area: Optional[float] = _AREA,
    delay: Optional[float] = _DELAY,
    licence: Optional[str] = _LICENCE,
    folder: Optional[str] = FOLDER,
    force: bool = FORCE,
    time_limit: float = _SECONDS,
    json: bool = JSON,
):
    """Make a truth table of a circuit, under a name that every operation finds.

    SOURCE is one of
      circuit.c         C function of two integers, activation first
                        (EvoApproxLib's files, for example)
      circuit.py        Python function of two integers, or a circuit of
                        ariths-gen
      table.npy         array of 256x256 products, activation first
      table.txt, .csv   256 lines of 256 numbers, spaces or commas between
      table.bin         65,536 uint16 (int16 if signed) or int32,
                        little-endian, activation first
      folder            checkout of EvoApproxLib or EvoApprox8b: every
                        multiplier of up to 8 bits
      ariths-gen:CLASS  generated circuit, for example
                        ariths-gen:UnsignedBrokenArrayMultiplier

    This RUNS THE CODE of .c and .py files. C is compiled by the system's
    compiler, or the one that CC names, and runs in a process of its own
    with a time limit; Python runs here. Import only what you would run.

    Writes NAME.bin and NAME.json (bits, signed, source, power, area, delay,
    published errors, licence, SHA-256), shows the errors, and checks that
    the core computes with the table.
    """
    known = {"power_mW": power, "area_um2": area, "delay_ns": delay, "licence": licence}
    known = {key: value for key, value in known.items() if value is not None}
    options = {"signed": signed, "swap": swap, "ascending": ascending, "folder": folder, "force": force, "known": known}
    with stop_on_error():
        if os.path.isdir(source):
            for option, given in (("--name", name), ("--function", function), ("--bits", bits), ("--set", parameters)):
                if given:
                    raise ValueError(f"{option} is for one circuit; received the folder {source!r}")
            _import_folder(source, json, seconds=time_limit, **options)
            return
        imported = _import_one(source, name, function, bits, assignments(parameters, "--set"), time_limit, options)
        _report(imported, json)


def _import_one(source, name, function, bits, parameters, seconds, options):
    if source.startswith(python_circuit.PREFIX):
        generator = source[len(python_circuit.PREFIX) :]
        circuit = multipliers.generate_ariths_gen(generator, 8 if bits is None else bits, **parameters)
        return multipliers.import_ariths_gen(circuit, name, **options)
    if parameters:
        raise ValueError(f"--set is for {python_circuit.PREFIX}CLASS; received {source!r}")
    suffix = os.path.splitext(source)[1].lower()
    if suffix == ".py":
        width = {} if bits is None else {"num_bits": bits}
        return multipliers.import_python(source, name, function, **width, **options)
    if suffix == ".c":
        return multipliers.import_c(source, name, function, bits, seconds=seconds, **options)
    for option, given in (("--function", function), ("--bits", bits)):
        if given is not None:
            raise ValueError(f"{option} is for code; received {source!r}")
    return multipliers.import_file(source, name, **options)


def _report(imported, json):
    """Shows what was imported, and that the core computes with it; warns if its name does not lead to it."""
    found = multipliers.load_details(imported.path)
    try:
        outcome = multipliers.check(imported.path)
        checked = f"checked: the core gives its {outcome.pairs:,} products" if not outcome.wrong else "check: FAILED"
    except ValueError as error:
        checked = f"not checked: {error}"
    place = registry.table_files().get(imported.name, [])
    by_name = bool(place) and place[0].resolve() == imported.path.resolve()
    if json:
        as_json({**found, "check": checked, "found_by_name": by_name})
        return
    line(f"{imported.name}: {imported.path}", "bold")
    table = grid("", *FIGURES, numbers=FIGURES)
    table.add_row("measured", *(number(found[key]) for key in FIGURES))
    published = found["published"]
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


def _import_folder(source, json, **options):
    paths = checkout.circuits(source)
    with progress_bar() as bar:
        outcomes = checkout.import_checkout(paths, lambda paths: bar.track(paths, description="compiling"), **options)
    counts = {
        status: sum(outcome.status == status for outcome in outcomes) for status in ("imported", "same", "failed")
    }
    failed = [outcome for outcome in outcomes if outcome.status == "failed"]
    if json:
        as_json({**counts, "outcomes": [dict(outcome._asdict()) for outcome in outcomes]})
    else:
        table = grid("C files", "imported", "the same again", "failed", numbers=("C files", *counts, "the same again"))
        table.add_row(*map(str, (len(outcomes), counts["imported"], counts["same"], counts["failed"])))
        show(table)
        for outcome in failed:
            line(f"{outcome.path}: {outcome.message}", "yellow")
    if failed:
        raise typer.Exit(1)
