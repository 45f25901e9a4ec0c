"""Files that are written completely or not at all, and what exists already at their places."""

import os
import resource
import stat
import subprocess
import sys
import threading

import pytest

from tfapprox.common import atomic_files, file_locks, regular_files


def test_a_new_file_and_a_replaced_one(tmp_path):
    path = tmp_path / "figures.csv"
    atomic_files.write(path, b"old")
    assert path.read_bytes() == b"old"
    path.chmod(0o640)
    atomic_files.write(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert os.listdir(str(tmp_path)) == ["figures.csv"]


def test_the_mode_of_a_new_file_follows_the_umask(tmp_path):
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    atomic_files.write(tmp_path / "new", b"")
    assert (tmp_path / "new").stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_is_followed(tmp_path, exists):
    (tmp_path / "folder").mkdir()
    target, link = tmp_path / "folder" / "target", tmp_path / "link"
    if exists:
        target.write_bytes(b"old")
    link.symlink_to(target)
    atomic_files.write(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_a_device_is_written_to():
    before = os.stat(os.devnull)
    atomic_files.write(os.devnull, b"content")
    after = os.stat(os.devnull)
    assert stat.S_ISCHR(after.st_mode)
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)


def test_a_pipe_is_written_to_if_somebody_reads(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(str(pipe))
    with pytest.raises(OSError, match="pipe"):
        atomic_files.write(pipe, b"content")
    received = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    while not received and reader.is_alive():
        try:
            atomic_files.write(pipe, b"content")
        except OSError:  # the reader has not opened it
            continue
        break
    reader.join()
    assert received == [b"content"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_what_is_refused(tmp_path):
    with pytest.raises(IsADirectoryError, match=str(tmp_path)):
        atomic_files.write(tmp_path, b"")
    with pytest.raises(FileNotFoundError, match=r"none/x'$"):
        atomic_files.write(tmp_path / "none" / "x", b"")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(OSError, match="loop"):
        atomic_files.write(tmp_path / "loop", b"")
    assert os.listdir(str(tmp_path)) == ["loop"]


def test_an_error_leaves_the_old_file(tmp_path):
    path = tmp_path / "figure.svg"
    path.write_bytes(b"old")

    def draw():
        with atomic_files.replacing(path) as unfinished:
            assert unfinished.endswith(".svg")
            with open(unfinished, "wb") as file:
                file.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        draw()
    assert path.read_bytes() == b"old"
    assert os.listdir(str(tmp_path)) == ["figure.svg"]


def test_a_full_disk_leaves_the_old_file(tmp_path):
    path = tmp_path / "table.bin"
    path.write_bytes(b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"table\.bin"):
            atomic_files.write(path, b"x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == b"old"
    assert os.listdir(str(tmp_path)) == ["table.bin"]


UNFINISHED = """
import os, sys
from tfapprox.common import atomic_files
file = atomic_files.NewFile(sys.argv[1])
print(file.path, flush=True)
sys.stdin.read()
"""


def test_litter_of_a_killed_process_is_removed_by_the_next_one(tmp_path):
    command = [sys.executable, "-c", UNFINISHED, str(tmp_path / "x")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, universal_newlines=True) as process:
        unfinished = process.stdout.readline().strip()
        atomic_files.write(tmp_path / "y", b"")
        assert os.path.exists(unfinished)  # its process still writes
        process.kill()
        process.wait()
    assert os.path.exists(unfinished)
    atomic_files.write(tmp_path / "y", b"")
    assert os.listdir(str(tmp_path)) == ["y"]


def test_a_lock_that_is_never_released(tmp_path, monkeypatch):
    monkeypatch.setattr(file_locks, "LOCK_SECONDS", 0.05)
    with file_locks.locked(tmp_path), pytest.raises(TimeoutError, match="another process has been writing"):
        file_locks.locked(tmp_path).__enter__()
    with file_locks.locked(tmp_path):
        pass


@pytest.mark.parametrize("kind", ["pipe", "device", "link to a device", "folder"])
def test_only_regular_files_are_read(tmp_path, kind):
    path = tmp_path / "x"
    if kind == "pipe":
        os.mkfifo(str(path))
    elif kind == "link to a device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    else:
        path = "/dev/zero"
    with pytest.raises(ValueError, match="path must be a regular file; received"):
        regular_files.read(path, 100)


def test_large_files_are_not_read(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"12345")
    assert regular_files.read(path, 5) == b"12345"
    with pytest.raises(ValueError, match=r"source must have at most 4 bytes; received .*x' with more"):
        regular_files.read(path, 4, "source")


def test_a_link_is_made_and_replaced(tmp_path):
    path = tmp_path / "libplugin.so"
    for target in ("one", "two"):
        atomic_files.link(target, path)
        assert os.readlink(str(path)) == target
    path.unlink()
    path.write_bytes(b"an older plugin")
    atomic_files.link("three", path)
    assert os.readlink(str(path)) == "three"
    assert os.listdir(str(tmp_path)) == ["libplugin.so"]


def test_a_link_that_cannot_be_put_in_its_place(tmp_path, monkeypatch):
    path = tmp_path / "libplugin.so"
    atomic_files.link("old", path)
    with monkeypatch.context() as patch:
        patch.setattr("os.replace", refuse)
        with pytest.raises(OSError, match="refused"):
            atomic_files.link("new", path)
    assert os.readlink(str(path)) == "old"
    assert os.listdir(str(tmp_path)) == ["libplugin.so"]
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        atomic_files.link("new", tmp_path / "folder")


def refuse(*_):
    raise OSError("refused")


def test_an_unfinished_link_is_litter(tmp_path):
    """The link of a process that was killed is litter, and an unfinished file with a lock is none."""
    (tmp_path / f"{file_locks.PREFIX}killed").symlink_to("old")
    with atomic_files.NewFile(tmp_path / "figures.csv") as file:
        atomic_files.link("new", tmp_path / "libplugin.so")
        assert sorted(os.listdir(str(tmp_path))) == sorted([os.path.basename(file.path), "libplugin.so"])


def test_a_link_is_always_there(tmp_path):
    """Another process replaces the link again and again. `readlink` would fail in a moment without it."""
    program = "import sys; from tfapprox.common import atomic_files\nwhile True: atomic_files.link(*sys.argv[1:])"
    path = str(tmp_path / "libplugin.so")
    atomic_files.link("target", path)
    times = {os.lstat(path).st_ctime_ns}
    with subprocess.Popen([sys.executable, "-c", program, "target", path]) as process:
        try:
            while len(times) < 30 and process.poll() is None:
                assert os.readlink(path) == "target"
                times.add(os.lstat(path).st_ctime_ns)
        finally:
            process.kill()
    assert len(times) == 30
