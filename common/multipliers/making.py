"""Tables made by the core: built-in constructions with other parameters, and the weight map of ALWANN."""

from typing import Any, Dict, NamedTuple, Optional, Tuple

import numpy as np

from .. import metrics, native
from .._validation import integer
from ..argument_error import ArgumentError
from ..paths import Path
from ..truth_table import MAX_BITS, MIN_BITS, TruthTable
from . import identity, storage

# From the name of a construction to its parameters, and how they are spelled in the name of a multiplier.
CONSTRUCTIONS: Dict[str, Tuple[Tuple[str, ...], str]] = {
    "exact": ((), ""),
    "trunc": (("k",), "{k}"),
    "bam": (("h", "v"), "_h{h}_v{v}"),
    "mitchell": ((), ""),
    "drum": (("k",), "{k}"),
    "kulkarni": ((), ""),
}


class Tuning(NamedTuple):
    """The weight map of ALWANN for a table, equation (5.6).

    Attributes:
        mapping: integer array `[256]`: the weight code whose column replaces the column of each weight code.
        table: the table with the replaced columns.
        before: the errors of the table.
        after: the errors of the table with the replaced columns.
        sha256: SHA-256 of the table before its columns are replaced.
    """

    mapping: np.ndarray
    table: TruthTable
    before: metrics.Errors
    after: metrics.Errors
    sha256: str


def construction_name(construction: str, num_bits: int = 8, **parameters: int) -> str:
    """The name of a built-in multiplier, such as `mul8u_bam_h2_v6`.

    Args:
        construction: a key of `CONSTRUCTIONS`.
        num_bits: width of both operands, 2 to 8.
        **parameters: the parameters of the construction, integers.

    Raises:
        ArgumentError: if there is no such construction.
        ValueError: if a parameter is unknown, missing or out of range, or the width is out of range.

    Example:
        >>> construction_name("bam", h=2, v=6)
        'mul8u_bam_h2_v6'
    """
    if not isinstance(construction, str) or construction not in CONSTRUCTIONS:
        raise ArgumentError("construction", f"must be one of {', '.join(CONSTRUCTIONS)}", repr(construction))
    num_bits = integer("num_bits", num_bits, MIN_BITS, MAX_BITS)
    parameters = {key: integer(key, value, 0) for key, value in parameters.items()}
    needed, form = CONSTRUCTIONS[construction]
    if set(parameters) != set(needed):
        rule = f"the parameters {', '.join(needed)}" if needed else "no parameters"
        given = ", ".join(f"{key}={value}" for key, value in parameters.items()) or "none"
        raise ValueError(f"{construction} must have {rule}; received {given}")
    name = f"mul{num_bits}u_{construction}{form.format(**parameters)}"
    if native.table_source(name) != "built in":
        limits = {"trunc": "k from 0 to twice the bits", "drum": "k from 2 to the bits"}
        limit = limits.get(construction, "h from 0 to the bits, v from 0 to twice the bits")
        raise ValueError(f"{construction} must have {limit}, and 2 to 8 bits; received {name!r}")
    return name


def make(
    construction: str,
    name: Optional[str] = None,
    num_bits: int = 8,
    folder: Optional[Path] = None,
    *,
    force: bool = False,
    **parameters: Any,
) -> storage.Multiplier:
    """Stores the table of a built-in construction: `NAME.bin`, and what is known of it in `NAME.json`.

    Args:
        construction: a key of `CONSTRUCTIONS`.
        name: name of the multiplier; by default that of the construction with its parameters.
        num_bits: width of both operands, 2 to 8.
        folder: folder of NAME.bin, which is made if it does not exist; by default `user_folder()`.
        force: whether a table of this name in the folder is replaced.
        **parameters: the parameters of the construction, integers.

    Returns:
        The `Multiplier` that was stored.

    Raises:
        FileExistsError: if the folder has a table of this name and `force` is not set.
        OSError: if there is no folder to write to, or the table cannot be written.
        ValueError: if there is no such construction, a parameter is unknown, missing or out of range, or the name does
            not fit the table.

    Example:
        >>> import tempfile
        >>> make("bam", folder=tempfile.mkdtemp(), h=2, v=7).name
        'mul8u_bam_h2_v7'
    """
    built_in = construction_name(construction, num_bits, **parameters)
    table = TruthTable(native.load_table(built_in, num_bits), name or built_in)
    return identity.store(table, {"source": f"construction {built_in}"}, folder=folder, force=force)


def tune(name_or_path: Path) -> Tuning:
    """The weight map that AxConv2D applies to a multiplier by default, equation (5.6).

    Args:
        name_or_path: name or path of a multiplier with unsigned operands.

    Raises:
        FileNotFoundError: if there is no such multiplier.
        OSError: if its file cannot be read.
        ValueError: if its operands are signed, or the file is not a table.

    Example:
        >>> tuning = tune("mul8u_drum4")
        >>> round(tuning.before.mae, 1), round(tuning.after.mae, 1), int(tuning.mapping[20])
        (925.9, 905.4, 16)
    """
    table = storage.load(name_or_path).table
    if table.signed:
        rule = "must have unsigned operands, which AxConv2D has"
        raise ArgumentError("name_or_path", rule, repr(table.name))
    tuned = native.tune(table.entries)
    mapping = np.array([column_of(table.entries, tuned, w) for w in range(len(tuned))])
    return Tuning(mapping, TruthTable(tuned), metrics.errors(table), metrics.errors(tuned), table.sha256)


def column_of(table: np.ndarray, tuned: np.ndarray, w: int) -> int:
    """The index of the column of `table` that `tuned` has at `w`.

    If several columns are equal, the index is `w` if it is one of them, else the first one.

    Args:
        table: uint16 array `[codes, codes]`, activation code first.
        tuned: uint16 array `[codes, codes]`, each column of which is a column of `table`.
        w: a weight code.
    """
    equal = np.flatnonzero((table == tuned[:, w : w + 1]).all(axis=0))
    return w if w in equal else int(equal[0])
