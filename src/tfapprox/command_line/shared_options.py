"""Options and arguments that several commands have."""

from typing import Dict, List, Optional, Union

import typer

NAME_OR_PATH = typer.Argument(..., metavar="NAME", help="A multiplier's name, or its .bin file.", show_default=False)
FOLDER = typer.Option(None, "--folder", metavar="DIR", help="Where to put it, instead of the user's folder.")
FORCE = typer.Option(False, "--force", help="Replace a table of this name.")
JSON = typer.Option(False, "--json", help="Print JSON.")


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
