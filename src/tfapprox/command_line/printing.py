"""Prints tables of figures, lines and JSON for several commands."""

import json

from rich.box import SIMPLE_HEAD
from rich.table import Table

from tfapprox.common.multipliers.identity import DIGITS
from tfapprox.terminal import console, printable

FIGURES = ("MAE", "WCE", "MRE%", "EP%")


def number(value, digits=4):
    """The text of a figure with `digits` significant digits and commas between thousands; a dash for `None`."""
    if value is None:
        return "-"
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.{digits}g}" if abs(value) < 10**digits else f"{value:,.0f}"


def short_hash(sha256):
    """The digits of a SHA-256 that are shown, or a dash for `None`; JSON has all of them."""
    return sha256[:DIGITS] if sha256 else "-"


class _Grid(Table):
    def add_row(self, *cells, **options):
        super().add_row(*map(printable, cells), **options)


def grid(*columns, numbers=()):
    """A table with the headings `columns`; columns in `numbers` are aligned to the right and never broken."""
    table = _Grid(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        right = column in numbers
        table.add_column(column, justify="right" if right else "left", no_wrap=right, overflow="fold")
    return table


def show(table):
    """Prints a table without markup or highlighting of its text."""
    console.print(table, markup=False, highlight=False)


def line(text, style=None):
    """Prints one line of text without markup, highlighting or line breaks."""
    console.print(printable(text), style=style, markup=False, highlight=False, soft_wrap=True)


def as_json(value):
    """Prints a value as JSON; what JSON cannot hold is printed as a string."""
    print(json.dumps(value, indent=1, default=str).replace("\x7f", "\\u007f"))
