"""Multipliers that no operation computes with, in `tfapprox multiplier import`, `show` and `list`."""

import pathlib
import shlex
from typing import Any, List, Mapping, Optional, Tuple

from tfapprox.common import multipliers
from tfapprox.common.argument_error import ArgumentError, error_message
from tfapprox.terminal import progress_bar

from .printing import FIGURES, as_json, grid, line, number, show

_OPTIONS = ("name", "function", "swap", "seconds", "known", "folder", "force")


def is_wide(source: str, name: Optional[str]) -> bool:
    """Whether the name of a source, or the name that it is given, says operands that no operation takes."""
    widths = multipliers.widths_of(name or pathlib.Path(source).stem)
    return widths is not None and widths.is_wide and not pathlib.Path(source).expanduser().is_dir()


def import_wide(source: str, json: bool, refused: List[str], options: Mapping[str, Any]) -> None:
    """Imports a multiplier that no operation computes with, and prints its figures.

    Args:
        source: the source.
        json: whether JSON is printed.
        refused: names of the options that were given and are not possible here.
        options: values of the options of the import by name; options that are not possible here are not used.
    """
    if refused:
        raise ArgumentError(refused[0], "is for operands of one width up to 8 bits", f"{source!r}")
    with progress_bar() as bar:
        made = multipliers.import_wide(
            source,
            progress=lambda parts: bar.track(parts, description="measuring"),
            **{key: options[key] for key in _OPTIONS},
        )
    print_wide(made, json)


def print_wide(multiplier: multipliers.WideMultiplier, json: bool) -> None:
    """Prints everything that is known of a multiplier that no operation computes with."""
    figures, values = multiplier.figures, _values(multiplier)
    if json:
        hidden = ("figures", "known", "products")
        fields = {key: value for key, value in multiplier._asdict().items() if key not in hidden}
        measured = {**values, **figures._asdict(), "worst": figures.worst._asdict()}
        as_json({**fields, **multiplier.known, **measured})
        return
    sign = "signed" if multiplier.signed else "unsigned"
    widths = f"activation of {multiplier.activation_bits} bits, weight of {multiplier.weight_bits} bits"
    line(f"{multiplier.name}: {widths}, {sign}, {multiplier.path}", "bold")
    if figures.sha256:
        line(f"sha256 {figures.sha256} of the products as int64")
    published = multiplier.known["published"] or {}
    table = grid("", "measured", "published", numbers=("measured", "published"))
    for key, value in values.items():
        table.add_row(key, number(value, 6), number(published.get(key)))
    for key, label in (("power_mW", "power mW"), ("area_um2", "area um2"), ("delay_ns", "delay ns")):
        table.add_row(label, "-", number(multiplier.known[key]))
    show(table)
    if figures.exhaustive:
        line(f"measured on all {figures.pairs:,} pairs of operands")
    else:
        total = 1 << (multiplier.activation_bits + multiplier.weight_bits)
        error = number(figures.mae_standard_error)
        sample = f"measured on {figures.pairs:,} random pairs of operands out of {total:,}"
        line(f"{sample}: the standard error of MAE is {error}, and WCE is the largest error among them", "yellow")
    worst = figures.worst
    line(f"worst pair: {worst.a} * {worst.w} = {worst.product}, exactly {worst.exact}")
    for key in ("source", "licence"):
        if multiplier.known[key]:
            line(f"{key}: {multiplier.known[key]}")
    line("No operation computes with it: they take operands of one width from 2 to 8 bits, and of 8 if signed.")


def read_back(path: pathlib.Path, multiplier: multipliers.WideMultiplier) -> str:
    """The command that imports the file to which a multiplier that no operation computes with was exported."""
    options = ["--no-swap"] if multiplier.activation_bits < multiplier.weight_bits else []
    widths = multipliers.widths_of(path.name)
    bits = multiplier.activation_bits, multiplier.weight_bits, multiplier.signed
    if widths is None or tuple(widths) != bits:
        options.append(f"--name {multipliers.activation_first(multiplier)}")
    return " ".join(["tfapprox multiplier import", shlex.quote(str(path)), *options])


def print_all_wide() -> List[Tuple[pathlib.Path, str]]:
    """Prints a row for each multiplier that no operation computes with; returns the files that cannot be read."""
    rows, failures = [], []
    for path in multipliers.wide_files():
        try:
            rows.append(multipliers.load_wide(path))
        except (OSError, ValueError) as error:
            failures.append((path, error_message(error, {})))
    if rows:
        table = grid("errors only", "bits", "pairs", *FIGURES, "mW", "folder", numbers=("bits", *FIGURES, "mW"))
        for row in rows:
            values = _values(row)
            bits, pairs = f"{row.activation_bits}x{row.weight_bits}", "all" if row.figures.exhaustive else "sample"
            costs = number(row.known["power_mW"]), str(row.path.parent)
            table.add_row(row.name, bits, pairs, *(number(values[key]) for key in FIGURES), *costs)
        show(table)
    return failures


def _values(multiplier):
    """The error figures by the names and in the units of the columns."""
    figures = multiplier.figures
    return {
        "MAE": figures.mae,
        "WCE": figures.wce,
        "MRE%": 100 * figures.mre,
        "EP%": 100 * figures.ep,
        "MSE": figures.mse,
        "bias": figures.bias,
    }
