"""`tfapprox multiplier show`."""

from tfapprox import option_names
from tfapprox.common import multipliers

from .printing import FIGURES, as_json, grid, line, number, short_hash, show
from .shared_options import JSON, NAME_OR_PATH
from .wide_report import print_wide


def _products(name, values):
    """The products of a row or column, such as T[0, *], in words."""
    if values["nonzero"] == 0:
        return f"{name}: all 0"
    return f"{name}: {values['min']} to {values['max']}, {values['nonzero']} of them not 0"


def _plan(plan):
    possible = ", ".join(f"{name} ({terms})" if terms else name for name, terms in plan["possible"].items())
    return f"plan on {plan['path']}: {plan['name']}; possible, with their terms: {possible}"


@option_names.with_error_messages()
def show_multiplier(name_or_path: str = NAME_OR_PATH, json: bool = JSON) -> None:
    """Show all of one multiplier: errors, products of 0, plan, origin.

    Published figures are those of NAME.json, from the header of
    EvoApproxLib's file. The plan is how the core computes sums of its
    products (docs/plans.md).
    """
    wide = multipliers.find_wide(name_or_path)
    if wide:
        print_wide(multipliers.load_wide(wide), json)
        return
    details = multipliers.load_details(name_or_path)
    if json:
        as_json(details)
        return
    sign = "signed" if details["signed"] else "unsigned"
    line(f"{details['name']}: {details['bits']} bits, {sign}, {details['path'] or 'built in'}", "bold")
    line(f"sha256 {details['sha256']}")
    table = grid("", "measured", "published", numbers=("measured", "published"))
    for key in (*FIGURES, "MSE", "bias"):
        published = details["published"].get(key)
        text = "-" if published is None else number(published["value"]) + ("" if published["agrees"] else "  differs")
        table.add_row(key, number(details[key], 6), text)
    for key, label in (("power_mW", "power mW"), ("area_um2", "area um2"), ("delay_ns", "delay ns")):
        table.add_row(label, "-", number(details[key]))
    show(table)
    worst = details["worst"]
    line(f"worst pair: {worst['a']} * {worst['w']} = {worst['product']}, exactly {worst['exact']}")
    line("symmetric: " + ("yes" if details["symmetric"] else "no, activation and weight must not be exchanged"))
    line(_products("T[0, *]", details["zero_row"]))
    line(_products("T[*, 0]", details["zero_column"]))
    line(_plan(details["plan"]))
    for key in ("source", "reading", "licence", "note"):
        if details[key]:
            line(f"{key}: {details[key]}")
    if details["changed"]:
        line("NAME.json has another SHA-256: the table was changed after it was imported", "red")
    for path in details["hidden"]:
        line(f"{path} has the same name and is not used", "yellow")
    for path, sha256 in details["namesakes"].items():
        line(f"{path} is another circuit of this name: sha256 {short_hash(sha256)}", "yellow")
