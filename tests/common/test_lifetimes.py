"""Calls that are interrupted, forked or raced: nothing crashes, hangs or stays behind; and files that are no tables.

What may crash or hang runs in a process of its own.
"""

import ctypes
import os
import shutil
import socket
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from cases import random_table
from tfapprox.common import _abi, _operation, library, load_table, native, save_table
from tfapprox.common._bindings import core

ONES = [1, 1, 1, 1]


def run(program, *arguments, timeout=300, **environment):
    """What a Python program prints; it must end with exit code 0."""
    command = [sys.executable, "-c", textwrap.dedent(program), *map(str, arguments)]
    process = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, timeout=timeout)
    assert process.returncode == 0, process.stderr.decode()
    return process.stdout.decode().split()


@pytest.mark.parametrize("call", ["outputs", "gradients"])
@pytest.mark.parametrize("threads", [1, 3])
def test_interrupts_end_a_long_call(threads, call):
    """Several interrupts come in a row, the later ones while the first one is handled. The call would take long.

    The test measures processor time, because other programs may use the processor for any time.
    """
    program = """
        import signal, sys, threading, time
        import numpy as np
        from tfapprox.common import _interruptible, native
        filters = {"outputs": 2048, "gradients": 512}[sys.argv[2]]
        x, w = np.ones((1, 64, 64, 256), np.float32), np.ones((5, 5, 256, filters), np.float32)
        upstream = np.ones((1, 64, 64, filters), np.float32)
        table = np.random.RandomState(0).randint(0, 65536, (256, 256)).astype(np.uint16)
        times, threads, begun, in_thread = [], threading.active_count(), [], _interruptible.Interruptible._in_thread
        def begin(*arguments):
            begun.append(time.process_time())
            in_thread(*arguments)
        _interruptible.Interruptible._in_thread = begin
        def interrupt(_, frame):
            while frame and "tfapprox" not in frame.f_code.co_filename:  # the call may end before its fourth interrupt
                frame = frame.f_back
            if not frame or not begun or time.process_time() - begun[0] < 0.3:
                return
            times.append(time.process_time())
            if len(times) == 4:
                signal.setitimer(signal.ITIMER_REAL, 0)
            raise KeyboardInterrupt
        def call(depth):  # an interrupt that comes while one is handled ends the next frame
            try:
                if depth:
                    call(depth - 1)
                else:
                    named = {"table": table, "threads": int(sys.argv[1])}
                    if sys.argv[2] == "outputs":
                        native.approx_conv2d_with_min_max_vars(x, w, 0, 1, 0, 1, [1, 1, 1, 1], **named)
                    else:
                        native.table_2d_gradients(upstream, x, w, 0, 1, 0, 1, [1, 1, 1, 1], **named)
            except KeyboardInterrupt:
                pass
        signal.signal(signal.SIGALRM, interrupt)
        signal.setitimer(signal.ITIMER_REAL, 0.004, 0.004)
        call(4)
        signal.setitimer(signal.ITIMER_REAL, 0)
        ended = time.process_time()
        del x, w
        junk = [np.full(1 << 20, 7, np.uint8) for _ in range(64)]
        time.sleep(0.1)
        used = time.process_time()
        time.sleep(0.5)
        used = time.process_time() - used
        print(ended - times[0], used, threading.active_count() - threads)
    """
    delay, used, left = map(float, run(program, threads, call, TFAPPROX_FORCE_PATH="scalar"))
    assert delay < 1
    assert used < 0.1
    assert left == 0


def execution():
    random = np.random.RandomState(0)
    x, w = random.uniform(0, 1, (2, 6, 6, 3)), random.uniform(0, 1, (3, 3, 3, 4))
    return native.Execution(_operation.approx_conv2d(x, w, 0, 1, 0, 1, ONES, table=random_table(8, 0)))


def test_a_cancelled_call_writes_nothing():
    with execution() as call:
        call.operation.output.fill(-7)
        call._cancelled.value = 1
        call._prepare_share(0)
        call._run_share(0)
        assert np.all(call.operation.output == -7)


def test_an_interrupted_execution_runs_again(monkeypatch):
    with execution() as call:
        expected = call.run().copy()

        def interrupt(thread):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(call, "_run_share", interrupt)
            with pytest.raises(KeyboardInterrupt):
                call.run()
        call.operation.output.fill(0)
        np.testing.assert_array_equal(call.run(), expected)


@pytest.mark.parametrize("function", ["tune", "plan"])
def test_fork_while_a_thread_is_in_the_core(function):
    """The thread holds a lock of the core almost all the time, and the children need the same lock."""
    program = """
        import ctypes, os, signal, sys, threading, time
        import numpy as np
        from tfapprox.common import native, _abi
        from tfapprox.common._bindings import core
        native.path()
        shared = [native.Table(None)]
        def call(seed):
            entries = np.random.RandomState(seed).randint(0, 65536, (256, 256)).astype(np.uint16)
            error, plan, handle = _abi.Error(), _abi.Plan(), ctypes.c_void_p()
            if sys.argv[1] == "tune":
                core().tfapprox_table_acquire_tuned(entries.ctypes.data, 8, ctypes.byref(handle), ctypes.byref(error))
            else:
                shared[0] = native.Table(entries)
                core().tfapprox_plan_describe(shared[0].handle, 0, ctypes.byref(plan), ctypes.byref(error))
        def busy():
            seed = 0
            while True:
                seed += 1
                call(seed)
        threading.Thread(target=busy, daemon=True).start()
        time.sleep(0.2)
        for number in range(30):
            child = os.fork()
            if child == 0:
                signal.alarm(60)
                error, plan = _abi.Error(), _abi.Plan()
                core().tfapprox_plan_describe(shared[0].handle, 0, ctypes.byref(plan), ctypes.byref(error))
                if sys.argv[1] == "tune":
                    call(1)
                os._exit(0)
            print(os.waitpid(child, 0)[1])
            if sys.argv[1] == "plan":
                time.sleep(0.001 * number)
        sys.stdout.flush()
        os._exit(0)
    """
    assert run(program, function) == ["0"] * 30


