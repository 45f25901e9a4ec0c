"""Error figures of a truth table against the exact product, equations (6) of docs/arithmetic.md."""

from collections import namedtuple

import numpy as np

from .reference import exact_table, is_signed

Errors = namedtuple("Errors", "mae wce mre ep")
Errors.__doc__ = "MAE and WCE in units of the product; MRE and EP as fractions of 1."


def errors(table):
    """MAE, WCE, MRE and EP of a table over all pairs of operands, equally likely.

    Args:
        table: integer array `[codes, codes]`, activation code first; int16 if it is signed.

    Returns:
        An `Errors` of floats: mean absolute error, worst-case error, mean relative error (over the pairs whose exact
        product is not 0, as EvoApproxLib has it) and error probability.

    Example:
        >>> from tfapprox.common import load_table
        >>> errors(load_table("mul8u_kulkarni")).ep
        0.4673004150390625
    """
    exact = exact_table(len(table).bit_length() - 1, is_signed(table)).astype(np.int64)
    distance = np.abs(np.asarray(table, np.int64) - exact)
    return Errors(
        mae=float(distance.mean()),
        wce=float(distance.max()),
        mre=float((distance[exact != 0] / np.abs(exact[exact != 0])).mean()),
        ep=float((distance != 0).mean()),
    )
