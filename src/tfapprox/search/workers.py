"""Names of the processes that take part in a search, from which it is known whether they still run."""

from __future__ import annotations

import os
import socket


def this_worker() -> str:
    """A name of this process that no other one has: host, process number, and when the process began."""
    return f"{socket.gethostname()}:{os.getpid()}:{_start_of(os.getpid())}"


def is_dead(worker: str) -> bool:
    """Whether a process is known not to run any more; `False` for processes of other hosts.

    Args:
        worker: what `this_worker` returned in that process.
    """
    host, _, rest = worker.rpartition(":")[0].partition(":")
    if host != socket.gethostname() or not rest.isdigit():
        return False
    return _start_of(int(rest)) != worker.rpartition(":")[2]


def _start_of(process):
    """When a process of this host began, in clock ticks; "" where there is no such process, or it has ended."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]  # ended, though its parent has not asked for its exit status
