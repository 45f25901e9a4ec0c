"""The system's C compiler, and programs with a time limit; called by c_source.py and c_circuit.py."""

import os
import shutil
import signal
import subprocess

COMPILE_SECONDS = 60


def compiler():
    """Path of the C compiler: the one that `CC` names, else `cc`, `gcc` or `clang`.

    Raises:
        FileNotFoundError: if there is none.
    """
    names = [os.environ["CC"]] if os.environ.get("CC") else ["cc", "gcc", "clang"]
    for name in names:
        if shutil.which(name):
            return shutil.which(name)
    raise FileNotFoundError(
        f"a C compiler must be on PATH, or be named by CC, to import C; received none (looked for {', '.join(names)})"
    )


def run(command, seconds, **options):
    """Exit code of a command, `None` if it was stopped after `seconds`, and what it wrote to its two streams."""
    streams = {"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, start_new_session=True, **{**streams, **options}) as process:
        try:
            output, errors = process.communicate(timeout=seconds)
        except BaseException as stopped:  # of a keyboard interrupt, too, which its own session does not get
            os.killpg(process.pid, signal.SIGKILL)  # with what it started
            process.communicate()
            if isinstance(stopped, subprocess.TimeoutExpired):
                return None, b"", b""
            raise
    return process.returncode, output or b"", errors or b""


def compile_c(path, arguments, **options):
    """Runs the compiler in the folder of a C file, and returns what it wrote to standard output.

    Raises:
        FileNotFoundError: if there is no compiler.
        ValueError: if it fails; the message has its own.
    """
    command = [compiler(), "-std=gnu11", "-O1", "-w", f"-I{path.parent}", *arguments]
    code, output, errors = run(command, COMPILE_SECONDS, cwd=str(path.parent), **options)
    if code is None:
        raise ValueError(f"SOURCE must compile within {COMPILE_SECONDS} s; received {path}, which was stopped")
    if code != 0:
        text = errors.decode(errors="replace").strip().replace("<stdin>", path.name)
        raise ValueError(f"SOURCE must be C that compiles; received {path}:\n{text}")
    return output.decode(errors="replace")
