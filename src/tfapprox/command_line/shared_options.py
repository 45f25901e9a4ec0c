"""Options and arguments that several commands have."""

from typing import Callable, Dict, List, Optional, Union

import typer

from tfapprox.common.multipliers import registry


def complete_name(incomplete: str) -> List[str]:
    """The names of multipliers that begin with what was typed so far, for the completion of a shell."""
    names = [*registry.built_in_descriptions(), *registry.table_files()]
    return [name for name in dict.fromkeys(names) if name.startswith(incomplete)]


def completion(*values: str) -> Callable[[str], List[str]]:
    """A function that completes what was typed so far to one of several values, for the completion of a shell."""
    return lambda incomplete: [value for value in values if value.startswith(incomplete)]


NAME_OR_PATH = typer.Argument(
    ...,
    metavar="NAME",
    help="A multiplier's name, or its .bin file.",
    show_default=False,
    autocompletion=complete_name,
)
FOLDER = typer.Option(None, "--folder", metavar="DIR", help="Where to put it, instead of the user's folder.")
FORCE = typer.Option(False, "--force", help="Replace a table of this name.")
JSON = typer.Option(False, "--json", help="Print JSON.")
POWER = typer.Option(None, "--power", metavar="MW", help="Power in mW, for NAME.json.")
AREA = typer.Option(None, "--area", metavar="UM2", help="Area in um2.")
DELAY = typer.Option(None, "--delay", metavar="NS", help="Delay in ns.")
LICENCE = typer.Option(None, "--licence", metavar="TEXT", help="A note on the licence.")


def assignments(words: Optional[List[str]], option: str) -> Dict[str, Union[int, str]]:
    """A dictionary of words KEY=VALUE. A value that looks like an integer is one.

    Args:
        words: the words.
        option: the option or argument that they were given for.

    Raises:
        ValueError: if a word has another form.
    """
    values: Dict[str, Union[int, str]] = {}
    for word in words or []:
        key, equals, value = word.partition("=")
        if not equals or not key.isidentifier():
            raise ValueError(f"{option} must be KEY=VALUE; received {word!r}")
        values[key] = int(value) if value.lstrip("-").isdigit() else value
    return values
