"""Error figures of a truth table against the exact product, equations (6) of docs/arithmetic.md."""

from collections import namedtuple

import numpy as np

from .reference import exact_table
from .truth_table import is_signed

Errors = namedtuple("Errors", "mae wce mre ep")
Errors.__doc__ = "MAE and WCE in units of the product; MRE and EP as fractions of 1."

Description = namedtuple("Description", "mae wce mre ep mse bias worst symmetric zero_row zero_column")
Description.__doc__ = """What a table is like.

`mae`, `wce`, `mre`, `ep` as in `Errors`; `mse` and `bias` in units of the product, squared and plain. `worst` is a
`Pair`, the first one of the greatest error. `symmetric` says whether the operands may be exchanged. `zero_row` and
`zero_column` are integer arrays `[codes]`: the products of activation 0, and those of weight 0.
"""

Pair = namedtuple("Pair", "a w product exact")
Pair.__doc__ = "Two operands, what the table says and what is right; all integers."


def operands(num_bits=8, signed=False):
    """The values of the codes 0, 1, ... `2**num_bits - 1`, int64: in two's complement if `signed`.

    Example:
        >>> operands(2), operands(2, signed=True)
        (array([0, 1, 2, 3]), array([ 0,  1, -2, -1]))
    """
    codes = np.arange(1 << num_bits, dtype=np.int64)
    return codes - (codes >= 1 << (num_bits - 1)) * (1 << num_bits) if signed else codes


def _compared(table, signed):
    table = np.asarray(table)
    signed = is_signed(table) if signed is None else signed
    return table.astype(np.int64), exact_table(len(table).bit_length() - 1, signed).astype(np.int64), signed


def errors(table, signed=None):
    """MAE, WCE, MRE and EP of a table over all pairs of operands, equally likely.

    Args:
        table: integer array `[codes, codes]`, activation code first; int16 if it is signed.
        signed: whether codes are two's complement; by default, whether the table is int16.

    Returns:
        An `Errors` of floats: mean absolute error, worst-case error, mean relative error (over the pairs whose exact
        product is not 0, as EvoApproxLib has it) and error probability.

    Example:
        >>> from tfapprox.common import load_table
        >>> errors(load_table("mul8u_kulkarni")).ep
        0.4673004150390625
    """
    table, exact, _ = _compared(table, signed)
    distance = np.abs(table - exact)
    relevant = exact != 0
    return Errors(
        mae=float(distance.mean()),
        wce=float(distance.max()),
        mre=float((distance[relevant] / np.abs(exact[relevant])).mean()),
        ep=float((distance != 0).mean()),
    )


def describe(table, signed=None):
    """Everything that `Description` has of a table; arguments as `errors` has them.

    Example:
        >>> from tfapprox.common import load_table
        >>> describe(load_table("mul8u_kulkarni")).worst
        Pair(a=255, w=255, product=50575, exact=65025)
    """
    figures = errors(table, signed)
    table, exact, signed = _compared(table, signed)
    difference = table - exact
    values = operands(len(table).bit_length() - 1, signed)
    a, w = np.unravel_index(np.abs(difference).argmax(), table.shape)
    return Description(
        *figures,
        mse=float((difference.astype(float) ** 2).mean()),
        bias=float(difference.mean()),
        worst=Pair(*map(int, (values[a], values[w], table[a, w], exact[a, w]))),
        symmetric=bool((table == table.T).all()),
        zero_row=table[0],
        zero_column=table[:, 0],
    )
