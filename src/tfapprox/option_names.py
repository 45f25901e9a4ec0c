"""Puts errors of the library into the words of a command: options instead of the names of Python arguments.

A command names its parameters after the arguments of the library, and its typer declarations name the options. With the
parameter `num_bits: int = typer.Option(8, "--bits")`, the error `num_bits must be ...` becomes `--bits must be ...`.
"""

import functools
import inspect
from typing import Any, Callable, Dict

from typer.models import ArgumentInfo, OptionInfo

from .terminal import stop_on_error

_RENAMED = "_renamed_arguments"  # attribute of a decorated command


def options_of(command: Callable[..., Any]) -> Dict[str, str]:
    """What the user of a command types for each of its parameters.

    Args:
        command: a function whose parameters have `typer.Option` and `typer.Argument` as default values. It may be
            decorated by `with_error_messages`.

    Returns:
        A dictionary from the name of a parameter to its long option or, for a positional argument, to its metavar. It
        also has the arguments of the library that the decorator was given.
    """
    words = {}
    for name, parameter in inspect.signature(command).parameters.items():
        if isinstance(parameter.default, OptionInfo):
            long = [option for option in parameter.default.param_decls or () if option.startswith("--")]
            words[name] = long[0].partition("/")[0] if long else "--" + name.replace("_", "-")
        elif isinstance(parameter.default, ArgumentInfo):
            words[name] = parameter.default.metavar or name.upper()
    renamed = getattr(command, _RENAMED, {})
    return {**words, **{argument: words[parameter] for argument, parameter in renamed.items()}}


def with_error_messages(**arguments: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorates a command: a mistake of its user becomes one line on standard error and exit code 1.

    If the command has a parameter `json` or `as_json` that is true, the mistake is printed as JSON instead.

    Args:
        **arguments: for each argument of the library that has another name than the parameter of the command, the name
            of the parameter.
    """

    def decorate(command):
        @functools.wraps(command)
        def run(*values, **options):
            with stop_on_error(options_of(run), as_json=bool(options.get("json") or options.get("as_json"))):
                return command(*values, **options)

        setattr(run, _RENAMED, arguments)
        return run

    return decorate
