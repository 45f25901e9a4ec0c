"""Imports all multipliers of up to 8 bits from a folder, such as a checkout of EvoApproxLib or EvoApprox8b.

A file of another kind with the name of a circuit, such as its Verilog beside its C, must have the same products.
"""

import pathlib
import tempfile
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple

import numpy as np

from .. import metrics
from ..argument_error import ArgumentError, error_message
from ..paths import Path
from . import c_comments, c_source, storage
from .importing import import_multiplier
from .library_files import Outcome


def import_checkout(
    paths: List[pathlib.Path],
    progress: Callable[[List[pathlib.Path]], Iterable[pathlib.Path]] = iter,
    **options: Any,
) -> List[Outcome]:
    """Imports files one after the other. A failure ends the import of its own file only.

    Args:
        paths: paths of the files, which `circuits` lists.
        progress: function that is given the list and iterates over it, such as `rich.progress.track`.
        **options: `signed`, `swap`, `ascending`, `seconds`, `known`, `folder`, `force` and `warn`, which `import_each`
            describes.

    Returns:
        An `Outcome` for each file.
    """
    return list(import_each(progress(paths), **options))


def import_each(
    paths: Iterable[pathlib.Path],
    *,
    signed: Optional[bool] = None,
    swap: bool = False,
    ascending: bool = False,
    seconds: float = 10,
    known: Optional[Mapping[str, Any]] = None,
    folder: Optional[Path] = None,
    force: bool = False,
    warn: bool = True,
) -> Iterator[Outcome]:
    """Imports files one after the other, each when its outcome is asked for.

    A failure ends the import of its own file only. Files with the same name are compared: EvoApproxLib has the same
    circuit in several folders, and in Verilog beside C. The first one is imported; the others must have its products.

    Args:
        paths: paths of the files, which `circuits` lists.
        signed: whether the operands are signed. By default, this is what the name says, or it is proved.
        swap: whether the first operand is the weight.
        ascending: whether rows and columns of signed operands run from -128 to 127.
        seconds: time limit for all calls of one circuit in C together.
        known: entries of every NAME.json: `source`, `power_mW`, `area_um2`, `delay_ns`, `licence`. They replace what
            the comments of a file say.
        folder: folder of the tables, which is made if it does not exist; by default `user_folder()`.
        force: whether tables of the same names in the folder are replaced.
        warn: whether products that look like a usual mistake are an error or cause a warning.

    Yields:
        An `Outcome` for each file.
    """
    options: Dict[str, Any] = {"signed": signed, "swap": swap, "ascending": ascending, "seconds": seconds}
    options["warn"] = warn
    imported: Dict[str, Tuple[str, pathlib.Path, storage.Multiplier]] = {}  # its keys are stems of files
    for path in paths:
        try:
            code = c_comments.split(c_source.read(path)).code if path.suffix == ".c" else ""
            if path.stem not in imported:
                multiplier = import_multiplier(path, known=known, folder=folder, force=force, **options)
                imported[path.stem] = code, path, multiplier
                outcome = (
                    Outcome(path, multiplier.name, "same", f"as {multiplier.path}")
                    if multiplier.unchanged
                    else Outcome(path, multiplier.name, "imported")
                )
            else:
                code_before, path_before, multiplier = imported[path.stem]
                if code and code == code_before:
                    outcome = Outcome(path, path.stem, "same", f"as {path_before}")
                else:
                    _check_products(path, multiplier, path_before, options)
                    outcome = Outcome(path, multiplier.name, "agrees", f"with {path_before}")
        except (OSError, ValueError) as error:
            outcome = Outcome(path, path.stem, "failed", error_message(error, {}), error)
        yield outcome


def _check_products(path, multiplier, path_before, options):
    """Checks that a file has the products of a multiplier that was imported from another file."""
    with tempfile.TemporaryDirectory() as folder:
        table = import_multiplier(path, multiplier.name, folder=folder, **options).table
    if table == multiplier.table:
        return
    received = f"another one in {path_before}"
    if table.entries.shape == multiplier.table.entries.shape:
        a, w = np.argwhere(table.entries != multiplier.table.entries)[0]
        values = metrics.operands(table.num_bits, table.signed)
        here, there = table.entries[a, w], multiplier.table.entries[a, w]
        received += f", where {values[a]} * {values[w]} is {there} instead of {here}"
    raise ArgumentError("name", "must mean one circuit", received)
