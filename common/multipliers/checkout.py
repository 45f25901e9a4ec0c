"""Imports all multipliers of up to 8 bits from a checkout of EvoApproxLib or EvoApprox8b."""

import fnmatch
import os
import pathlib
from typing import Any, Callable, Dict, Iterable, List, Mapping, NamedTuple, Optional, Tuple

from ..argument_error import ArgumentError, ArgumentFileNotFoundError, ArgumentNotADirectoryError
from ..paths import Path, expanded
from . import c_comments, c_source, registry
from .arrays import WIDTHS
from .importing import import_multiplier


class Outcome(NamedTuple):
    """What became of one C file.

    Attributes:
        path: path of the file.
        name: name of the multiplier.
        status: `"imported"`, `"same"` (the code of a file that was imported before) or `"failed"`.
        message: why it failed, or which file has the same code; `""` if it was imported.
        error: the exception behind a failure, else `None`.
    """

    path: pathlib.Path
    name: str
    status: str
    message: str = ""
    error: Optional[Exception] = None


def circuits(source: Path) -> List[pathlib.Path]:
    """The C files of multipliers in a folder and the folders below it, sorted.

    Files are chosen by names such as `mul8u_X.c`, `mul7u_X.c` or `mul8_002.c`, with operands of one width from 2 to 8
    bits. Adders, wider operands and operands of two widths (`mul8x2u_X.c`) are left out. A folder that cannot be read
    is in the list, too, so that its import fails and names it.

    Args:
        source: path of the folder.

    Raises:
        NotADirectoryError: if there is no such folder.
        FileNotFoundError: if it has no such file.
    """
    folder = expanded(source)
    if not folder.is_dir():
        raise ArgumentNotADirectoryError("source", "must be a folder", f"'{folder}'")
    paths: List[pathlib.Path] = []
    unreadable: List[OSError] = []
    for parent, _, files in os.walk(str(folder), onerror=unreadable.append):
        candidates = (pathlib.Path(parent, file) for file in files if fnmatch.fnmatchcase(file, "mul*.c"))
        paths += [path for path in candidates if registry.width_of(path.stem) in WIDTHS]
    paths = sorted([*paths, *(pathlib.Path(error.filename) for error in unreadable)])
    if not paths:
        rule = "must have files such as mul8u_X.c or mul8_X.c"
        raise ArgumentFileNotFoundError("source", rule, f"'{folder}' without")
    return paths


def import_checkout(
    paths: List[pathlib.Path],
    progress: Callable[[List[pathlib.Path]], Iterable[pathlib.Path]] = iter,
    *,
    signed: Optional[bool] = None,
    swap: bool = False,
    ascending: bool = False,
    seconds: float = 10,
    known: Optional[Mapping[str, Any]] = None,
    folder: Optional[Path] = None,
    force: bool = False,
) -> List[Outcome]:
    """Imports C files one after the other. A failure ends the import of its own file only.

    EvoApproxLib has the same circuit in several folders; it is imported once.

    Args:
        paths: paths of the files, which `circuits` lists.
        progress: function that is given the list and iterates over it, such as `rich.progress.track`.
        signed: whether the operands are signed. By default, whether the first parameter of a function is an `int8_t`
            or its name begins with `mul8s_`.
        swap: whether the first operand is the weight.
        ascending: whether rows and columns of signed operands run from -128 to 127.
        seconds: time limit for all calls of one circuit together.
        known: entries of every NAME.json: `source`, `power_mW`, `area_um2`, `delay_ns`, `licence`. They replace what
            the comments of a file say.
        folder: folder of the tables, which is made if it does not exist; by default `user_folder()`.
        force: whether tables of the same names in the folder are replaced.

    Returns:
        An `Outcome` for each file.
    """
    outcomes: List[Outcome] = []
    imported: Dict[str, Tuple[str, pathlib.Path]] = {}  # from the stem of a file to its code and path
    for path in progress(paths):
        before = imported.get(path.stem)
        try:
            code = c_comments.split(c_source.read(path)).code
            if before and before[0] == code:
                outcomes.append(Outcome(path, path.stem, "same", f"as {before[1]}"))
                continue
            if before:
                raise ArgumentError("name", "must mean one circuit", f"another one in {before[1]}")
            multiplier = import_multiplier(
                path,
                signed=signed,
                swap=swap,
                ascending=ascending,
                seconds=seconds,
                known=known,
                folder=folder,
                force=force,
            )
        except (OSError, ValueError) as error:
            outcomes.append(Outcome(path, path.stem, "failed", str(error), error))
            continue
        imported[path.stem] = code, path
        outcomes.append(Outcome(path, multiplier.name, "imported"))
    return outcomes
