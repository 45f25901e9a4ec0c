"""Attacks the readers of Python through the command line, with damaged files, sidecars and words.

Every command must end within seconds in exit code 0, 1 or 2, without a traceback, and print no control sequence of a
terminal. `nox -s fuzz` runs these tests, with TFAPPROX_FUZZ_EXAMPLES inputs for each.
"""

import contextlib
import io
import json
import os
import pathlib
import signal
import tempfile
from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tfapprox.__main__ import main
from tfapprox.common.reference import exact_table

ATTACK = settings(
    max_examples=int(os.environ.get("TFAPPROX_FUZZ_EXAMPLES", "100")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
SLOW_ATTACK = settings(ATTACK, max_examples=max(5, ATTACK.max_examples // 20))
CPU_SECONDS, SECONDS = 5, 60  # of a command: computing, and by the clock, for machines that do other work, too
HEADER = "/* MAE% = 0.02 %  MAE = 15  EP% = 17.19 %  WCE = 64\n   PDK45_PWR = 0.384 mW  PDK45_AREA = 711.0 um2 */\n"
CIRCUIT = HEADER + "unsigned mul4u_x(unsigned char a, unsigned char w) { return a * w; }\n"
TABLE = exact_table(4)
SIDECAR = {"bits": 4, "signed": False, "power_mW": 0.38, "published": {"MAE": 1.5, "EP%": 17.19}, "licence": "MIT"}


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


def run(*words, environment=None):
    """The exit code of a command. Whatever is wrong with how it ended fails the test."""
    output = io.StringIO()
    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch("sys.argv", ["tfapprox", *words]))
        stack.enter_context(mock.patch.dict(os.environ, environment or {}))
        stack.enter_context(contextlib.redirect_stdout(output))
        stack.enter_context(contextlib.redirect_stderr(output))
        end = stack.enter_context(pytest.raises(SystemExit))
        stack.enter_context(time_limit())
        main()
    code, text = end.value.code or 0, output.getvalue()
    assert code in (0, 1, 2), (code, text)
    assert "Traceback" not in text
    assert code == 0 or text.strip(), "a command that fails must say why"
    assert "\x1b" not in text
    return code


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


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


def numpy_header(draw):
    """A .npy file whose header is well formed but says anything."""
    dtype = draw(
        st.sampled_from(["<u2", ">i8", "<f8", "|b1", "<c16", "|O", "<U3", "<M8[s]", "|V4", "<u2,<i4", "?", "x"])
    )
    shape = draw(st.lists(st.sampled_from([0, 1, 16, 256, -1, 2**31, 2**62]), max_size=4))
    header = f"{{'descr': {dtype!r}, 'fortran_order': {draw(st.booleans())}, 'shape': {tuple(shape)!r}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + draw(st.binary(max_size=600))


NUMBERS = st.one_of(
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(["1_0", "٣", "+-1", "0x1F", "9" * 5000, "-", "1e400", "\x1b[31m", "NaN", "1.5 %", "∞"]),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("\x1b]0;x\x07"),
    lambda values: (
        st.lists(values, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.sampled_from(list(SIDECAR)), values, max_size=4)
    ),
    max_leaves=12,
)
TEXT = "\n".join(" ".join(map(str, row)) for row in TABLE)


@st.composite
def sources(draw):
    """Name and bytes of a source that is almost right, or not at all."""
    kind = draw(st.sampled_from(["npy", "header", "txt", "csv", "numbers", "bin", "any"]))
    if kind == "npy":
        return "x.npy", draw(damaged(npy(TABLE)))
    if kind == "header":
        return "x.npy", numpy_header(draw)
    if kind == "numbers":
        rows = draw(st.lists(st.lists(NUMBERS, max_size=5).map(" ".join), max_size=5))
        return "x.txt", "\n".join(rows).encode("utf-8", "surrogatepass")
    if kind in ("txt", "csv"):
        return f"x.{kind}", draw(damaged(TEXT.encode()))
    if kind == "bin":
        return "mul4s_x.bin", draw(damaged(TABLE.tobytes()) | st.binary(max_size=40))
    return "x" + draw(st.sampled_from(["", ".npy", ".txt", ".bin", ".json"])), draw(st.binary(max_size=300))


@contextlib.contextmanager
def files(contents):
    """A temporary folder with these files, given as bytes by name."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in contents.items():
            pathlib.Path(folder, name).write_bytes(content)
        yield folder


@ATTACK
@given(sources(), st.lists(st.sampled_from(["--signed", "--unsigned", "--swap", "--ascending", "--json"]), max_size=3))
def test_import_of_arrays(source, options):
    name, content = source
    with files({name: content}) as folder:
        run("multiplier", "import", f"{folder}/{name}", "--folder", folder, "--name", "mul4u_y", "--force", *options)


@SLOW_ATTACK  # each example runs a compiler
@given(damaged(CIRCUIT.encode()) | damaged(HEADER.encode()).map(lambda header: header + CIRCUIT.encode()))
def test_import_of_circuits(content):
    with files({"mul4u_x.c": content}) as folder:
        words = ["multiplier", "import", f"{folder}/mul4u_x.c", "--folder", folder, "--bits", "4", "--time-limit", "1"]
        run(*words)


@SLOW_ATTACK  # each example lists all multipliers
@given(JSON.map(json.dumps).map(str.encode) | damaged(json.dumps(SIDECAR).encode()), st.booleans(), st.booleans())
def test_sidecars(content, collection, as_json):
    name = "multipliers.json" if collection else "mul4u_x.json"
    with files({"mul4u_x.bin": TABLE.tobytes(), name: content}) as folder:
        options = ["--json"] if as_json else []
        environment = {"TFAPPROX_MULTIPLIER_PATH": folder}
        run("multiplier", "show", f"{folder}/mul4u_x.bin", *options)
        run("multiplier", "list", *options, environment=environment)


COMMANDS = ["list", "show", "check", "make", "tune"]
SPECIAL = [
    *["mul8u_1JFF", "mul8u_drum4", "mul8u_drum", "mul8s_", "mul99u_exact", "drum", "trunc", "bam", "k", "=", "k=3"],
    *["--json", "--bits", "--force", "--name", "--folder", "--set", "--", "-h", "-1", "9" * 400, "nan", "~", "..", "/"],
    *["/dev/null", "mul8u_drum4#fnv1a=0123456789abcdef", "#fnv1a=", "a/#fnv1a=/b"],
]
TEXTS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=12)
WORDS = TEXTS | st.sampled_from(SPECIAL)


@ATTACK
@given(st.sampled_from(COMMANDS), st.lists(WORDS, max_size=5))
def test_commands(command, words):
    with files({}) as folder, contextlib.ExitStack() as stack:
        stack.callback(os.chdir, os.getcwd())
        os.chdir(folder)
        run("multiplier", command, *words, environment={"XDG_DATA_HOME": folder})


def test_a_traceback_is_noticed():
    with mock.patch("tfapprox.common.multipliers.details", side_effect=RecursionError), pytest.raises(RecursionError):
        run("multiplier", "show", "mul8u_drum4")
