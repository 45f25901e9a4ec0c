"""The operations that this interpreter can run, for the commands that test them.

This module is above the rooms, which do not know each other: a room is imported when its operation is asked for.
"""

import importlib
import os
from typing import Any, Callable, Dict, Tuple

from .backends import BACKENDS
from .common import multipliers
from .common.argument_error import ArgumentError

# From (name_or_path, codes, num_bits) to the products of all pairs of codes, for `multipliers.check`.
ProductsFunction = Callable[..., Any]


def products_function(room: str) -> ProductsFunction:
    """The function that runs the operation of a room on all pairs of codes.

    Args:
        room: `"tf2"`, `"tf1"` or `"core"`.

    Returns:
        A function `(name_or_path, codes, num_bits)`; `tfapprox.common.multipliers.check` takes it as `products`.

    Raises:
        ImportError: if its TensorFlow or its plugin is not installed.
        ValueError: if there is no such room.
    """
    if room not in BACKENDS:
        raise ArgumentError("operation", f"must be one of {', '.join(BACKENDS)}", repr(room))
    if not BACKENDS[room].tensorflow:
        return multipliers.core_products
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        return importlib.import_module(f"tfapprox.{room}").products
    except AttributeError as error:  # a TensorFlow of the other major version
        raise ImportError(f"tfapprox.{room} is for another TensorFlow: {error}") from error


def runnable() -> Tuple[Dict[str, ProductsFunction], Dict[str, str]]:
    """Which operations can run here, and why the rest cannot.

    Returns:
        Two dictionaries by room. The first has the function of each operation that can run, the second has the reason
        for each one that cannot.
    """
    functions, reasons = {}, {}
    for room in BACKENDS:
        try:
            functions[room] = products_function(room)
        except ImportError as error:
            reasons[room] = str(error)
    return functions, reasons
