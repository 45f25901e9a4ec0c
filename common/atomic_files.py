"""Writes files so that a crash, a full disk or a second writer leaves the old content or the new one, never a part.

A file is written beside its place, forced to the disk, and renamed. The rules are:

* A symbolic link is followed: the file that it points to is replaced, and the link stays. `link` replaces the link.
* A device, a pipe or a socket is written to and never replaced. A folder is refused.
* A file that exists keeps its mode and, where the system allows it, its owner. A file without write permission is
  refused.
* The unfinished files of a process that was killed have names with `file_locks.PREFIX`. They are removed by the next
  process that writes to the folder; a process that still writes is known by its lock on the file.
"""

import contextlib
import errno
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from typing import Any, Dict, Iterator, Sequence, Union

from . import file_locks

Path = Union[str, "os.PathLike[str]"]
# This program renames files as soon as it is told to. It does nothing if the process that started it ends before.
_RENAME = """import os, sys
os.write(1, b"ready")
if os.read(0, 1):
    for i in range(1, len(sys.argv), 2):
        os.replace(sys.argv[i], sys.argv[i + 1])
"""


class NewFile:
    """The future content of a file, in an unfinished file beside it; use it in a `with` statement.

    Args:
        path: path of the file that will have the content.

    Attributes:
        path: path of the unfinished file, which has the suffix of the file.
        descriptor: the descriptor that holds the lock of the unfinished file.
        target: path of the file without symbolic links.
        special: whether the file is a device, a pipe or a socket, which is not replaced.

    Raises:
        OSError: if the folder does not exist or cannot be written to, or the file is a folder or not writable.
    """

    def __init__(self, path: Path) -> None:
        self._requested = os.fsdecode(path)
        self._status = _status(self._requested)
        self.special = self._status is not None and not stat.S_ISREG(self._status.st_mode)
        if self.special and stat.S_ISDIR(self._status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), self._requested)
        self.target = self._requested if self.special else os.path.realpath(self._requested)
        if self._status is not None and not os.access(self.target, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), self._requested)
        folder = tempfile.gettempdir() if self.special else os.path.dirname(self.target)
        with self._named_errors():
            file_locks.remove_litter(folder)
            self.descriptor, self.path = file_locks.new_file(folder, os.path.splitext(self.target)[1][-16:])

    def __enter__(self) -> "NewFile":
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        os.close(self.descriptor)

    def write(self, content: bytes) -> None:
        """Writes bytes to the unfinished file."""
        with self._named_errors(), open(self.path, "wb") as file:
            file.write(content)

    def prepare(self) -> None:
        """Forces the content to the disk, and gives it the mode and owner of the file that it replaces."""
        with self._named_errors():
            descriptor = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)  # a library may have made the file anew
            try:
                if self._status is not None and not self.special:
                    if (self._status.st_uid, self._status.st_gid) != (os.geteuid(), os.getegid()):
                        with contextlib.suppress(OSError):
                            os.fchown(descriptor, self._status.st_uid, self._status.st_gid)
                    os.fchmod(descriptor, stat.S_IMODE(self._status.st_mode))
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def put(self) -> None:
        """Puts the prepared content in its place in one step; a device receives it instead."""
        with self._named_errors():
            if self.special:
                with open(self.path, "rb") as source, _device(self.target) as device:
                    shutil.copyfileobj(source, device)
            else:
                os.replace(self.path, self.target)

    def finish(self) -> None:
        """Puts the content in its place, for good: `prepare`, `put` and `sync_folder` in this order."""
        self.prepare()
        self.put()
        self.sync_folder()

    def sync_folder(self) -> None:
        """Forces the names in the folder of the file to the disk."""
        descriptor = os.open(os.path.dirname(self.path), os.O_RDONLY | os.O_CLOEXEC)
        try:
            with contextlib.suppress(OSError):  # some file systems have no such operation for folders
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def _named_errors(self):
        """Lets an `OSError` name the file that was asked for instead of the unfinished one."""
        try:
            yield
        except OSError as error:  # the class of the new error follows from its number
            raise OSError(error.errno, error.strerror, self._requested) from error


def _status(path):
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _device(path):
    """A device or pipe that is open for writing. A pipe that nobody reads is an error, not a hang."""
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    os.set_blocking(descriptor, True)
    return open(descriptor, "wb")


def put_together(files: Sequence[NewFile], lock: int) -> None:
    """Puts prepared files in their places one directly after the other, and forces their names to the disk.

    If one of them replaces a file, a process of its own renames them, which does not end when this process is killed.
    It keeps the locks of the files and of their folder.

    Args:
        files: the files, in this order.
        lock: what `file_locks.locked` yields for the folder.

    Raises:
        OSError: if a file cannot be put in its place.
    """
    if any(os.path.lexists(file.target) for file in files) and not any(file.special for file in files):
        paths = [path for file in files for path in (file.path, file.target)]
        descriptors = [lock, *(file.descriptor for file in files)]
        command = [sys.executable or "python3", "-I", "-S", "-c", _RENAME, *paths]
        streams: Dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        # Without such a process, this process renames the files.
        with contextlib.suppress(OSError), subprocess.Popen(
            command, bufsize=0, pass_fds=descriptors, start_new_session=True, **streams
        ) as process:
            if process.stdin and process.stdout and process.stdout.read(1):
                process.stdin.write(b"x")
    for file in files:
        if os.path.exists(file.path):
            file.put()
    for file in files:
        file.sync_folder()


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[str]:
    r"""Yields the path of an unfinished file, which takes the place of a file if the `with` block ends without error.

    Args:
        path: path of the file that will have the content.

    Raises:
        OSError: if the file cannot be written; a file that was there stays as it was.

    Example:
        >>> import os, tempfile
        >>> path = os.path.join(tempfile.mkdtemp(), "figures.csv")
        >>> with replacing(path) as unfinished, open(unfinished, "w") as file:
        ...     print("name,MAE", file=file)
        >>> with open(path) as file:
        ...     print(file.read().strip())
        name,MAE
    """
    with NewFile(path) as file:
        yield file.path
        file.finish()


def write(path: Path, content: bytes) -> None:
    """Writes a file, completely or not at all.

    Args:
        path: path of the file; the rules for links, devices and modes are those of this module.
        content: the bytes of the file.

    Raises:
        OSError: if the file cannot be written; a file that was there stays as it was.
    """
    with NewFile(path) as file:
        file.write(content)
        file.finish()


def link(target: Path, path: Path) -> None:
    """Makes a path a symbolic link in one step, in place of a file or link of this name.

    Args:
        target: what the link points to.
        path: path of the link.

    Raises:
        TimeoutError: if another process has been writing to the folder of the link for a minute.
        OSError: if the link cannot be made, or a folder has its name; what was there stays as it was.

    Example:
        >>> import os, tempfile
        >>> path = os.path.join(tempfile.mkdtemp(), "libplugin.so")
        >>> link("/usr/lib/libplugin.so", path)
        >>> os.readlink(path)
        '/usr/lib/libplugin.so'
    """
    folder, name = os.path.split(os.path.abspath(os.fsdecode(path)))
    with file_locks.locked(folder):
        file_locks.remove_litter(folder)
        file_locks.remove_links(folder)
        unfinished = file_locks.new_link(folder, os.fsdecode(target))
        try:
            os.replace(unfinished, os.path.join(folder, name))
        except OSError:
            os.unlink(unfinished)
            raise
