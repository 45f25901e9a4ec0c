"""The operations that this interpreter can run, for the commands that test them.

Above the rooms, which do not know each other: a room is imported when its operation is asked for.
"""

import importlib
import os

from .common import multipliers

ROOMS = {"tf2": "ApproxConv2DWithMinMaxVars", "tf1": "AxConv2D"}
NAMES = {**ROOMS, "core": "core"}


def products(room):
    """The function that runs an operation on all pairs of codes, as `multipliers.check` takes it.

    Args:
        room: `"tf2"`, `"tf1"` or `"core"`.

    Raises:
        ImportError: if its TensorFlow or its plugin is not installed.
        ValueError: if there is no such room.
    """
    if room == "core":
        return multipliers.core_products
    if room not in ROOMS:
        raise ValueError(f"--operation must be one of {', '.join(NAMES)}; received {room!r}")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        return importlib.import_module(f"tfapprox.{room}").products
    except AttributeError as error:  # a TensorFlow of the other major version
        raise ImportError(f"tfapprox.{room} is for another TensorFlow: {error}") from error


def installed():
    """All operations that can run.

    Returns:
        Two dictionaries by room: the functions of `products`, and why the others cannot run.
    """
    functions, reasons = {}, {}
    for room in NAMES:
        try:
            functions[room] = products(room)
        except ImportError as error:
            reasons[room] = str(error)
    return functions, reasons


def takes(room, multiplier):
    """Whether an operation takes a multiplier at all: AxConv2D has 8-bit unsigned operands."""
    return room != "tf1" or (multiplier.num_bits == 8 and not multiplier.signed)
