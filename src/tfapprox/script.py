"""Runs a Python script as `python SCRIPT ARGS` would, for the command `run` of both rooms."""

from __future__ import annotations

import os
import sys
import types
from typing import Sequence

from .common import regular_files

MAX_BYTES = 1 << 26  # maximum size of a script
INTERRUPTED = 130  # exit code of a shell for Ctrl-C


def read(script: str) -> bytes:
    """The source of a script, as bytes.

    Raises:
        OSError: if it cannot be read.
        ArgumentError: if it is not a regular file, or larger than 64 MiB.
    """
    return regular_files.read(script, MAX_BYTES, "script")


def run(source: bytes, script: str, arguments: Sequence[str]) -> None:
    """Runs a script as the main module. The process ends if the script raises an exception.

    Args:
        source: the source of the script.
        script: path of the script.
        arguments: its command line, for `sys.argv`.

    Raises:
        SystemExit: if the script raises it. After Ctrl-C, its code is 130; after any other exception, whose traceback
            is printed, it is 1.
    """
    sys.argv = [script, *arguments]
    if sys.version_info >= (3, 9):
        script = os.path.abspath(script)  # since Python 3.9, the path of the main module is absolute
    main = types.ModuleType("__main__")
    vars(main).update(__file__=script, __builtins__=__builtins__)
    sys.modules["__main__"] = main
    sys.path[0] = os.path.dirname(os.path.realpath(script))
    sys.excepthook = sys.__excepthook__  # the command line has set its own
    try:
        exec(compile(source, script, "exec"), main.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        traceback = error.__traceback__ and error.__traceback__.tb_next  # the first entry is this function's
        error.__traceback__ = traceback
        sys.excepthook(type(error), error, traceback)
        sys.exit(INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1)
