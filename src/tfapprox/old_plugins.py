"""Plugins of TensorFlow as old scripts load them: one file by several paths, and names that no file has."""

from __future__ import annotations

import os
import sys
from typing import Any, Callable


def redirect(tensorflow: Any, is_ours: Callable[[str], bool], operations: Any) -> None:
    """Makes `load_op_library` return this project's operations where a script asks for them by another path.

    Args:
        tensorflow: the module whose function is replaced, `tensorflow`; the module that defines the function gets the
            new one, too.
        is_ours: whether a path, the argument of `load_op_library`, stands for the plugin.
        operations: the module that TensorFlow generated for the plugin.
    """
    from tensorflow.python.framework import load_library

    original = load_library.load_op_library

    def load_op_library(library_filename):
        return operations if is_ours(os.fspath(library_filename)) else original(library_filename)

    load_op_library.__doc__ = original.__doc__
    tensorflow.load_op_library = load_library.load_op_library = load_op_library


def shared(tensorflow: Any, path: str, module: Any, operation: str) -> Any:
    """The operations of a plugin that a script may have loaded by a link, or may load by one later.

    TensorFlow generates functions for the operations of a file when it loads the file for the first time. If it loads
    the same file again by another path, the module that it returns is empty.

    Args:
        tensorflow: the module `tensorflow`.
        path: path of the plugin.
        module: what `load_op_library` returned for `path`.
        operation: name of one of the plugin's functions.

    Returns:
        The module that TensorFlow generated when it loaded the file for the first time. From now on, `load_op_library`
        returns it for every path of the file.
    """
    if not hasattr(module, operation):
        # TensorFlow puts each generated module into sys.modules, under the hash of its source.
        contents = ((entry, getattr(entry, "__dict__", {})) for entry in list(sys.modules.values()))
        module = next(
            entry for entry, names in contents if names.get("_IS_TENSORFLOW_PLUGIN") is True and operation in names
        )

    def is_same_file(other: str) -> bool:
        return os.path.exists(other) and os.path.samefile(other, path)

    redirect(tensorflow, is_same_file, module)
    return module
