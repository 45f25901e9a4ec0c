"""Attacks the readers of Python through the command line, with damaged files, sidecars and words.

Every command must end within seconds in exit code 0, 1 or 2, without a traceback, and print no control sequence of a
terminal. `nox -s fuzz` runs the tests of this folder, with TFAPPROX_FUZZ_EXAMPLES inputs for each.
"""

import contextlib
import json
import os
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attacks import ATTACK, JSON, SLOW_ATTACK, damaged, files, npy, numpy_headers, run
from tfapprox import backends, operations
from tfapprox.common.reference import exact_table

HEADER = "/* MAE% = 0.02 %  MAE = 15  EP% = 17.19 %  WCE = 64\n   PDK45_PWR = 0.384 mW  PDK45_AREA = 711.0 um2 */\n"
CIRCUIT = HEADER + "unsigned mul4u_x(unsigned char a, unsigned char w) { return a * w; }\n"
TABLE = exact_table(4)
SIDECAR = {"bits": 4, "signed": False, "power_mW": 0.38, "published": {"MAE": 1.5, "EP%": 17.19}, "licence": "MIT"}


NUMBERS = st.one_of(
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(["1_0", "٣", "+-1", "0x1F", "9" * 5000, "-", "1e400", "\x1b[31m", "NaN", "1.5 %", "∞"]),
)
TEXT = "\n".join(" ".join(map(str, row)) for row in TABLE)


@st.composite
def sources(draw):
    """Name and bytes of a source that is almost right, or not at all."""
    kind = draw(st.sampled_from(["npy", "header", "txt", "csv", "numbers", "bin", "any"]))
    if kind == "npy":
        return "x.npy", draw(damaged(npy(TABLE)))
    if kind == "header":
        return "x.npy", draw(numpy_headers())
    if kind == "numbers":
        rows = draw(st.lists(st.lists(NUMBERS, max_size=5).map(" ".join), max_size=5))
        return "x.txt", "\n".join(rows).encode("utf-8", "surrogatepass")
    if kind in ("txt", "csv"):
        return f"x.{kind}", draw(damaged(TEXT.encode()))
    if kind == "bin":
        return "mul4s_x.bin", draw(damaged(TABLE.tobytes()) | st.binary(max_size=40))
    return "x" + draw(st.sampled_from(["", ".npy", ".txt", ".bin", ".json"])), draw(st.binary(max_size=300))


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


COMMANDS = ["list", "show", "check", "make", "tune", "identify", "export"]
SPECIAL = [
    *["mul8u_1JFF", "mul8u_drum4", "mul8u_drum", "mul8s_", "mul99u_exact", "drum", "trunc", "bam", "k", "=", "k=3"],
    *[
        "--json",
        "--bits",
        "--force",
        "--name",
        "--folder",
        "--set",
        "--format",
        "verilog",
        "-o",
        "--",
        "-h",
        "-1",
        "9" * 400,
        "nan",
        "~",
        "..",
        "/",
    ],
    *["/dev/null", "mul8u_drum4#fnv1a=0123456789abcdef", "#fnv1a=", "a/#fnv1a=/b"],
]
TEXTS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=12)
WORDS = TEXTS | st.sampled_from(SPECIAL)


@ATTACK
@given(st.sampled_from(COMMANDS), st.lists(WORDS, max_size=5))
def test_commands(command, words):
    core = [operation for operation in backends.OPERATIONS if operation.room == "core"]  # TensorFlow takes seconds
    with files({}) as folder, contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.object(operations, "OPERATIONS", core))
        stack.callback(os.chdir, os.getcwd())
        os.chdir(folder)
        run("multiplier", command, *words, environment={"XDG_DATA_HOME": folder})


def test_a_traceback_is_noticed():
    with mock.patch("tfapprox.common.multipliers.load_details", side_effect=RecursionError), pytest.raises(
        RecursionError
    ):
        run("multiplier", "show", "mul8u_drum4")
