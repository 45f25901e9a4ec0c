"""What the attacks of tests/fuzz share: commands with limits of time, damaged content, and files for them."""

import contextlib
import io
import os
import pathlib
import re
import signal
import tempfile
from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tfapprox.__main__ import main

ATTACK = settings(
    max_examples=int(os.environ.get("TFAPPROX_FUZZ_EXAMPLES", "100")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
SLOW_ATTACK = settings(ATTACK, max_examples=max(5, ATTACK.max_examples // 20))
CPU_SECONDS, SECONDS = 5, 60  # limits of a command: processor time, and time by the clock
NUMBERS = ["0", "1", "-1", "2", "17", "65536", "65537", "99999999", "4294967296", "9" * 30]
KEYS = ["bits", "signed", "power_mW", "published", "licence", "sha256"]  # keys of descriptions
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("\x1b]0;x\x07"),
    lambda values: (
        st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=5) | st.sampled_from(KEYS), values, max_size=4)
    ),
    max_leaves=12,
)


class Hang(BaseException):
    """A command ran for longer than its limit."""


def stop(*_):
    raise Hang(f"the command computed for {CPU_SECONDS} s, or ran for {SECONDS} s")


@contextlib.contextmanager
def time_limit():
    """Raises `Hang` in a block that runs for too long."""
    timers = {signal.SIGPROF: (signal.ITIMER_PROF, CPU_SECONDS), signal.SIGALRM: (signal.ITIMER_REAL, SECONDS)}
    previous = {number: signal.signal(number, stop) for number in timers}
    for timer, seconds in timers.values():
        signal.setitimer(timer, seconds)
    try:
        yield
    finally:
        for number, (timer, _) in timers.items():
            signal.setitimer(timer, 0)
            signal.signal(number, previous[number])


def run(*words, environment=None, program=main):
    """The exit code of a command of `program`. Whatever is wrong with how it ended fails the test."""
    output = io.StringIO()
    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch("sys.argv", ["tfapprox", *words]))
        stack.enter_context(mock.patch.dict(os.environ, environment or {}))
        stack.enter_context(contextlib.redirect_stdout(output))
        stack.enter_context(contextlib.redirect_stderr(output))
        end = stack.enter_context(pytest.raises(SystemExit))
        stack.enter_context(time_limit())
        program()
    code, text = end.value.code or 0, output.getvalue()
    assert code in (0, 1, 2), (code, text)
    assert "Traceback" not in text
    assert code == 0 or text.strip(), "a command that fails must say why"
    assert "\x1b" not in text
    return code


def npy(array):
    """The bytes of a .npy file."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@st.composite
def numpy_headers(draw):
    """A .npy file whose header is well formed but says anything."""
    dtype = draw(
        st.sampled_from(["<u2", ">i8", "<f8", "|b1", "<c16", "|O", "<U3", "<M8[s]", "|V4", "<u2,<i4", "?", "x"])
    )
    shape = draw(st.lists(st.sampled_from([0, 1, 16, 256, -1, 2**31, 2**62]), max_size=4))
    header = f"{{'descr': {dtype!r}, 'fortran_order': {draw(st.booleans())}, 'shape': {tuple(shape)!r}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + draw(st.binary(max_size=600))


@st.composite
def damaged(draw, content):
    """The bytes of `content` after some bytes were replaced, inserted, removed or repeated."""
    content = bytearray(content)
    for _ in range(draw(st.integers(1, 6))):
        # Most damage is at the start, where the headers are.
        limit = draw(st.sampled_from([16, 128, len(content)]))
        start = draw(st.integers(0, min(limit, len(content))))
        end = min(len(content), start + draw(st.integers(0, 12)))
        kind = draw(st.sampled_from(["replace", "insert", "remove", "repeat"]))
        new = draw(st.binary(min_size=1, max_size=8))
        if kind == "repeat":
            new = bytes(content[start:end]) * draw(st.integers(2, 50))
        content[start : start if kind == "insert" else end] = b"" if kind == "remove" else new
    return bytes(content)


@st.composite
def reworded(draw, content):
    """The bytes of a text after some of its words and signs were replaced by other ones, removed or repeated."""
    words = re.findall(r"\w+|\s+|.", content)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(words) - 1))
        other = draw(st.sampled_from(words) | st.sampled_from(NUMBERS))
        words[place : place + draw(st.integers(0, 3))] = draw(st.sampled_from([[], [other], [other] * 3]))
        words = words or [" "]
    return "".join(words).encode()


@contextlib.contextmanager
def files(contents):
    """A temporary folder with these files, given as bytes by name."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in contents.items():
            pathlib.Path(folder, name).write_bytes(content)
        yield folder
