"""What several commands print: tables of figures, and JSON."""

import json

from rich.box import SIMPLE_HEAD
from rich.table import Table

from tfapprox.terminal import console

FIGURES = ("MAE", "WCE", "MRE%", "EP%")


def number(value, digits=4):
    """A figure to some digits, thousands separated; a dash where there is none."""
    if value is None:
        return "-"
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.{digits}g}" if abs(value) < 10**digits else f"{value:,.0f}"


def grid(*columns, numbers=()):
    """A table with these headings; those in `numbers` are aligned to the right and never broken."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        right = column in numbers
        table.add_column(column, justify="right" if right else "left", no_wrap=right, overflow="fold")
    return table


def show(table):
    """Prints a table with all its text as it is."""
    console.print(table, markup=False, highlight=False)


def line(text, style=None):
    """Prints one line of text as it is; a path stays in one piece."""
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def as_json(value):
    """Prints JSON."""
    print(json.dumps(value, indent=1, default=str))
