"""The command `link DIR` of `python -m tfapprox.tf1` and `python -m tfapprox.tf2`."""

import os
from typing import Callable

import typer

from .common import library
from .option_names import with_error_messages
from .terminal import printable


def link_command(library_path: Callable[[], str], name: str) -> Callable[..., None]:
    """The command that links a plugin to where an old script loads it from.

    Args:
        library_path: function that returns the path of the plugin.
        name: name of the link, which old scripts expect.

    Returns:
        A function for `typer.Typer.command`.
    """

    @with_error_messages()
    def link(
        folder: str = typer.Argument(..., metavar="DIR", show_default=False),
        force: bool = typer.Option(False, "--force", help="Replace a file, such as the plugin of an older version."),
    ) -> None:
        print(printable(library.link(library_path(), folder, name, force)))
        folders = os.path.abspath(folder) + "${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
        print(printable(f"A script that loads {name} without a folder needs: export LD_LIBRARY_PATH={folders}"))

    link.__doc__ = f"Make DIR/{name} a link to the plugin, for a script that loads it from there."
    return link
