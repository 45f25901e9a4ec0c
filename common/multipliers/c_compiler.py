"""The system's C compiler, with limits."""

import os
import pathlib
import shutil
import tempfile
from typing import Any, List

from .. import regular_files
from ..argument_error import ArgumentError
from . import processes

COMPILE_SECONDS = 60
MAX_OUTPUT_BYTES = 1 << 26
_MESSAGE_BYTES, _LINE = 1 << 14, 200  # limits of a message of the compiler, and of a line in it
_LIMITS = {"AS": 1 << 32, "FSIZE": MAX_OUTPUT_BYTES, "CPU": COMPILE_SECONDS + 1}


def compiler() -> str:
    """Path of the C compiler: the one that the environment variable `CC` names, else `cc`, `gcc` or `clang`.

    Raises:
        FileNotFoundError: if there is no such program.
    """
    names = [os.environ["CC"]] if os.environ.get("CC") else ["cc", "gcc", "clang"]
    for name in names:
        path = shutil.which(name)
        if path:
            return os.path.abspath(path)
    raise FileNotFoundError(
        f"a C compiler must be on PATH, or be named by CC, to import C; received none (looked for {', '.join(names)})"
    )


def preprocess(path: pathlib.Path) -> str:
    """The output of the preprocessor for a C file, in which the name of the file is `<stdin>`.

    Args:
        path: path of the file; its folder is searched for headers.

    Raises:
        FileNotFoundError: if there is no compiler.
        OSError: if the file cannot be read.
        ArgumentError: if the preprocessor refuses the file, takes too long, or writes more than `MAX_OUTPUT_BYTES`.
    """
    with tempfile.TemporaryDirectory() as folder, regular_files.opened(path, "source") as (source, _):
        output = os.path.join(folder, "output")
        with open(output, "wb") as file:
            compile_c(path, ["-E", "-x", "c", "-"], stdin=source, stdout=file)
        return regular_files.read(output, MAX_OUTPUT_BYTES).decode(errors="replace")


def compile_c(path: pathlib.Path, arguments: List[str], **streams: Any) -> None:
    """Runs the compiler in the folder of a C file.

    Args:
        path: path of the file; its folder is searched for headers.
        arguments: arguments of the compiler.
        **streams: `stdin` and `stdout` of the compiler, which are not connected by default.

    Raises:
        FileNotFoundError: if there is no compiler.
        ArgumentError: if the compiler fails, with its message, or takes longer than `COMPILE_SECONDS`.
    """
    command = [compiler(), "-std=gnu11", "-O1", "-w", f"-I{path.parent}", *arguments]
    with tempfile.TemporaryFile() as messages:
        code = processes.run(command, COMPILE_SECONDS, _LIMITS, cwd=str(path.parent), stderr=messages, **streams)
        messages.seek(0)
        lines = messages.read(_MESSAGE_BYTES).decode(errors="replace").strip().replace("<stdin>", path.name).split("\n")
        text = "\n".join(line[:_LINE] for line in lines)
    if code is None:
        raise ArgumentError("source", f"must compile within {COMPILE_SECONDS} s", f"{path}, which was stopped")
    if code != 0:
        raise ArgumentError("source", "must be C that compiles", f"{path}:\n{text or f'exit code {code}'}")
