"""The operations that this interpreter can run, for the commands that test them.

This module is above the rooms, which do not know each other: a room is imported when its operation is asked for.
"""

import importlib
import os
from typing import Any, Callable, Dict, List, Tuple

from .backends import OPERATIONS, Operation
from .common.argument_error import ArgumentError

# From (name_or_path, codes, num_bits) to the products of all pairs of codes, for `multipliers.check`.
ProductsFunction = Callable[..., Any]


def named(name: str) -> List[Operation]:
    """The operations of a name.

    Args:
        name: a room, `"tf2"`, `"tf1"` or `"core"`, which means all of its operations; or the name of an operation.

    Raises:
        ValueError: if there is no such room or operation.

    Example:
        >>> [operation.name for operation in named("tf1")]
        ['AxConv2D']
    """
    matches = [operation for operation in OPERATIONS if name in (operation.room, operation.name)]
    if not matches:
        names = dict.fromkeys(word for operation in OPERATIONS for word in (operation.room, operation.name))
        raise ArgumentError("operation", f"must be one of {', '.join(names)}", repr(name))
    return matches


def products_function(operation: Operation) -> ProductsFunction:
    """The function that runs an operation on all pairs of codes.

    Args:
        operation: an operation of the registry.

    Returns:
        A function `(name_or_path, codes, num_bits)`; `tfapprox.common.multipliers.check` takes it as `products`.

    Raises:
        ImportError: if its TensorFlow or its plugin is not installed.
    """
    if operation.tensorflow:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    module, function = operation.products.split(":")
    try:
        return getattr(importlib.import_module(module), function)
    except AttributeError as error:  # the TensorFlow has the other major version
        raise ImportError(f"{module} is for another TensorFlow: {error}") from error


def runnable() -> Tuple[Dict[Operation, ProductsFunction], Dict[Operation, str]]:
    """Which operations can run here, and why the rest cannot.

    Returns:
        Two dictionaries by operation. The first has the function of each operation that can run, the second has the
        reason for each one that cannot.
    """
    functions, reasons = {}, {}
    for operation in OPERATIONS:
        try:
            functions[operation] = products_function(operation)
        except ImportError as error:
            reasons[operation] = str(error)
    return functions, reasons
