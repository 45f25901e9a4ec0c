"""Which multiplier goes to which layer, as files and command lines say it."""

from __future__ import annotations

import json
from typing import Any, Iterable

from tfapprox.common import regular_files
from tfapprox.common.argument_error import ArgumentError

from .layers import Choice, Layer

MAX_BYTES = 1 << 24  # of a file: room for 100,000 layers
# `layers --json` prints these fields, too. They are no part of an assignment, and are ignored.
DESCRIPTION = set(Layer._fields) - {"name", *Choice._fields}


def _choice(value: Any, where: str) -> Choice:
    if isinstance(value, str):
        return Choice(value)
    if not isinstance(value, dict) or set(value) - DESCRIPTION - set(Choice._fields):
        raise ArgumentError(where, "must be a multiplier, or an object with multiplier and tune", repr(value))
    choice = Choice(value.get("multiplier"), value.get("tune"))
    if not isinstance(choice.multiplier, (str, type(None))):
        raise ArgumentError(f"{where}: multiplier", "must be a string", repr(choice.multiplier))
    if not isinstance(choice.tune, (bool, type(None))):
        raise ArgumentError(f"{where}: tune", "must be true or false", repr(choice.tune))
    return choice


def read(path: str) -> dict[str, Choice]:
    """The assignment in a JSON file.

    Args:
        path: path of a file with one object, from layer to multiplier, `{"a/Conv2D": "mul8u_drum4"}`, or to an object,
            `{"a/Conv2D": {"multiplier": "mul8u_drum4", "tune": false}}`. The output of `layers --json` is such a file.

    Returns:
        A dictionary from layer to `Choice`.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is not such a file, not a regular file, or larger than 16 MiB; the message names the file and
            the entry.
    """
    text = regular_files.read(path, MAX_BYTES)
    try:
        content = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # the last one of brackets in brackets
        raise ArgumentError(path, "must be JSON", error) from error
    if not isinstance(content, dict):
        raise ArgumentError(path, "must be an object from layer to multiplier", repr(content))
    return {layer: _choice(value, f"{path}, layer {layer}") for layer, value in content.items()}


def parse(arguments: Iterable[str]) -> dict[str, Choice]:
    """The assignment in arguments `LAYER=MULTIPLIER`: a dictionary from layer to `Choice`.

    Example:
        >>> parse(["a/Conv2D=mul8u_drum4"])
        {'a/Conv2D': Choice(multiplier='mul8u_drum4', tune=None)}

    Raises:
        ValueError: if an argument has no `=`, or nothing before or after it.
    """
    for argument in arguments:
        if not all(argument.partition("=")):
            raise ArgumentError("assignments", "must have a layer, an equals sign and a multiplier", repr(argument))
    return {layer: Choice(multiplier) for layer, _, multiplier in (argument.partition("=") for argument in arguments)}
