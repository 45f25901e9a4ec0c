"""`tfapprox multiplier import`."""

import warnings
from typing import Any, Dict, List, Optional

import typer

from tfapprox import option_names
from tfapprox.common import TableWarning, multipliers
from tfapprox.common.multipliers import arrays, kinds, readings, registry
from tfapprox.terminal import progress_bar

from . import wide_report
from .library_report import import_folder
from .printing import FIGURES, as_json, grid, line, number, show
from .shared_options import AREA, DELAY, FOLDER, FORCE, JSON, LICENCE, POWER, assignments, completion

_SOURCE = typer.Argument(..., metavar="SOURCE", help="A file, a folder, or ariths-gen:CLASS.", show_default=False)
_NAME = typer.Option(
    None, "--name", metavar="NAME", help="Instead of the function's or file's name; mul8s_... if signed."
)
_FUNCTION = typer.Option(None, metavar="NAME", help="The function, where a file has several.")
_SIGNED = typer.Option(
    None, "--signed/--unsigned", help="Operands from -128, or from 0; by default as the name says, or proved."
)
_BITS = typer.Option(
    None, "--bits", metavar="N", help="Width of the operands of a function; else as the name says, or 8."
)
_SWAP = typer.Option(
    None,
    "--swap/--no-swap",
    help="The first operand, or row, is the weight; by default the narrow one or the second.",
)
_ASCENDING = typer.Option(False, "--ascending", help="Rows and columns of signed operands run from -128 to 127.")
_ORDER = typer.Option(
    None,
    "--order",
    metavar="ORDER",
    help="codes, ascending, ascending-rows or ascending-columns: what runs from -128.",
    autocompletion=completion(*arrays.ORDERS),
)
_OFFSET = typer.Option(None, "--offset", metavar="N", help="Subtract N from every product, such as 32768.")
_BYTES = typer.Option(None, "--big-endian/--little-endian", help="Order of the bytes in a .bin file.")
_ARRAY = typer.Option(None, "--array", metavar="NAME", help="The array, where a .npz or .mat file has several.")
_ACTIVATION = typer.Option(None, "--activation-port", metavar="PORT", help="A netlist's input, or bits of it: in[7:0].")
_WEIGHT = typer.Option(
    None, "--weight-port", metavar="PORT", help="The input of the weight, if that of activation is given."
)
_OUTPUT = typer.Option(None, "--output-port", metavar="PORT", help="A netlist's output.")
_TOP = typer.Option(None, "--top", metavar="MODULE", help="The module of a netlist at the top.")
_CELLS = typer.Option(
    None, "--cells", metavar="FILE", help="Cells of a netlist: Verilog, BLIF, genlib; may be repeated."
)
_REVERSE = typer.Option(
    None,
    "--reverse",
    metavar="OPERAND",
    help="activation, weight or product has its top bit first, or none; may be repeated.",
    autocompletion=completion(*readings.PORTS, "none"),
)
_TIE = typer.Option(None, "--tie", metavar="INPUT=0|1", help="A constant for an input of Verilog; may be repeated.")
_LATENCY = typer.Option(None, "--latency", metavar="N", help="Registers on each path of a pipeline in Verilog.")
_SET = typer.Option(None, "--set", metavar="KEY=VALUE", help="A parameter of ariths-gen's class; may be repeated.")
_YES = typer.Option(False, "--yes", help="The products are meant, even if they look like a mistake.")
_SECONDS = typer.Option(10.0, "--time-limit", metavar="S", min=0.1, help="Seconds that C or Yosys may take.")


