"""Built-in constructions with parameters of one's own, and the weight map of ALWANN: tables made of tables."""

from collections import namedtuple

import numpy as np

from .. import metrics, native
from . import storage

# Name of a construction, its parameters, what a name has for them.
CONSTRUCTIONS = {
    "exact": ((), ""),
    "trunc": (("k",), "{k}"),
    "bam": (("h", "v"), "_h{h}_v{v}"),
    "mitchell": ((), ""),
    "drum": (("k",), "{k}"),
    "kulkarni": ((), ""),
}

Tuning = namedtuple("Tuning", "mapping table before after")
Tuning.__doc__ = """The weight map of ALWANN for a table.

`mapping` is an integer array `[codes]`: the weight code whose column takes the place of each one. `table` is the table
with these columns; `before` and `after` are the `metrics.Errors` of both.
"""


def construction_name(construction, num_bits=8, **parameters):
    """The name of a built-in multiplier, such as `mul8u_bam_h2_v6`.

    Args:
        construction: one of `CONSTRUCTIONS`.
        num_bits: width of both operands, 2 to 8.
        **parameters: those of the construction, integers.

    Raises:
        ValueError: if one is unknown, missing or out of range.

    Example:
        >>> construction_name("bam", h=2, v=6)
        'mul8u_bam_h2_v6'
    """
    if construction not in CONSTRUCTIONS:
        raise ValueError(f"CONSTRUCTION must be one of {', '.join(CONSTRUCTIONS)}; received {construction!r}")
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


def make(construction, name=None, num_bits=8, folder=None, force=False, **parameters):
    """Stores the table of a built-in construction.

    Args:
        construction: one of `CONSTRUCTIONS`.
        name: its name; by default that of the construction with its parameters.
        num_bits: width of both operands, 2 to 8.
        folder: as `storage.store` takes it, and so `force`.
        force: whether an existing table of this name is replaced.
        **parameters: those of the construction, integers.

    Returns:
        A `storage.Multiplier`.

    Raises:
        FileExistsError: if there is such a table already.
        ValueError: as `construction_name`, or if the name does not fit.
    """
    built_in = construction_name(construction, num_bits, **parameters)
    table = native.load_table(built_in, num_bits)
    return storage.store(name or built_in, table, {"source": f"construction {built_in}"}, folder, force)


def tune(name_or_path):
    """The weight map that AxConv2D applies to a multiplier by default, equation (5.6).

    Args:
        name_or_path: of a multiplier with unsigned operands.

    Returns:
        A `Tuning`.

    Raises:
        ValueError: if its operands are signed; else as `storage.load`.

    Example:
        >>> tuning = tune("mul8u_drum4")
        >>> round(tuning.before.mae, 1), round(tuning.after.mae, 1), int(tuning.mapping[20])
        (925.9, 905.4, 16)
    """
    multiplier = storage.load(name_or_path)
    if multiplier.signed:
        raise ValueError(f"NAME must have unsigned operands, which AxConv2D has; received {multiplier.name!r}")
    tuned = native.tune(multiplier.table)
    mapping = [column_of(multiplier.table, tuned, w) for w in range(len(tuned))]
    return Tuning(np.array(mapping), tuned, metrics.errors(multiplier.table), metrics.errors(tuned))


def column_of(table, tuned, w):
    """The column of `table` that stands at `w` in `tuned`: `w` itself if it can be, else the lowest of equal ones."""
    equal = np.flatnonzero((table == tuned[:, w : w + 1]).all(axis=0))
    return w if w in equal else int(equal[0])
