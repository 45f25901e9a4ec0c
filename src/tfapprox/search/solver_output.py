"""Keeps what a solver prints out of the standard output, which a caller may read as JSON."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from typing import Iterator


@contextlib.contextmanager
def to_standard_error() -> Iterator[None]:
    """A context in which C and C++ code prints to the standard error instead of the standard output.

    HiGHS prints a line where it corrects a solution, whatever its options say. The context changes file descriptor 1,
    and so moves the output of other threads, too.
    """
    try:
        kept = os.dup(1)
    except OSError:  # the process has no standard output
        yield
        return
    try:
        _flush()
        os.dup2(2, 1)
        yield
    finally:
        _flush()
        os.dup2(kept, 1)
        os.close(kept)


def _flush():
    """Writes the buffers of Python and of C, so that each line goes where it was printed to."""
    if sys.stdout is not None:
        sys.stdout.flush()
    ctypes.CDLL(None).fflush(None)
