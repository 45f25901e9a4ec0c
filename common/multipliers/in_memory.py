"""Imports of what is in memory: an array of products, or a Python function."""

from typing import Any, Callable, Mapping, Optional

import numpy as np

from ..paths import Path
from .importing import import_multiplier
from .storage import Multiplier


def import_products(
    products: np.ndarray,
    name: str,
    known: Optional[Mapping[str, Any]] = None,
    *,
    signed: Optional[bool] = None,
    swap: bool = False,
    ascending: bool = False,
    order: Optional[str] = None,
    offset: Optional[int] = None,
    folder: Optional[Path] = None,
    force: bool = False,
    warn: bool = True,
) -> Multiplier:
    """Stores an array of products as a multiplier: `NAME.bin`, and what is known of it in `NAME.json`.

    Args:
        products: integer array `[2**num_bits, 2**num_bits]`, activation code first, num_bits from 2 to 8.
        name: name of the multiplier, which begins with `mul8s_` if it is signed.
        known: entries of NAME.json: `source`, `power_mW`, `area_um2`, `delay_ns`, `licence`.
        signed: whether the operands are signed, from -128 to 127; by default, whether the name begins with `mul8s_`.
        swap: whether the first index is the weight.
        ascending: whether rows and columns of signed operands run from -128 to 127, instead of being codes in two's
            complement.
        order: which of rows and columns of signed operands run from -128 to 127: `"ascending"` for both,
            `"ascending-rows"`, `"ascending-columns"`, or `"codes"` for none.
        offset: what was added to every product, such as 32768, and is subtracted modulo 65536. `0` reads products as
            words of 16 bits, in two's complement if they are signed. By default the products have their sign.
        folder: folder of NAME.bin, which is made if it does not exist; by default `user_folder()`.
        force: whether a table of this name in the folder is replaced.
        warn: whether products that look like a usual mistake are an error or cause a warning. With `False`, they are
            stored as they are, and NAME.json says that they are meant.

    Returns:
        The `Multiplier` that was stored.

    Raises:
        FileExistsError: if the folder has another table of this name and `force` is not set.
        OSError: if there is no folder to write to, or the table cannot be written.
        ValueError: if the name, the shape, the dtype or a product does not fit, or the products clearly
            belong to another sign or order of the operands.

    Example:
        >>> import tempfile
        >>> a, w = np.mgrid[0:256, 0:256]
        >>> import_products((a & ~1) * w, "mul8u_EVEN", folder=tempfile.mkdtemp()).num_bits
        8
    """
    return import_multiplier(
        np.asarray(products),
        name,
        signed=signed,
        swap=swap,
        ascending=ascending,
        order=order,
        offset=offset,
        known=known,
        folder=folder,
        force=force,
        warn=warn,
    )


def import_callable(
    function: Callable[[Any, Any], Any],
    name: Optional[str] = None,
    *,
    num_bits: Optional[int] = None,
    signed: Optional[bool] = None,
    arrays_at_once: bool = False,
    swap: bool = False,
    known: Optional[Mapping[str, Any]] = None,
    folder: Optional[Path] = None,
    force: bool = False,
    warn: bool = True,
) -> Multiplier:
    """Stores the products of a Python function as a multiplier: `NAME.bin`, and what is known of it in `NAME.json`.

    Args:
        function: takes the values of activation and weight, and returns their product.
        name: name of the multiplier, which begins with `mul8s_` if it is signed; by default the name of the function.
        num_bits: width of both operands, 2 to 8; by default what the name says, such as 7 for `mul7u_X`, else 8.
        signed: whether the operands are signed, from -128 to 127; by default, whether the name begins with `mul8s_`.
        arrays_at_once: whether the function takes and returns integer arrays `[2**num_bits, 2**num_bits]` instead of
            single integers.
        swap: whether the first operand of the function is the weight.
        known: entries of NAME.json: `source`, `power_mW`, `area_um2`, `delay_ns`, `licence`.
        folder: folder of NAME.bin, which is made if it does not exist; by default `user_folder()`.
        force: whether a table of this name in the folder is replaced.
        warn: whether products that look like a usual mistake are an error or cause a warning. With `False`, they are
            stored as they are, and NAME.json says that they are meant.

    Returns:
        The `Multiplier` that was stored.

    Raises:
        FileExistsError: if the folder has another table of this name and `force` is not set.
        OSError: if there is no folder to write to, or the table cannot be written.
        ValueError: if the function raises an exception or returns something else than integers; if the name, the width
            or a product does not fit; or if the products clearly belong to another sign of the operands.

    Example:
        >>> import tempfile
        >>> import_callable(lambda a, w: a * w, "mul8u_MINE", folder=tempfile.mkdtemp()).name
        'mul8u_MINE'
    """
    return import_multiplier(
        function,
        name,
        num_bits=num_bits,
        signed=signed,
        arrays_at_once=arrays_at_once,
        swap=swap,
        known=known,
        folder=folder,
        force=force,
        warn=warn,
    )
