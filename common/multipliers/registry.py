"""Lists the names of multipliers, and tells in which file an operation finds one."""

import ctypes
import os
import pathlib
import re
import stat
from typing import Dict, List, NamedTuple, Optional, Tuple

from .. import native, regular_files
from .._bindings import core
from ..paths import Path, expanded
from ..truth_table import MAX_BITS, TruthTable

SEARCH_PATH_VARIABLE = "TFAPPROX_MULTIPLIER_PATH"
_USER_FOLDER = -1  # the index of the user's folder in tfapprox_multiplier_folder
_MAX_PATH = 4096


class Place(NamedTuple):
    """Where a multiplier is.

    Attributes:
        name: its name.
        path: path of its file; `None` if it is built in.
        hidden: other files of the same name, which no operation finds by the name.
    """

    name: str
    path: Optional[pathlib.Path]
    hidden: List[pathlib.Path]


def built_in_descriptions() -> Dict[str, str]:
    """The built-in multipliers that are listed: from name to description.

    Example:
        >>> built_in_descriptions()["mul8u_exact"]
        'exact product'
    """
    return native.built_in_multipliers()


def _folder(index):
    path = ctypes.create_string_buffer(_MAX_PATH)
    if core().tfapprox_multiplier_folder(index, path, _MAX_PATH) != 0:
        return None
    return pathlib.Path(os.fsdecode(path.value))


def search_path() -> List[pathlib.Path]:
    """The folders where a name is looked up: the folders that `TFAPPROX_MULTIPLIER_PATH` lists, then `user_folder()`.

    The folders need not exist.
    """
    folders: List[pathlib.Path] = []
    while _folder(len(folders)) is not None:
        folders.append(_folder(len(folders)))
    return folders


def user_folder() -> pathlib.Path:
    """The folder of imported multipliers: `tfapprox/multipliers` in `XDG_DATA_HOME`.

    `XDG_DATA_HOME` is `~/.local/share` if it is not set.

    Raises:
        FileNotFoundError: if neither `XDG_DATA_HOME` nor `HOME` is set.
    """
    folder = _folder(_USER_FOLDER)
    if folder is None:
        raise FileNotFoundError("HOME or XDG_DATA_HOME must be set, or a folder named; received neither")
    return folder


class Listing(NamedTuple):
    """The `.bin` files in the folders of the search path.

    Attributes:
        files: a dictionary, sorted by name, from a name to its files in the order of the search.
        problems: folders that cannot be read, and entries `NAME.bin` that are neither files nor folders, each with the
            reason.
    """

    files: Dict[str, List[pathlib.Path]]
    problems: List[Tuple[pathlib.Path, str]]


def listing() -> Listing:
    """Every `.bin` file in the folders of the search path, whether it is a table or not, and what cannot be read."""
    paths: Dict[str, List[pathlib.Path]] = {}
    problems: List[Tuple[pathlib.Path, str]] = []
    for folder in dict.fromkeys(search_path()):
        try:
            entries = sorted(os.listdir(str(folder)))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            problems.append((folder, f"the folder cannot be read: {error.strerror}"))
            continue
        for entry in entries:
            if entry.endswith(".bin"):
                path = folder / entry
                try:
                    mode = os.stat(str(path)).st_mode
                except OSError as error:
                    problems.append((path, f"it cannot be read: {error.strerror}"))
                    continue
                if stat.S_ISREG(mode):
                    paths.setdefault(entry[: -len(".bin")], []).append(path)
                elif not stat.S_ISDIR(mode):
                    problems.append((path, "it is a device or a pipe"))
    return Listing({name: paths[name] for name in sorted(paths)}, problems)


def table_files() -> Dict[str, List[pathlib.Path]]:
    """Every `.bin` file in the folders of the search path, whether it is a table or not.

    Returns:
        A dictionary, sorted by name, from a name to its files in the order of the search.
    """
    return listing().files


def in_folders(num_bits: int = 8) -> Dict[str, pathlib.Path]:
    """The tables of one width that operations find by name in the folders of the search path.

    Args:
        num_bits: width of both operands, 2 to 8.

    Returns:
        A dictionary, sorted by name, from a name to the first file of that name. Files that `load_table` refuses, and
        files that have the name of a listed built-in multiplier, are left out.
    """
    return {name: paths[0] for name, paths in table_files().items() if _loads(name, paths[0], num_bits)}


def _loads(name, path, num_bits):
    try:
        native.load_table(name, num_bits)
    except (OSError, ValueError):
        return False
    return native.table_source(name) == "search path" or is_made(name, path)


def is_made(name: str, path: pathlib.Path) -> bool:
    """Whether a file holds the built-in multiplier of its name, and this multiplier is not listed without the file.

    Args:
        name: name of the file, without `.bin`.
        path: path of the file.
    """
    return bool(name) and name not in built_in_descriptions() and is_copy(name, path)


def is_copy(name: str, path: pathlib.Path) -> bool:
    """Whether a file holds the built-in multiplier of its name.

    Args:
        name: name of the file, without `.bin`.
        path: path of the file.
    """
    if native.table_source(name) != "built in":
        return False
    expected = TruthTable(native.load_table(name, width_of(name) or MAX_BITS)).to_bytes()
    try:
        with regular_files.opened(path) as (file, _):
            return file.read(len(expected) + 1) == expected
    except OSError:
        return False


def loadable_names() -> List[str]:
    """Names of all 8-bit multipliers: the listed built-in ones, then the files in the folders, sorted.

    Example:
        >>> loadable_names()[0]
        'mul8u_exact'
    """
    return [*built_in_descriptions(), *in_folders()]


def width_of(name: str) -> Optional[int]:
    """The one width that a name says, such as 7 for `mul7u_X` or `mul7x7u_X`, and 8 for `mul8_002`; else `None`."""
    match = re.match(r"mul(\d+)(?:x\1)?[us]?_", name)
    return int(match.group(1)) if match else None


def locate(name_or_path: Path) -> Place:
    """Where an operation finds a multiplier.

    Args:
        name_or_path: name of a built-in multiplier; path of a `.bin` file (a string with `/` or ending in `.bin`, or a
            path object), which may begin with `~`; or `NAME` of a `NAME.bin` in a folder of `search_path()`. The first
            of these that fits counts. `""` is the exact product.

    Returns:
        Its `Place`. The file of a path need not exist.

    Raises:
        FileNotFoundError: if no multiplier has this name.
        ValueError: if the name has a null character.
    """
    name, source = os.fspath(name_or_path), native.table_source(name_or_path, "name_or_path")
    if isinstance(name_or_path, os.PathLike) or source == "path":
        path = expanded(name)
        return Place(path.name[: -len(".bin")] if path.name.endswith(".bin") else path.name, path, [])
    paths = table_files().get(name, [])
    if source == "built in":
        return Place(name or "mul8u_exact", None, paths)
    if not paths:
        native.load_table(name, argument="name_or_path")  # its error names similar multipliers
    return Place(name, paths[0], paths[1:])
