"""Whether an operation computes with the table that it was given: all pairs of operands, against the file.

A network that has the same accuracy with every multiplier was mostly never run with them: another file of the same name
was found, or none, or the operands were exchanged. This compares what an operation answers with what the file says.
"""

from collections import namedtuple

import numpy as np

from .. import metrics, native
from . import sidecar, storage

Check = namedtuple("Check", "name path operation pairs wrong first approximate")
Check.__doc__ = """Outcome for one operation.

`pairs` is the number of pairs of operands compared, `wrong` of those with another product than the table; `first` is
the first of these as `(a, w, product, expected)`, or `None`. `approximate` is the number of pairs whose product is not
exact.
"""


def core_products(name_or_path, codes, num_bits):
    """Products of all pairs of codes by the compiled core's `approx_conv2d_with_min_max_vars`.

    Args:
        name_or_path: as `load_table` takes it.
        codes: float32 array, the values of the codes that the operation has, ascending.
        num_bits: width of both operands.

    Returns:
        Array `[len(codes), len(codes)]`, activation first.
    """
    table = native.load_table(name_or_path, num_bits)
    ranges = [codes.min(), codes.max()] * 2
    pixels, weights = codes.reshape(1, -1, 1, 1), codes.reshape(1, 1, 1, -1)
    output = native.approx_conv2d_with_min_max_vars(
        pixels, weights, *ranges, [1, 1, 1, 1], num_bits=num_bits, table=table, padding="VALID"
    )
    return output.reshape(len(codes), len(codes))


def check(name_or_path, products=core_products, operation="core"):
    """Compares an operation with the file of a multiplier, or with the construction of a built-in one.

    Args:
        name_or_path: of the multiplier, as the operation takes it.
        products: function that runs the operation, with the arguments and the result of `core_products`;
            `tfapprox.tf1.products` and `tfapprox.tf2.products` are others.
        operation: its name, for the outcome.

    Returns:
        A `Check`. The codes of signed operands are -127 to 127: the operation has no -128.

    Raises:
        ValueError: if the file is not the one that NAME.json describes, or the operation refuses it.
    """
    multiplier = storage.load(name_or_path)
    if storage.is_changed(multiplier):
        raise ValueError(
            f"{multiplier.path} must be the file that its NAME.json describes, of SHA-256 "
            f"{multiplier.sidecar['sha256'][:16]}...; received one of {sidecar.sha256(multiplier.path)[:16]}... "
            "(import it again)"
        )
    values = metrics.operands(multiplier.num_bits, multiplier.signed)
    codes = np.sort(values)[1:] if multiplier.signed else values
    index = codes % len(values)
    expected = multiplier.table.astype(np.int64)[np.ix_(index, index)]
    answered = np.asarray(products(name_or_path, codes.astype(np.float32), multiplier.num_bits))
    wrong = np.argwhere(answered != expected)
    first = None
    if len(wrong):
        a, w = wrong[0]
        first = int(codes[a]), int(codes[w]), float(answered[a, w]), int(expected[a, w])
    return Check(
        multiplier.name,
        multiplier.path,
        operation,
        expected.size,
        len(wrong),
        first,
        int((expected != np.multiply.outer(codes, codes)).sum()),
    )
