"""Programs with limits of time, memory and files: the C compiler, and circuits, which are contained as well."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

from ..library import find

START_SECONDS = 3.0  # added to every time limit, because the interpreter starts before the command
_LIBRARIES = ("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib", "/nix/store")
_LOADER = ("/etc/ld.so.cache",)
_SHELL = {
    "AS": ("-v", 1024),
    "FSIZE": ("-f", 512),
    "CPU": ("-t", 1),
    "CORE": ("-c", 512),
}  # from the name of a limit to the option of ulimit and the bytes or seconds of its unit


class Contained(NamedTuple):
    """What a contained command may use.

    Attributes:
        readable: paths that it may read and execute, besides the libraries of the system.
        writable: paths of files that it may read and write.
    """

    readable: Sequence[str]
    writable: Sequence[str]


def run(
    command: List[str],
    seconds: float,
    limits: Mapping[str, int],
    contained: Optional[Contained] = None,
    **options: Any,
) -> Optional[int]:
    """Runs a command in a session of its own.

    Args:
        command: path of the program, and its arguments.
        seconds: time limit, after which the command and every process of its group are killed. The group is killed as
            well when the command ends.
        limits: limits by the names of `resource.RLIMIT_...`, such as `{"AS": 1 << 32}`. There are no core dumps. A
            command that is not contained can have `AS`, `FSIZE` and `CPU`.
        contained: what the command may use. It then has no environment, no network, no capabilities and no further
            processes, as far as the kernel can do this. By default, the command is not contained.
        **options: further arguments of `subprocess.Popen`. Standard streams are not connected by default.

    Returns:
        The exit code, which is negative for a signal; `None` if the time was up.
    """
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    limits = {"CORE": 0, **limits}
    launcher = _with_limits(command, limits) if contained is None else _in_containment(command, limits, contained)
    process = subprocess.Popen(launcher, start_new_session=True, **{**streams, **options})
    try:
        deadline, pause = time.monotonic() + START_SECONDS + seconds, 0.001
        # The ended process is kept until its group is killed, so that its number is not given to another group.
        while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            if time.monotonic() > deadline:
                return None
            time.sleep(pause)
            pause = min(2 * pause, 0.02)
    finally:  # after Ctrl-C, too, because the terminal does not send it to the command's session
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return process.returncode


def _with_limits(command, limits):
    """The command after a shell, which starts in a millisecond, has set the limits."""
    settings = [f"ulimit {_SHELL[name][0]} {value // _SHELL[name][1]};" for name, value in limits.items()]
    return ["/bin/sh", "-c", f'{{ {" ".join(settings)} }} 2>/dev/null; exec "$@"', "sh", *command]


def _in_containment(command, limits, contained):
    """The command after `containment.py` has set the limits and contained itself."""
    readable = [*_LIBRARIES, *_LOADER, *contained.readable]
    job = {"command": command, "limits": limits, "contained": [readable, list(contained.writable)]}
    return [*_launcher(), json.dumps(job)]


def _launcher():
    script = find("common", os.path.join("multipliers", "containment.py"))
    return [sys.executable or "python3", "-I", "-S", script]


def containment() -> Dict[str, bool]:
    """Whether circuits in C are contained on this system: `files`, `network` and `processes`.

    A process contains itself and then tries to read a folder, to open a socket and to start a process.
    """
    refused = {"files": False, "network": False, "processes": False}
    try:
        result = subprocess.run([*_launcher(), "probe"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60)
        refused.update(json.loads(result.stdout.decode()))
    except (OSError, ValueError, subprocess.SubprocessError):
        pass
    return refused
