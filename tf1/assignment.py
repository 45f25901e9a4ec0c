"""Which multiplier goes to which layer, as files and command lines say it."""

import json

from .layers import Choice, Layer

DESCRIPTION = set(Layer._fields) - {"name", *Choice._fields}  # what `layers --json` says of a layer besides


def _choice(value, where):
    if isinstance(value, str):
        return Choice(value)
    if not isinstance(value, dict) or set(value) - DESCRIPTION - set(Choice._fields):
        raise ValueError(f"{where} must be a multiplier, or an object with multiplier and tune; received {value!r}")
    choice = Choice(value.get("multiplier"), value.get("tune"))
    if not isinstance(choice.multiplier, (str, type(None))):
        raise ValueError(f"{where}: multiplier must be a string; received {choice.multiplier!r}")
    if not isinstance(choice.tune, (bool, type(None))):
        raise ValueError(f"{where}: tune must be true or false; received {choice.tune!r}")
    return choice


def read(path):
    """The assignment in a JSON file.

    Args:
        path: of a file with one object, from layer to multiplier, `{"a/Conv2D": "mul8u_drum4"}`, or to an object,
            `{"a/Conv2D": {"multiplier": "mul8u_drum4", "tune": false}}`. What `layers --json` writes is one, too.

    Returns:
        A dictionary from layer to `Choice`.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it does not say that; names the file and the entry.
    """
    with open(path, encoding="utf-8") as file:
        try:
            content = json.load(file)
        except ValueError as error:
            raise ValueError(f"{path} must be JSON: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} must be an object from layer to multiplier; received {content!r}")
    return {layer: _choice(value, f"{path}, layer {layer}") for layer, value in content.items()}


def parse(arguments):
    """The assignment in arguments `LAYER=MULTIPLIER`: a dictionary from layer to `Choice`.

    Raises:
        ValueError: if one has no `=`.
    """
    for argument in arguments:
        if not all(argument.partition("=")):
            raise ValueError(f"an argument after GRAPH must be LAYER=MULTIPLIER; received {argument!r}")
    return {layer: Choice(multiplier) for layer, _, multiplier in (argument.partition("=") for argument in arguments)}
