"""Runs a script of TensorFlow 1 as `python SCRIPT ARGS` would, with the names of tensorflow_v1.py."""

import os
import sys
import types

from . import tensorflow_v1

INTERRUPTED = 130  # exit code of a shell for Ctrl-C


def read(script):
    """The source of a script, as bytes.

    Raises:
        OSError: if it cannot be read.
    """
    with open(script, "rb") as file:
        return file.read()


def run(source, script, arguments):
    """Runs a script as the main module; ends the process with its exit code where it has one.

    Args:
        source: what `read` gave.
        script: its path.
        arguments: list of strings for its `sys.argv`.

    Raises:
        SystemExit: as the script raises it; with 1 after any other exception, whose traceback is printed.
    """
    tensorflow_v1.install()
    sys.argv = [script, *arguments]
    if sys.version_info >= (3, 9):
        script = os.path.abspath(script)  # as the interpreter names its main module
    main = types.ModuleType("__main__")
    main.__file__, main.__builtins__ = script, __builtins__
    sys.modules["__main__"] = main
    sys.path[0] = os.path.dirname(os.path.realpath(script))
    sys.excepthook = sys.__excepthook__  # not that of the command line
    try:
        exec(compile(source, script, "exec"), main.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        error.__traceback__ = error.__traceback__.tb_next  # the first entry is this function's
        sys.excepthook(type(error), error, error.__traceback__)
        sys.exit(INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1)