def test_the_environment_changes_while_the_core_is_called():
    program = """
        import os, threading, time
        from tfapprox.common import load_table, native
        end = time.monotonic() + 3
        def call():
            while time.monotonic() < end:
                native.path()
                native.program(None, 4)
        def change():
            number = 0
            while time.monotonic() < end:
                number += 1
                os.environ["V%d" % number] = "x" * 100
        threads = [threading.Thread(target=target) for target in (call, call, change)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print("ended")
    """
    assert run(program) == ["ended"]


def path_of(copy):
    name, error = ctypes.c_char_p(), _abi.Error()
    status = copy.tfapprox_path(ctypes.byref(name), ctypes.byref(error))
    return name.value.decode() if status == 0 else error.message.decode()


def test_settings_are_read_once_and_on_purpose(tmp_path, monkeypatch):
    """The copy of the core is one that Python does not know, like a plugin that a script has loaded itself."""
    path = shutil.copy(library.find("common", "libtfapprox_core.so"), tmp_path)
    copy, error = _abi.declare(ctypes.CDLL(path)), _abi.Error()
    monkeypatch.setenv("TFAPPROX_FORCE_PATH", "one")
    assert "received 'one'" in path_of(copy)
    monkeypatch.setenv("TFAPPROX_FORCE_PATH", "two")
    assert "received 'one'" in path_of(copy)
    assert copy.tfapprox_settings_reload(None, ctypes.byref(error)) == 0
    assert "received 'two'" in path_of(copy)
    settings = _abi.Settings(force_path=b"scalar")
    assert copy.tfapprox_settings_reload(ctypes.byref(settings), ctypes.byref(error)) == 0
    assert path_of(copy) == "scalar"


def test_a_change_of_the_environment_counts_from_the_next_call(monkeypatch):
    monkeypatch.setenv("TFAPPROX_FORCE_PATH", "one\x1b[31m\x7f")
    with pytest.raises(ValueError, match=r"received 'one\\x1b\[31m\\x7f'"):
        native.path()
    monkeypatch.setenv("TFAPPROX_FORCE_PATH", "scalar")
    assert native.path() == "scalar"
    monkeypatch.delenv("TFAPPROX_FORCE_PATH")
    native.reload_settings()
    name, error = ctypes.c_char_p(), _abi.Error()
    assert core().tfapprox_path(ctypes.byref(name), ctypes.byref(error)) == 0
    assert native.paths()[name.value.decode()] is None


def test_only_regular_files_are_tables(tmp_path):
    os.mkfifo(tmp_path / "fifo.bin")
    (tmp_path / "zero.bin").symlink_to("/dev/zero")
    (tmp_path / "folder.bin").mkdir()
    (tmp_path / "loop.bin").symlink_to("loop.bin")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.bin"))
    for name in ("fifo", "zero", "folder", "socket"):
        with pytest.raises(ValueError, match=r"must be a (regular|readable) file"):
            load_table(tmp_path / f"{name}.bin")
    with pytest.raises(FileNotFoundError, match="symbolic links"):
        load_table(tmp_path / "loop.bin")
    save_table(tmp_path / "t.bin", random_table(8, 0))
    (tmp_path / "link.bin").symlink_to("t.bin")
    np.testing.assert_array_equal(load_table(tmp_path / "link.bin"), random_table(8, 0))


def test_a_file_that_becomes_a_fifo(tmp_path):
    """A FIFO without a writer takes the place of the file again and again, also between two steps of a call."""
    program = """
        import os, signal, sys
        from tfapprox.common import load_table, save_table
        os.chdir(sys.argv[1])
        save_table("file", load_table("mul8u_exact"))
        os.mkfifo("fifo")
        os.symlink("file", "t.bin")
        swapper = os.fork()
        if swapper == 0:
            signal.alarm(80)  # also where the parent dies
        while swapper == 0:
            for kind in ("fifo", "file"):
                os.symlink(kind, "new")
                os.rename("new", "t.bin")
        loaded = refused = 0
        signal.alarm(70)
        while loaded < 500 or refused < 500:
            try:
                load_table("t.bin")
                loaded += 1
            except ValueError:
                refused += 1
        os.kill(swapper, signal.SIGKILL)
        print("ended")
    """
    assert run(program, tmp_path) == ["ended"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("mul8u_\x1b[31m\n", "mul8u_\\x1b[31m\\x0a"),
        ("/none/\x07\x9b2J.bin", "/none/\\x07\\xc2\\x9b2J.bin"),
        ("mul8s_é\t", "mul8s_é\\x09"),
    ],
)
def test_control_characters_of_names_are_escaped(name, shown):
    with pytest.raises(FileNotFoundError) as refused:
        load_table(name)
    assert f"received '{shown}'" in str(refused.value)
    assert str(refused.value).isprintable()
