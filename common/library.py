"""Finds, loads and links the compiled libraries of the package; TensorFlow's loader is an argument."""

import ctypes
import importlib.util
import os
from typing import Any, Callable, List, Optional

from . import _settings, atomic_files
from .argument_error import ArgumentFileExistsError, ArgumentNotADirectoryError

# Paths of the TensorFlow plugins that `load` has loaded, the first one first.
loaded_plugins: List[str] = []

REBUILD = "Rebuild with the TensorFlow that you run: pip install --no-build-isolation --force-reinstall --no-deps ."


def find(room: str, name: str) -> str:
    """Path of a file that the build has put in a room.

    Args:
        room: name of the subpackage of tfapprox, such as `"common"`.
        name: name of the file.

    Raises:
        ImportError: if this install was built without it.
    """
    # An editable install has sources and built libraries in two folders, both on the path of the package.
    spec = importlib.util.find_spec(f"tfapprox.{room}")
    locations: Optional[List[str]] = spec.submodule_search_locations if spec else None
    folders = list(locations or ())
    for folder in folders:
        if os.path.isfile(os.path.join(folder, name)):
            return os.path.join(folder, name)
    raise ImportError(
        f"tfapprox.{room} needs {name}, which this install was built without: the build did not see the TensorFlow "
        f"that it is for (looked in {folders}). {REBUILD}"
    )


def built_for(path: str) -> str:
    """The version of the TensorFlow that a plugin was built for.

    Args:
        path: path of the plugin; the build writes `built_for.txt` beside it.

    Raises:
        OSError: if that file cannot be read.
    """
    with open(os.path.join(os.path.dirname(path), "built_for.txt"), encoding="utf-8") as file:
        return file.read().strip()


def load(loader: Callable[[str], Any], path: str, running: str) -> Any:
    """Loads a plugin into TensorFlow, and passes the environment variables on to the core that is in it.

    Args:
        loader: `tf.load_op_library`.
        path: path of the plugin.
        running: version of the TensorFlow that runs.

    Returns:
        The result of `loader`, a module with the operations.

    Raises:
        ImportError: if the plugin was built for another minor version of TensorFlow, whose C++ interface differs, or
            does not load. The message says which TensorFlow it was built for.
    """
    version = built_for(path)
    if version.split(".")[:2] != running.split(".")[:2]:
        raise ImportError(
            f"{path} was built for TensorFlow {version} and cannot be used in TensorFlow {running}. {REBUILD}"
        )
    try:
        operations = loader(path)
    except Exception as error:  # TensorFlow's own class, or what the dynamic loader raises
        raise ImportError(
            f"{path} was built for TensorFlow {version} and does not load in TensorFlow {running}: {error}. {REBUILD}"
        ) from error
    _settings.add(ctypes.CDLL(path))
    loaded_plugins.append(path)
    return operations


def link(path: str, folder: str, name: str, force: bool = False) -> str:
    """Makes `folder/name` a link to a library, so that old scripts can load it from there.

    Args:
        path: path of the library.
        folder: folder of the link.
        name: name of the link. A link of this name is replaced in one step: a script finds the old one or the new one.
        force: whether a file of this name is replaced, too, such as the plugin that the script had before.

    Returns:
        The path of the link.

    Raises:
        ArgumentNotADirectoryError: if there is no such folder.
        ArgumentFileExistsError: if a file has that name and `force` is false, or a folder has it.
        OSError: if the link cannot be made.
    """
    if not os.path.isdir(folder):
        raise ArgumentNotADirectoryError("folder", "must be a folder that exists", repr(folder), ("mkdir", "makes one"))
    target = os.path.join(folder, name)
    if os.path.isdir(target) and not os.path.islink(target):
        raise ArgumentFileExistsError("folder", f"must have no folder {name}", repr(folder))
    if os.path.exists(target) and not os.path.islink(target) and not force:
        remedy = ("force=True", "replaces the file")
        raise ArgumentFileExistsError("folder", f"must have no file {name} that is not a link", repr(folder), remedy)
    atomic_files.link(os.path.abspath(path), target)
    return target
