"""Error figures of a truth table against the exact product, equations (6) of docs/arithmetic.md."""

from typing import NamedTuple, Optional, Tuple

import numpy as np

from ._validation import boolean, integer, integer_array
from .truth_table import TableLike, TruthTable


class Errors(NamedTuple):
    """Error figures over all pairs of operands, each pair equally likely.

    Attributes:
        mae: mean absolute error, in units of the product.
        wce: worst-case error, in units of the product.
        mre: mean relative error as a fraction of 1, over the pairs whose exact product is not 0, as EvoApproxLib
            defines it.
        ep: error probability as a fraction of 1.
    """

    mae: float
    wce: float
    mre: float
    ep: float


class Pair(NamedTuple):
    """Two operands with the product that the table gives and the exact one."""

    a: int
    w: int
    product: int
    exact: int


class Description(NamedTuple):
    """Error figures of a table and the properties that a user of it should know.

    Attributes:
        mae: mean absolute error, in units of the product.
        wce: worst-case error, in units of the product.
        mre: mean relative error as a fraction of 1.
        ep: error probability as a fraction of 1.
        mse: mean squared error, in squared units of the product.
        bias: mean error (product minus exact product), in units of the product.
        worst: the first pair of operands whose error is the worst-case error.
        symmetric: whether exchanging the operands never changes the product.
        zero_row: int64 array `[codes]`, the products of activation 0 and every weight code.
        zero_column: int64 array `[codes]`, the products of every activation code and weight 0.
    """

    mae: float
    wce: float
    mre: float
    ep: float
    mse: float
    bias: float
    worst: Pair
    symmetric: bool
    zero_row: np.ndarray
    zero_column: np.ndarray


def operands(num_bits: int = 8, signed: bool = False) -> np.ndarray:
    """The values of the codes from 0 to `2**num_bits - 1`, int64: in two's complement if `signed`.

    Args:
        num_bits: width of the codes, 1 to 16.
        signed: whether the codes are two's complement.

    Raises:
        ValueError: if an argument is something else.

    Example:
        >>> operands(2), operands(2, signed=True)
        (array([0, 1, 2, 3]), array([ 0,  1, -2, -1]))
    """
    codes = np.arange(1 << integer("num_bits", num_bits, 1, 16), dtype=np.int64)
    return codes - (codes >= 1 << (num_bits - 1)) * (1 << num_bits) if boolean("signed", signed) else codes


def _table(table: TableLike, signed: Optional[bool]) -> TruthTable:
    return TruthTable.of(table, None) if signed is None else TruthTable(integer_array("table", table), signed=signed)


def _products(table: TruthTable) -> Tuple[np.ndarray, np.ndarray]:
    """The products of a table and the exact ones, int64 `[codes, codes]`."""
    exact = TruthTable.exact(table.num_bits, table.signed)
    return table.entries.astype(np.int64), exact.entries.astype(np.int64)


def errors(table: TableLike, signed: Optional[bool] = None) -> Errors:
    """MAE, WCE, MRE and EP of a table over all pairs of operands, equally likely, (6.1)-(6.4).

    Args:
        table: `TruthTable`, or integer array `[2**num_bits, 2**num_bits]`, activation code first; an int16 array is
            signed.
        signed: whether the codes of an array are two's complement; by default, whether its dtype is int16.

    Raises:
        ValueError: if the array is no truth table.

    Example:
        >>> from tfapprox.common import load_table
        >>> errors(load_table("mul8u_kulkarni")).ep
        0.4673004150390625
    """
    products, exact = _products(_table(table, signed))
    distance = np.abs(products - exact)
    relevant = exact != 0
    return Errors(
        mae=float(distance.mean()),
        wce=float(distance.max()),
        mre=float((distance[relevant] / np.abs(exact[relevant])).mean()),
        ep=float((distance != 0).mean()),
    )


def describe(table: TableLike, signed: Optional[bool] = None) -> Description:
    """Error figures, bias, worst pair, symmetry and products of zero of a table.

    Args:
        table: `TruthTable`, or integer array `[2**num_bits, 2**num_bits]`, activation code first; an int16 array is
            signed.
        signed: whether the codes of an array are two's complement; by default, whether its dtype is int16.

    Raises:
        ValueError: if the array is no truth table.

    Example:
        >>> from tfapprox.common import load_table
        >>> describe(load_table("mul8u_kulkarni")).worst
        Pair(a=255, w=255, product=50575, exact=65025)
    """
    truth = _table(table, signed)
    products, exact = _products(truth)
    difference = products - exact
    values = operands(truth.num_bits, truth.signed)
    a, w = np.unravel_index(np.abs(difference).argmax(), products.shape)
    return Description(
        *errors(truth),
        mse=float((difference.astype(float) ** 2).mean()),
        bias=float(difference.mean()),
        worst=Pair(int(values[a]), int(values[w]), int(products[a, w]), int(exact[a, w])),
        symmetric=bool((products == products.T).all()),
        zero_row=products[0],
        zero_column=products[:, 0],
    )
