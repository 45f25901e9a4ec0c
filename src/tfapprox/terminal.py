"""What commands and examples share on the terminal: a console, a progress bar, and a user's mistakes as one line."""

import contextlib
import json
import os
import re
import sys
import tempfile
import warnings
from typing import Any, Iterator, Mapping, Optional

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .common.argument_error import error_message
from .common.table_doubts import TableWarning
from .notebook_progress import NotebookProgress

_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
# A file or a pipe has no width; 200 characters are wide enough that names are not shortened.
console = Console(width=None if sys.stdout.isatty() else 200)


def progress_bar(stderr: bool = False) -> Progress:
    """A bar with count and remaining time, in a terminal or a notebook. It is not shown in a file or a pipe.

    In a terminal, it vanishes when it is done; in a notebook, it stays in the output of its cell.

    Args:
        stderr: whether it is written to standard error, as a command with JSON on standard output needs it.
    """
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    if console.is_jupyter:
        from IPython.display import display  # IPython is installed wherever a notebook runs

        return NotebookProgress(*columns, display=display)
    target = Console(stderr=True) if stderr else console
    # The version of rich for Python 3.7 writes an empty line even for a bar that is not shown.
    shown = target if target.is_terminal else Console(quiet=True)
    return Progress(*columns, console=shown, transient=True, disable=not target.is_terminal)


def printable(text: str) -> str:
    r"""A text without what a terminal takes for a command: such characters become escapes, as Python writes them.

    These are control characters except tabulators and line breaks, marks that reverse the direction of writing, and
    bytes of a file name that are not UTF-8. Texts from files and the names of files are printed through this function.

    Example:
        >>> printable("licence \x1b]0;title\x07")
        'licence \\x1b]0;title\\x07'
    """
    return _COMMANDS.sub(lambda match: match.group().encode("unicode_escape").decode(), text)


def json_text(value: Any) -> str:
    """A value as JSON without control characters; what JSON cannot hold is a string."""
    return json.dumps(value, indent=1, default=str).replace("\x7f", "\\u007f")


def print_error(text: str, as_json: bool = False) -> None:
    """Prints an error: a red line on standard error, or `{"error": TEXT}` on standard output where JSON is expected."""
    if as_json:
        print(json_text({"error": text}))
    else:
        text = printable(f"error: {text}")
        Console(stderr=True).print(text, style="red", markup=False, highlight=False, soft_wrap=True)


@contextlib.contextmanager
def stop_on_error(options: Optional[Mapping[str, str]] = None, as_json: bool = False) -> Iterator[None]:
    """Ends the program with the text of a user's mistake and exit code 1, and prints warnings of tables as lines.

    Args:
        options: from the argument of the library with which an error begins to the user's option for it, for example
            `{"inputs": "--input-node"}`.
        as_json: whether the error is printed as JSON on standard output, instead of a line on standard error.
    """
    try:
        with _lines_of_warnings():
            yield
    except (OSError, ValueError, ImportError, MemoryError) as error:
        print_error(error_message(error, options or {}) or type(error).__name__, as_json)
        raise typer.Exit(1) from error


@contextlib.contextmanager
def _lines_of_warnings():
    """Prints each warning of a table as one yellow line on standard error, and other warnings as Python does."""
    original, told = warnings.showwarning, set()

    def show(message, category, *place, **options):
        if not issubclass(category, TableWarning):
            original(message, category, *place, **options)
        elif str(message) not in told:
            told.add(str(message))
            text = printable(f"warning: {message}")
            Console(stderr=True).print(text, style="yellow", markup=False, highlight=False, soft_wrap=True)

    with warnings.catch_warnings():
        warnings.simplefilter("always", TableWarning)
        warnings.showwarning = show
        yield


@contextlib.contextmanager
def without_log() -> Iterator[None]:
    """Keeps what libraries write to standard error from the user, such as the log of TensorFlow, unless they fail."""
    _flush()
    with tempfile.TemporaryFile() as log, contextlib.ExitStack() as stack:
        try:
            terminal = os.dup(2)
        except OSError:  # the program was started without a standard error
            yield
            return
        stack.callback(os.close, terminal)
        os.dup2(log.fileno(), 2)
        try:
            yield
        except BaseException:
            log.seek(0)
            os.write(terminal, log.read())
            raise
        finally:
            _flush()
            os.dup2(terminal, 2)


def _flush():
    if sys.stderr is not None:
        sys.stderr.flush()
