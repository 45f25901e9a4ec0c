"""Names: which multipliers there are, and in which file an operation finds one."""

import ctypes
import os
import pathlib
import re
from collections import namedtuple

from .. import native
from .._bindings import core

SEARCH_PATH_VARIABLE = "TFAPPROX_MULTIPLIER_PATH"
_USER_FOLDER = -1
_MAX_PATH = 4096

Place = namedtuple("Place", "name path hidden")
Place.__doc__ = """Where a table is: its name, its file, and the files of other folders that have the same name.

`path` is `None` for a built-in multiplier. `hidden` lists the files that nobody gets by this name.
"""


def built_in_descriptions():
    """The listed built-in multipliers: a dictionary from name to description.

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


def search_path():
    """The folders where names are looked up, in order: those of `TFAPPROX_MULTIPLIER_PATH`, then the user's.

    Returns:
        A list of `pathlib.Path`; the folders need not exist.
    """
    folders = []
    while _folder(len(folders)) is not None:
        folders.append(_folder(len(folders)))
    return folders


def user_folder():
    """Where imported multipliers go: `tfapprox/multipliers` in `XDG_DATA_HOME`, by default `~/.local/share`.

    Raises:
        FileNotFoundError: if neither `XDG_DATA_HOME` nor `HOME` is set.
    """
    folder = _folder(_USER_FOLDER)
    if folder is None:
        raise FileNotFoundError("HOME or XDG_DATA_HOME must be set, or a folder named; received neither")
    return folder


def table_files():
    """Every `.bin` file of the search path, also those that cannot be loaded.

    Returns:
        A dictionary from name to a list of `pathlib.Path`, in the order of the search, sorted by name.
    """
    paths = {}
    for folder in search_path():
        for path in sorted(folder.glob("*.bin")):
            if path.is_file() and path not in paths.setdefault(path.name[: -len(".bin")], []):
                paths[path.name[: -len(".bin")]].append(path)
    return {name: paths[name] for name in sorted(paths)}


def in_folders(num_bits=8):
    """The tables in the folders of the search path.

    Args:
        num_bits: width of both operands.

    Returns:
        A dictionary from name to `pathlib.Path`, sorted by name. The first folder wins, as in `load_table`. Left out
        are files that `load_table` refuses, such as those of another size, and those with the name of a built-in
        multiplier, because `load_table` gives the built-in one.
    """
    return {name: paths[0] for name, paths in table_files().items() if _loads(name, num_bits)}


def _loads(name, num_bits):
    try:
        native.load_table(name, num_bits)
    except (OSError, ValueError):
        return False
    return native.table_source(name) == "search path"


def loadable_names():
    """Names of all 8-bit multipliers: the built-in ones, then those in the folders.

    Example:
        >>> loadable_names()[0]
        'mul8u_exact'
    """
    return [*built_in_descriptions(), *in_folders()]


def width_of(name):
    """The number of bits that a name such as `mul7u_X` or `mul8_002` says; `None` if it says none."""
    match = re.match(r"mul(\d+)[us]?_", name)
    return int(match.group(1)) if match else None


def locate(name_or_path):
    """The `Place` of what an operation loads for a name or path.

    Raises:
        FileNotFoundError: if there is none; the message of `load_table`.
    """
    name, source = os.fspath(name_or_path), native.table_source(name_or_path)
    if isinstance(name_or_path, os.PathLike) or source == "path":
        path = pathlib.Path(name).expanduser()
        return Place(path.name[: -len(".bin")] if path.name.endswith(".bin") else path.name, path, [])
    paths = table_files().get(name, [])
    if source == "built in":
        return Place(name or "mul8u_exact", None, paths)
    if not paths:
        native.load_table(name)  # raises
    return Place(name, paths[0], paths[1:])
