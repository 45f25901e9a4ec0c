"""The command `link DIR` of `python -m tfapprox.tf1` and `python -m tfapprox.tf2`."""

from typing import Callable

import typer

from .common import library
from .terminal import printable, stop_on_error


def link_command(library_path: Callable[[], str], name: str) -> Callable[[str], None]:
    """The command that links a plugin to where an old script loads it from.

    Args:
        library_path: function that returns the path of the plugin.
        name: name of the link, which old scripts expect.

    Returns:
        A function for `typer.Typer.command`.
    """

    def link(folder: str = typer.Argument(..., metavar="DIR", show_default=False)) -> None:
        with stop_on_error():
            print(printable(library.link(library_path(), folder, name)))

    link.__doc__ = f"Make DIR/{name} a link to the plugin, for a script that loads it from there."
    return link
