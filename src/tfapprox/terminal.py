"""What commands and examples share on the terminal: a console, a progress bar, and a user's mistakes as one line."""

import contextlib
import re
import sys
from typing import Iterator, Mapping, Optional

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .common.argument_error import error_message

# In a file or a pipe, which has no width, names are not shortened.
_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
console = Console(width=None if sys.stdout.isatty() else 200)


def progress_bar() -> Progress:
    """A bar with count and remaining time. It vanishes when it is done, and is not shown in a file or a pipe."""
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def printable(text: str) -> str:
    r"""A text without what a terminal takes for a command: such characters become escapes, as Python writes them.

    These are control characters except tabulators and line breaks, marks that reverse the direction of writing, and
    bytes of a file name that are not UTF-8. Texts from files and the names of files are printed through this function.

    Example:
        >>> printable("licence \x1b]0;title\x07")
        'licence \\x1b]0;title\\x07'
    """
    return _COMMANDS.sub(lambda match: match.group().encode("unicode_escape").decode(), text)


@contextlib.contextmanager
def stop_on_error(options: Optional[Mapping[str, str]] = None) -> Iterator[None]:
    """Ends the program with the text of a user's mistake on standard error, and exit code 1.

    Args:
        options: from the argument of the library with which an error begins to the user's option for it, for example
            `{"inputs": "--input-node"}`.
    """
    try:
        yield
    except (OSError, ValueError, ImportError, MemoryError) as error:
        text = error_message(error, options or {}) or type(error).__name__
        Console(stderr=True).print(
            printable(f"error: {text}"), style="red", markup=False, highlight=False, soft_wrap=True
        )
        raise typer.Exit(1) from error
