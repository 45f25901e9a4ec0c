"""Tells the files in a folder that can be multipliers of up to 8 bits from those that cannot."""

import os
import pathlib
import re
from typing import List, NamedTuple, Optional

from ..argument_error import ArgumentFileNotFoundError, ArgumentNotADirectoryError
from ..paths import Path, expanded
from . import kinds, registry
from .arrays import WIDTHS

FIRST = ".c"  # files of C come first, because their comments have figures


class Outcome(NamedTuple):
    """What became of one file.

    Attributes:
        path: path of the file.
        name: name of the multiplier.
        status: `"imported"`, `"agrees"` (it has the products of a file of the same name that was imported before),
            `"same"` (its table was in the folder already, or it has the code of a C file of the same name),
            `"failed"`, or `"left out"`.
        message: why it failed or was left out, or the file with which it agrees; `""` if it was imported.
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
        >>> import tempfile
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
    return Survey(sorted(circuits, key=lambda path: (path.suffix != FIRST, path)), sorted(left_out))


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
