"""`tfapprox multiplier show`."""

from tfapprox.common import multipliers
from tfapprox.common.terminal import stop_on_error

from .printing import FIGURES, as_json, grid, line, number, show
from .shared_options import JSON, NAME_OR_PATH


def _products(name, values):
    """T[0, *] or T[*, 0] in words."""
    if values["nonzero"] == 0:
        return f"{name}: all 0"
    return f"{name}: {values['min']} to {values['max']}, {values['nonzero']} of them not 0"


def _plan(plan):
    possible = ", ".join(f"{name} ({terms})" if terms else name for name, terms in plan["possible"].items())
    return f"plan on {plan['path']}: {plan['name']}; possible, with their terms: {possible}"


def show_multiplier(name: str = NAME_OR_PATH, json: bool = JSON):
    """Show all of one multiplier: errors, products of 0, plan, origin.

    Published figures are those of NAME.json, from the header of
    EvoApproxLib's file. The plan is how the core computes sums of its
    products (docs/plans.md).
    """
    with stop_on_error():
        found = multipliers.load_details(name)
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
