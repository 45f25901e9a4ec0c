"""What commands and examples share on the terminal: a console, a progress bar, and a user's mistakes as one line."""

import contextlib
import sys
from typing import Iterator

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

# A file or a pipe has no width: names stay whole there.
console = Console(width=None if sys.stdout.isatty() else 200)


def progress_bar() -> Progress:
    """A bar with count and remaining time. It vanishes when it is done, and is not shown in a file or a pipe."""
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


@contextlib.contextmanager
def stop_on_error() -> Iterator[None]:
    """Ends the program with the text of a user's mistake on standard error, and exit code 1."""
    try:
        yield
    except (OSError, ValueError, ImportError) as error:
        Console(stderr=True).print(f"error: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error
