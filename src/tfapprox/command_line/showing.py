"""`tfapprox multiplier list` and `show`."""

import typer

from tfapprox.common import multipliers
from tfapprox.terminal import progress_bar, stop_on_error

from .printing import FIGURES, as_json, grid, line, number, show

NAME = typer.Argument(..., metavar="NAME", help="A multiplier's name, or its .bin file.", show_default=False)
JSON = typer.Option(False, "--json", help="Print JSON.")


def list_multipliers(json: bool = JSON):
    """List all multipliers with their errors: the built-in ones, then the files.

    MAE is the mean absolute error, WCE the worst-case error, MRE the mean
    relative error, EP the share of wrong products (docs/arithmetic.md, 6).
    Power, in mW, is what NAME.json says.
    """
    with stop_on_error(), progress_bar() as bar:
        found, failures = multipliers.every(lambda names: bar.track(names, description="multipliers"))
        rows = [multipliers.summary(multiplier) for multiplier in found]
    if json:
        as_json({"multipliers": rows, "failures": [{"path": str(path), "reason": why} for path, why in failures]})
        return
    folders = sorted({multiplier.path.parent for multiplier in found if multiplier.path})
    table = grid("name", "bits", *FIGURES, "mW", "folder", numbers=("bits", *FIGURES, "mW"))
    for row, multiplier in zip(rows, found):
        folder = "-" if multiplier.path is None else str(1 + folders.index(multiplier.path.parent))
        figures = [number(row[key]) for key in FIGURES]
        table.add_row(row["name"], str(row["bits"]), *figures, number(row["power_mW"]), folder)
    show(table)
    line("folder -: built in")
    for number_of, folder in enumerate(folders, 1):
        line(f"folder {number_of}: {folder}")
    for path, why in failures:
        line(f"not loaded: {path}: {why}", "yellow")
    if not folders:
        searched = ", ".join(map(str, multipliers.search_path()))
        line(f"No files in {searched}; `tfapprox multiplier import` puts them there.")


def _products(name, values):
    """T[0, *] or T[*, 0] in words."""
    if values["nonzero"] == 0:
        return f"{name}: all 0"
    return f"{name}: {values['min']} to {values['max']}, {values['nonzero']} of them not 0"


def _plan(plan):
    possible = ", ".join(f"{name} ({terms})" if terms else name for name, terms in plan["possible"].items())
    return f"plan on {plan['path']}: {plan['name']}; possible, with their terms: {possible}"


def show_multiplier(name: str = NAME, json: bool = JSON):
    """Show all of one multiplier: errors, products of 0, plan, origin.

    Published figures are those of NAME.json, from the header of
    EvoApproxLib's file. The plan is how the core computes sums of its
    products (docs/plans.md).
    """
    with stop_on_error():
        found = multipliers.details(name)
    if json:
        as_json(found)
        return
    sign = "signed" if found["signed"] else "unsigned"
    line(f"{found['name']}: {found['bits']} bits, {sign}, {found['path'] or 'built in'}", "bold")
    table = grid("", "measured", "published", numbers=("measured", "published"))
    for key in (*FIGURES, "MSE", "bias"):
        published = found["published"].get(key)
        text = "-" if published is None else number(published["value"]) + ("" if published["agrees"] else "  differs")
        table.add_row(key, number(found[key], 6), text)
    for key, label in (("power_mW", "power mW"), ("area_um2", "area um2"), ("delay_ns", "delay ns")):
        table.add_row(label, "", number(found[key]))
    show(table)
    worst = found["worst"]
    line(f"worst pair: {worst['a']} * {worst['w']} = {worst['product']}, exactly {worst['exact']}")
    line("symmetric: " + ("yes" if found["symmetric"] else "no, activation and weight must not be exchanged"))
    line(_products("T[0, *]", found["zero_row"]))
    line(_products("T[*, 0]", found["zero_column"]))
    line(_plan(found["plan"]))
    for key in ("source", "licence"):
        if found[key]:
            line(f"{key}: {found[key]}")
    if found["changed"]:
        line("NAME.json has another SHA-256: the table was changed after it was imported", "red")
    for path in found["hidden"]:
        line(f"{path} has the same name and is not used", "yellow")


COMMANDS = {"list": list_multipliers, "show": show_multiplier}
