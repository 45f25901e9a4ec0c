"""Reads files of a bounded size, and refuses at once what is no file: pipes, devices, and links to them."""

import contextlib
import os
import stat
from typing import BinaryIO, Iterator, Tuple, Union

from .argument_error import ArgumentError

Path = Union[str, "os.PathLike[str]"]


@contextlib.contextmanager
def opened(path: Path, argument: str = "path") -> Iterator[Tuple[BinaryIO, int]]:
    """Opens a regular file for reading.

    Args:
        path: path of the file. A symbolic link is followed.
        argument: the name of the caller's argument, with which an error begins.

    Returns:
        A context manager that yields the file and its size in bytes.

    Raises:
        OSError: if the file cannot be read.
        ArgumentError: if it is not a regular file.
    """
    name = os.fspath(path)
    # Before the file is opened, because to open a device can have effects; and after it, because it can be replaced.
    _check(os.stat(name), name, argument)
    descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        _check(status, name, argument)
        yield file, status.st_size


def _check(status, name, argument):
    if not stat.S_ISREG(status.st_mode):
        received = f"{name!r}, which is {'a folder' if stat.S_ISDIR(status.st_mode) else 'a device or a pipe'}"
        raise ArgumentError(argument, "must be a regular file", received)


def read(path: Path, max_bytes: int, argument: str = "path") -> bytes:
    """The content of a regular file.

    Args:
        path: path of the file. A symbolic link is followed.
        max_bytes: the size that the file may have, in bytes.
        argument: the name of the caller's argument, with which an error begins.

    Raises:
        OSError: if the file cannot be read.
        ArgumentError: if it is not a regular file, or larger.
    """
    with opened(path, argument) as (file, _):
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise ArgumentError(argument, f"must have at most {max_bytes:,} bytes", f"{os.fspath(path)!r} with more")
    return content
