"""Imports all multipliers of up to 8 bits from a folder, such as a checkout of EvoApproxLib or EvoApprox8b.

A file of another kind with the name of a circuit, such as its Verilog beside its C, must have the same products.
"""

import os
import pathlib
import re
import tempfile
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Tuple

import numpy as np

from .. import metrics
from ..argument_error import ArgumentError, ArgumentFileNotFoundError, ArgumentNotADirectoryError
from ..paths import Path, expanded
from . import c_comments, c_source, kinds, registry, storage
from .arrays import WIDTHS
from .importing import import_multiplier

_C = ".c"  # files of C come first, because their comments have figures


class Outcome(NamedTuple):
    """What became of one file.

    Attributes:
        path: path of the file.
        name: name of the multiplier.
        status: `"imported"`, `"agrees"` (it has the products of a file of the same name that was imported before),
            `"same"` (it has the code of such a C file), `"failed"`, or `"left out"`.
        message: why it failed or was left out, or which file it agrees with; `""` if it was imported.
        error: the exception behind a failure, else `None`.
    """

    path: pathlib.Path
    name: str
    status: str
    message: str = ""
    error: Optional[Exception] = None


class Survey(NamedTuple):
    """The files in a folder and the folders below it; hidden files and folders are not looked at.

    Attributes:
        circuits: the files that can be multipliers, C first, sorted. A folder that cannot be read is in the list, too,
            so that its import fails and names it.
        left_out: an `Outcome` for each other file, sorted by path.
    """

    circuits: List[pathlib.Path]
    left_out: List[Outcome]


def survey(source: Path) -> Survey:
    """Tells the files in a folder that can be multipliers from those that cannot.

    A multiplier has a name such as `mul8u_X.c`, `mul7u_X.v` or `mul8_002.c`, with operands of one width from 2 to 8
    bits, and is of a kind that `import_multiplier` takes. Python files are left out, because they would run in this
    process.

    Args:
        source: path of the folder.

    Raises:
        NotADirectoryError: if there is no such folder.

    Example:
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> for name in ("mul8u_X.c", "mul8u_X.v", "add8u_X.c"):
        ...     (folder / name).touch()
        >>> found = survey(folder)
        >>> [path.name for path in found.circuits], [outcome.message for outcome in found.left_out]
        (['mul8u_X.c', 'mul8u_X.v'], ['its name does not begin with mul and a width, as mul8u_X does'])
    """
    folder = expanded(source)
    if not folder.is_dir():
        raise ArgumentNotADirectoryError("source", "must be a folder", f"'{folder}'")
    circuits: List[pathlib.Path] = []
    left_out: List[Outcome] = []
    for parent, folders, files in os.walk(
        str(folder), onerror=lambda error: circuits.append(pathlib.Path(error.filename))
    ):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for path in (pathlib.Path(parent, file) for file in files if not file.startswith(".")):
            reason = _reason_to_leave_out(path)
            if reason:
                left_out.append(Outcome(path, path.stem, "left out", reason))
            else:
                circuits.append(path)
    return Survey(sorted(circuits, key=lambda path: (path.suffix != _C, path)), sorted(left_out))


def _reason_to_leave_out(path):
    suffix = path.suffix.lower()
    if suffix not in kinds.FILES:
        return f"{suffix} files are no circuits" if suffix else "files without a suffix are no circuits"
    if suffix == ".py":
        return "a Python file runs in the importing process, and is imported by itself only"
    width = registry.width_of(path.stem)
    if width is None:
        two = re.match(r"mul(\d+)x(\d+)", path.stem)
        return (
            f"it has operands of {two.group(1)} and {two.group(2)} bits, and is imported by itself only"
            if two
            else "its name does not begin with mul and a width, as mul8u_X does"
        )
    return None if width in WIDTHS else f"it has operands of {width} bits, and is imported by itself only"


def circuits(source: Path) -> List[pathlib.Path]:
    """The files of multipliers in a folder and the folders below it, C first, sorted.

    Files are chosen by names such as `mul8u_X.c`, `mul7u_X.v` or `mul8_002.c`, with operands of one width from 2 to 8
    bits, and must be of a kind that `import_multiplier` takes. Adders, wider operands, operands of two widths
    (`mul8x2u_X.c`) and Python files are left out. A folder that cannot be read is in the list, too, so that its import
    fails and names it.

    Args:
        source: path of the folder.

    Raises:
        NotADirectoryError: if there is no such folder.
        FileNotFoundError: if it has no such file.
    """
    paths = survey(source).circuits
    if not paths:
        rule = "must have files such as mul8u_X.c or mul8_X.c"
        raise ArgumentFileNotFoundError("source", rule, f"'{expanded(source)}' without")
    return paths


def import_checkout(
    paths: List[pathlib.Path],
    progress: Callable[[List[pathlib.Path]], Iterable[pathlib.Path]] = iter,
    **options: Any,
) -> List[Outcome]:
    """Imports files one after the other. A failure ends the import of its own file only.

    Args:
        paths: paths of the files, which `circuits` lists.
        progress: function that is given the list and iterates over it, such as `rich.progress.track`.
        **options: the options of `import_each`.

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
) -> Iterator[Outcome]:
    """Imports files one after the other, each when its outcome is asked for.

    A failure ends the import of its own file only. Files with the same name are compared: EvoApproxLib has the same
    circuit in several folders, and in Verilog beside C. The first one is imported; the others must have its products.

    Args:
        paths: paths of the files, which `circuits` lists.
        signed: whether the operands are signed. By default, whether the first parameter of a function is an `int8_t`
            or the name begins with `mul8s_`.
        swap: whether the first operand is the weight.
        ascending: whether rows and columns of signed operands run from -128 to 127.
        seconds: time limit for all calls of one circuit in C together.
        known: entries of every NAME.json: `source`, `power_mW`, `area_um2`, `delay_ns`, `licence`. They replace what
            the comments of a file say.
        folder: folder of the tables, which is made if it does not exist; by default `user_folder()`.
        force: whether tables of the same names in the folder are replaced.

    Yields:
        An `Outcome` for each file.
    """
    options: Dict[str, Any] = {"signed": signed, "swap": swap, "ascending": ascending, "seconds": seconds}
    imported: Dict[str, Tuple[str, pathlib.Path, storage.Multiplier]] = {}  # by the stem of the file
    for path in paths:
        try:
            code = c_comments.split(c_source.read(path)).code if path.suffix == _C else ""
            if path.stem not in imported:
                multiplier = import_multiplier(path, known=known, folder=folder, force=force, **options)
                imported[path.stem] = code, path, multiplier
                outcome = Outcome(path, multiplier.name, "imported")
            else:
                code_before, path_before, multiplier = imported[path.stem]
                if code and code == code_before:
                    outcome = Outcome(path, path.stem, "same", f"as {path_before}")
                else:
                    _check_products(path, multiplier, path_before, options)
                    outcome = Outcome(path, multiplier.name, "agrees", f"with {path_before}")
        except (OSError, ValueError) as error:
            outcome = Outcome(path, path.stem, "failed", str(error), error)
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
