"""Prints tables of figures, lines and JSON for several commands."""

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from tfapprox.common.multipliers.identity import DIGITS
from tfapprox.terminal import console, json_text, printable

_MIN_TEXT = 8
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
    """A table that is printed as one block of lines for each row where it does not fit the terminal."""

    def __init__(self, **options):
        super().__init__(**options)
        self._cells = []

    def add_row(self, *cells, **options):
        self._cells.append([printable(cell) for cell in cells])
        super().add_row(*self._cells[-1], **options)

    def _fits(self, width):
        """Whether the columns fit, where columns of texts may be broken into pieces of `_MIN_TEXT` characters."""
        needed = 0
        for column, *cells in zip(self.columns, *self._cells):
            length = max(map(cell_len, [str(column.header), *cells]))
            needed += length if column.no_wrap else min(length, _MIN_TEXT)
        return needed + sum(self.padding[1::2]) * len(self.columns) + 2 <= width

    def __rich_console__(self, console, options):
        if len(self.columns) < 3 or self._fits(options.max_width):
            yield from super().__rich_console__(console, options)
            return
        headings = [printable(str(column.header)) for column in self.columns]
        for title, *cells in self._cells:
            yield Text(title, style="bold", overflow="fold")
            for heading, cell in zip(headings[1:], cells):
                yield Text(f"  {heading} {cell}", overflow="fold")


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
    print(json_text(value))
