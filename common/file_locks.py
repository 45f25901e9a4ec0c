"""Locks of folders and of unfinished files, which tell a process that writes from one that was killed."""

import contextlib
import errno
import fcntl
import os
import secrets
import time
from typing import Iterator, Tuple, Union

Path = Union[str, "os.PathLike[str]"]
PREFIX = ".tfapprox-new-"  # the beginning of the names of unfinished files
LOCK_SECONDS = 60.0


def new_file(folder: Path, suffix: str) -> Tuple[int, str]:
    """Makes an unfinished file that is locked until its descriptor is closed.

    Args:
        folder: path of the folder.
        suffix: suffix of the name, such as `".bin"`.

    Returns:
        The descriptor and the path.

    Raises:
        OSError: if the file cannot be made.
    """
    while True:
        path = os.path.join(folder, f"{PREFIX}{secrets.token_hex(6)}{suffix}")
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        with contextlib.suppress(OSError):  # a file system without locks: the file is never taken for litter
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.stat(path), os.fstat(descriptor)):
                return descriptor, path
        os.close(descriptor)  # another process took it for litter before it was locked


def remove_litter(folder: Path) -> None:
    """Removes the unfinished files in a folder whose processes have ended."""
    try:
        with os.scandir(folder) as entries:
            paths = [entry.path for entry in entries if entry.name.startswith(PREFIX)]
    except OSError:
        return
    for path in paths:
        with contextlib.suppress(OSError):  # its process writes, or has just put it in its place
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.path.samestat(os.stat(path), os.fstat(descriptor)):
                    os.unlink(path)
            finally:
                os.close(descriptor)


def new_link(folder: Path, target: str) -> str:
    """Makes an unfinished symbolic link, which cannot have a lock: the caller holds the lock of the folder.

    Args:
        folder: path of the folder.
        target: what the link points to.

    Returns:
        The path of the link.

    Raises:
        OSError: if the link cannot be made.
    """
    path = os.path.join(folder, f"{PREFIX}{secrets.token_hex(6)}")
    os.symlink(target, path)
    return path


def remove_links(folder: Path) -> None:
    """Removes the unfinished links in a folder, whose lock the caller holds, so that no other process makes one."""
    with os.scandir(folder) as entries:
        paths = [entry.path for entry in entries if entry.name.startswith(PREFIX) and entry.is_symlink()]
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[int]:
    """Keeps other processes and threads that use this function from writing to a folder; yields the lock's descriptor.

    On a file system without locks, writers do not exclude each other.

    Args:
        folder: path of the folder.

    Raises:
        TimeoutError: if another process writes to the folder for more than `LOCK_SECONDS`.
        OSError: if the folder cannot be opened.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    text = f"another process has been writing to it for {LOCK_SECONDS:.0f} s"
                    raise TimeoutError(errno.ETIMEDOUT, text, os.fsdecode(folder)) from None
                time.sleep(0.005)
            except OSError:
                break
        yield descriptor
    finally:
        os.close(descriptor)