@option_names.with_error_messages(power_mW="power", area_um2="area", delay_ns="delay", warn="yes")
def import_multiplier(
    source: str = _SOURCE,
    name: Optional[str] = _NAME,
    function: Optional[str] = _FUNCTION,
    signed: Optional[bool] = _SIGNED,
    num_bits: Optional[int] = _BITS,
    swap: Optional[bool] = _SWAP,
    ascending: bool = _ASCENDING,
    order: Optional[str] = _ORDER,
    offset: Optional[int] = _OFFSET,
    big_endian: Optional[bool] = _BYTES,
    array: Optional[str] = _ARRAY,
    activation_port: Optional[str] = _ACTIVATION,
    weight_port: Optional[str] = _WEIGHT,
    output_port: Optional[str] = _OUTPUT,
    top: Optional[str] = _TOP,
    cells: Optional[List[str]] = _CELLS,
    reverse: Optional[List[str]] = _REVERSE,
    tie: Optional[List[str]] = _TIE,
    latency: Optional[int] = _LATENCY,
    parameters: Optional[List[str]] = _SET,
    power: Optional[float] = POWER,
    area: Optional[float] = AREA,
    delay: Optional[float] = DELAY,
    licence: Optional[str] = LICENCE,
    folder: Optional[str] = FOLDER,
    force: bool = FORCE,
    yes: bool = _YES,
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
                        CGP (.cgp), inputs A and B or the only two; any
                        other Verilog with the extra "verilog"
      table.npy, .npz   array of 256x256 products, activation first;
      or .mat           .mat needs scipy
      table.txt, .csv   256 lines of 256 numbers; or what a test bench
      .tsv, .log, ...   prints: one product a line, or lines a b p,
                        decimal or hexadecimal, with or without headings
      table.bin         65,536 uint16 (int16 if signed) or int32,
                        little-endian, activation first
      .mem, .hex, .v    hexadecimal words of $writememh, or a module that is
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
    the core computes with the table. Sign and order of bits of C functions
    and netlists are proved by published errors or by the exact product, and
    the output says how; an option always wins. Products that look like a
    usual mistake, such as exchanged bytes, are not imported without --yes.
    An import of what is there already changes nothing.
    """
    known = {"power_mW": power, "area_um2": area, "delay_ns": delay, "licence": licence}
    options: Dict[str, Any] = {
        "signed": signed,
        "swap": bool(swap),
        "ascending": ascending,
        "seconds": seconds,
        "folder": folder,
        "force": force,
        "warn": not yes,
        "known": {key: value for key, value in known.items() if value is not None},
    }
    of_one = {
        "name": name,
        "function": function,
        "num_bits": num_bits,
        "order": order,
        "offset": offset,
        "big_endian": big_endian,
        "array": array,
        "activation_port": activation_port,
        "weight_port": weight_port,
        "output_port": output_port,
        "top": top,
        "cells": cells or (),
        "reverse": [] if reverse == ["none"] else reverse or None,
        "tie": assignments(tie, "--tie"),
        "latency": latency,
        "parameters": assignments(parameters, "--set"),
    }
    if wide_report.is_wide(source, name):
        refused = {"signed": signed, "ascending": ascending or None, **of_one, "name": None, "function": None}
        options = {**options, "name": name, "function": function, "swap": swap}
        wide_report.import_wide(source, json, _given(refused), options)
        return
    kind = kinds.kind_of(source)
    if kind is kinds.FOLDER:
        kinds.check_options(source, kind, _given(of_one))
        import_folder(source, json, options, option_names.options_of(import_multiplier))
    else:
        options.update(of_one)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TableWarning)  # the notes of the multiplier say the same
            with progress_bar(stderr=True) as bar:
                task = bar.add_task("importing", total=None)

                def show_gates(done: int, gates: int) -> None:
                    bar.update(task, description="computing gates", completed=done, total=gates)

                imported = multipliers.import_multiplier(source, progress=show_gates, **options)
            _report(imported, json, swap)


def _given(options):
    """The names of the options that the user has given."""
    return [option for option, value in options.items() if value not in (None, (), {})]


def _report(imported, json, swap):
    """Shows what was imported, and that the core computes with it; warns if its name does not lead to it.

    Args:
        imported: the multiplier.
        json: whether JSON is printed.
        swap: whether the source has the weight as its first operand.
    """
    details = multipliers.load_details(imported.path)
    try:
        outcome = multipliers.check(imported.path)
        checked = f"checked: the core gives its {outcome.pairs:,} products" if not outcome.wrong else "check: FAILED"
    except ValueError as error:
        checked = f"not checked: {error}"
    place = registry.table_files().get(imported.name, [])
    by_name = bool(place) and place[0].resolve() == imported.path.resolve()
    if json:
        more = {"check": checked, "found_by_name": by_name, "unchanged": imported.unchanged, "notes": imported.notes}
        as_json({**details, **more})
        return
    line(f"{imported.name}: {imported.path}", "bold")
    line(f"sha256 {imported.table.sha256}")
    if imported.unchanged:
        line("unchanged: this table was there")
    table = grid("", *FIGURES, numbers=FIGURES)
    table.add_row("measured", *(number(details[key]) for key in FIGURES))
    published = details["published"]
    if published:
        table.add_row("published", *(number(published.get(key, {}).get("value")) for key in FIGURES))
    show(table)
    wrong = [key for key in published if not published[key]["agrees"]]
    if wrong:
        line(f"differs from what is published: {', '.join(wrong)}", "yellow")
    if details["reading"]:
        line(f"read as {details['reading']}")
    if not details["symmetric"]:
        first = (
            "weight, as --swap says" if swap else "activation; no comparison can prove this, and --swap exchanges them"
        )
        line(f"The first operand, or the row, is the {first}.")
    line(checked, None if checked.startswith("checked") else "yellow")
    for note in imported.notes:
        line(f"warning: {note}", "yellow")
    if not by_name:
        reason = f"{place[0]} comes first" if place else f"{imported.path.parent} is not in TFAPPROX_MULTIPLIER_PATH"
        line(f"found by its path only: {reason}", "yellow")
