"""Finds out how the numbers of a text file are laid out: as a matrix, one after another, or with their operands."""

from typing import List, Optional, Sequence, Tuple

import numpy as np

from ..argument_error import ArgumentError
from ..paths import Path
from .text_words import Words

_COLUMNS = (  # names of the columns of activation, weight and product in a heading
    ("a", "activation", "op1", "in1", "x"),
    ("b", "w", "weight", "op2", "in2", "y"),
    ("p", "product", "prod", "o", "out", "output", "result", "r", "z", "y"),
)
Shape = Tuple[int, int]


def products(words: Words, shapes: Sequence[Shape], path: Path) -> np.ndarray:
    """The products of a text file.

    The layout is one of

    * a line for each activation code, with or without a heading of weights and a first column of activations, which
      also say whether the codes run from -128 to 127;
    * as many numbers as pairs of operands in any lines, the weight running fastest; if each line has one product, the
      index of the product may come before it;
    * lines of activation, weight and product in any order of the pairs, or a heading that names these columns.

    Args:
        words: the numbers of the file.
        shapes: the shapes of products that are possible, activation first.
        path: path of the file, for messages.

    Returns:
        Integer array of one of `shapes`, in the order of the codes; uint16 if the file has words whose sign is in their
        first bit. If the file has no such layout, the array has one row for each line.

    Raises:
        ArgumentError: if there are no numbers, lines differ in length, or a pair of operands has no product or more
            than one.
    """
    rows = words.rows
    if not rows:
        raise ArgumentError("source", "must have numbers", f"'{path}', which has none")
    widths = sorted({len(row) for row in rows})
    total = sum(map(len, rows))
    by_size = {first * second: (first, second) for first, second in shapes}
    array = _array(rows, words.are_codes) if len(widths) == 1 else None
    if array is None and len(widths) == 2 and len(rows[0]) == widths[0] == widths[1] - 1:
        corner = _array([[0, *rows[0]], *rows[1:]], words.are_codes)  # the corner of a heading may be empty
        if len({len(row) for row in rows[1:]}) == 1 and (len(rows) - 1, widths[0]) in shapes:
            array = corner
    if array is not None:
        matrix = _matrix(array, shapes, words.heading)
        if matrix is not None:
            return matrix
        pairs = _with_operands(array, by_size.get(len(array)), words, path)
        if pairs is not None:
            return pairs
    # Four numbers in each of 4^bits lines could be one product with something else, too.
    if total in by_size and not (widths == [4] and len(rows) in by_size):
        return _array([[number for row in rows for number in row]], words.are_codes).reshape(by_size[total])
    if len(widths) > 1:
        wrong = next(index for index, row in enumerate(rows) if len(row) != len(rows[0]))
        received = f"{len(rows[0])} numbers and, in {path}, line {words.lines[wrong]}, {len(rows[wrong])}"
        raise ArgumentError("source", "must have lines of the same length", received)
    return array if array is not None else np.empty((0, 0), np.int64)


def _array(rows, are_codes):
    array = np.array(rows, np.int64)
    return array.astype(np.uint16) if are_codes and array.size and array.min() >= 0 and array.max() < 1 << 16 else array


def _matrix(array, shapes, heading):
    """A line for each activation code, without headings of codes and in the order of the codes."""
    if array.shape in shapes:
        return array
    signed = array.astype(np.int64)
    for top, left in ((0, 1), (1, 1), (1, 0)):
        inner = array[top:, left:]
        if inner.shape not in shapes:
            continue
        orders = [
            _order(codes, size)
            for codes, size, is_there in ((signed[top:, 0], len(inner), left), (signed[0, left:], inner.shape[1], top))
            if is_there
        ]
        if any(order is None for order in orders):
            continue
        by_row = orders[0] if left else slice(None)
        by_column = orders[-1] if top else _order_of_heading(heading, inner.shape[1])
        return inner[by_row][:, by_column]
    return None


def _order(codes, size):
    """The positions of the codes 0, 1, ... in a heading; `None` if an operand is missing or occurs twice."""
    masked = codes & (size - 1)
    in_range = (codes >= -(size // 2)) & (codes < size)
    return np.argsort(masked) if in_range.all() and len(set(masked.tolist())) == size else None


def _order_of_heading(heading, size):
    r"""The positions of the codes in a heading such as `a\b, -128, -127`; if it has no codes, the order stays."""
    try:
        order = _order(np.array([int(word) for word in heading[-size:]]), size) if len(heading) >= size else None
    except ValueError:
        order = None
    return slice(None) if order is None else order


def _with_operands(array, shape, words, path):
    """One product in each line, with its index or its operands before it."""
    if shape is None or array.shape[1] < 2:
        return None
    signed = array.astype(np.int64)
    has_index = (signed[:, 0] == np.arange(len(array))).all()
    if array.shape[1] == 2:
        return array[:, 1].reshape(shape) if has_index else None
    columns = _columns(words.heading, array.shape[1])
    if columns is None:
        columns = [1, 2, 3] if array.shape[1] == 4 and has_index else [0, 1, 2] if array.shape[1] == 3 else None
    if columns is None:
        return None
    a, w = (signed[:, column] for column in columns[:2])
    for operand, size in ((a, shape[0]), (w, shape[1])):
        wrong = np.flatnonzero((operand < -(size // 2)) | (operand >= size))
        if len(wrong):
            received = f"{operand[wrong[0]]} in {path}, line {words.lines[wrong[0]]}"
            raise ArgumentError("source", f"must have operands from {-(size // 2)} to {size - 1}", received)
    address = (a & (shape[0] - 1)) * shape[1] + (w & (shape[1] - 1))
    first = np.unique(address, return_index=True)[1]
    if len(first) != len(address):
        again = np.setdiff1d(np.arange(len(address)), first)[0]
        received = f"two for {a[again]} and {w[again]}, the second one in {path}, line {words.lines[again]}"
        raise ArgumentError("source", "must have one product for each pair of operands", received)
    result = np.empty(len(address), array.dtype)
    result[address] = array[:, columns[2]]
    return result.reshape(shape)


def _columns(heading: List[str], count: int) -> Optional[List[int]]:
    """The columns of activation, weight and product that a heading names; `None` if it does not name all."""
    if len(heading) != count:
        return None
    chosen: List[int] = []
    for names in _COLUMNS:
        chosen += [heading.index(name) for name in names if name in heading and heading.index(name) not in chosen][:1]
    return chosen if len(chosen) == len(_COLUMNS) else None
