"""The system's C compiler, and programs with a time limit."""

import os
import pathlib
import shutil
import signal
import subprocess
from typing import Any, List, Optional, Tuple

from ..argument_error import ArgumentError

COMPILE_SECONDS = 60


def compiler() -> str:
    """Path of the C compiler: the one that `CC` names, else `cc`, `gcc` or `clang`.

    Raises:
        FileNotFoundError: if there is none.
    """
    names = [os.environ["CC"]] if os.environ.get("CC") else ["cc", "gcc", "clang"]
    for name in names:
        path = shutil.which(name)
        if path:
            return path
    raise FileNotFoundError(
        f"a C compiler must be on PATH, or be named by CC, to import C; received none (looked for {', '.join(names)})"
    )


def run(command: List[str], seconds: float, **options: Any) -> Tuple[Optional[int], bytes, bytes]:
    """Runs a command in a session of its own.

    Args:
        command: program and arguments.
        seconds: time limit, after which the command and every process that it started are killed.
        **options: further arguments of `subprocess.Popen`.

    Returns:
        The exit code, `None` if the time was up, and what the command wrote to standard output and standard error, as
        far as these are pipes.
    """
    streams = {"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, start_new_session=True, **{**streams, **options}) as process:
        try:
            output, errors = process.communicate(timeout=seconds)
        except BaseException as stopped:  # also KeyboardInterrupt: the terminal does not send it to another session
            os.killpg(
                process.pid, signal.SIGKILL
            )  # the session has one process group, which has the number of its leader
            process.communicate()
            if isinstance(stopped, subprocess.TimeoutExpired):
                return None, b"", b""
            raise
    return process.returncode, output or b"", errors or b""


def compile_c(path: pathlib.Path, arguments: List[str], **options: Any) -> str:
    """Runs the compiler in the folder of a C file.

    Args:
        path: path of the file; its folder is searched for headers.
        arguments: arguments of the compiler.
        **options: further arguments of `subprocess.Popen`.

    Returns:
        What the compiler wrote to standard output, if that is a pipe.

    Raises:
        FileNotFoundError: if there is no compiler.
        ArgumentError: if the compiler fails, with its message, or takes longer than `COMPILE_SECONDS`.
    """
    command = [compiler(), "-std=gnu11", "-O1", "-w", f"-I{path.parent}", *arguments]
    code, output, errors = run(command, COMPILE_SECONDS, cwd=str(path.parent), **options)
    if code is None:
        raise ArgumentError("source", f"must compile within {COMPILE_SECONDS} s", f"{path}, which was stopped")
    if code != 0:
        text = errors.decode(errors="replace").strip().replace("<stdin>", path.name)
        raise ArgumentError("source", "must be C that compiles", f"{path}:\n{text}")
    return output.decode(errors="replace")
