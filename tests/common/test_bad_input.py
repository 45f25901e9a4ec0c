"""Input that nobody writes on purpose: each command ends in one line, and nothing of a file reaches the terminal."""

import contextlib
import io
import json
import os
import random
import time

import circuits
import numpy as np
import pytest
from typer.testing import CliRunner

from tfapprox.command_line import app
from tfapprox.common import multipliers
from tfapprox.common.argument_error import ArgumentError
from tfapprox.common.multipliers import c_comments, c_source, checkout, headers, library_files
from tfapprox.terminal import printable

ESCAPE = "\x1b]0;title\x07\x1b[2J"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def npy(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def header(text):
    return b"\x93NUMPY\x01\x00v\x00" + text.encode().ljust(117) + b"\n"


FILES = [
    ("mul2u_n.npy", b"", "must be a .npy file of integers"),
    ("mul2u_n.npy", b"\x93NUMPY", "must be a .npy file of integers"),
    ("mul2u_n.npy", header("{'descr': '<i8', 'shape': ((((("), "must be a .npy file of integers"),
    ("mul2u_n.npy", header("'" * 100), "must be a .npy file of integers"),
    (
        "mul2u_n.npy",
        header("{'descr': '<i8', 'fortran_order': False, 'shape': (1" + "0" * 30 + ",)}"),
        "must be a .npy",
    ),
    ("mul2u_n.npy", header("{'descr': '<q9', 'fortran_order': 1, 'shape': 'x'}"), "must be a .npy file"),
    ("mul2u_n.npy", npy(np.array([{}], object), allow_pickle=True), "must be a .npy file of integers"),
    ("mul2u_n.npy", npy(np.zeros((4, 4))), "must be integers; received dtype float64"),
    ("mul2u_n.npy", b"PK\x03\x04" + bytes(100), "must be a .npy file of integers"),
    ("mul2u_n.npy", bytes((1 << 22) + 1), "must have at most 4,194,304 bytes"),
    ("mul2u_t.txt", b"1 2 3 99999999999999999999\n" * 4, "must hold integers of at most 18 digits; received '999"),
    ("mul2u_t.txt", b"1 2 3 " + b"9" * 5000, "must hold integers of at most 18 digits; received '999"),
    ("mul2u_t.txt", "1 2 3 \u0663\n".encode() * 4, "must hold integers; received"),
    ("mul2u_t.txt", b"1_0 2 3 4", "must hold integers; received '1_0'"),
    ("mul2u_t.txt", b"\x00", "must hold integers; received"),
    ("mul2u_h.c", b"// MAE = 1e999\nint mul2u_h(int a, int b) { return a * b; }", "must have a finite MAE"),
    ("mul2u_h.c", b"// EP% = " + b"9" * 5000 + b" %\nint f(int a, int b) { return a * b; }", "must have a finite EP%"),
    ("mul2u_p.py", b"raise SystemExit", "must be Python that runs"),
    ("mul2u_p.py", b"def f(a, b):\n    return 2**64 - 1\n", "must return integers that fit int64"),
    ("mul2u_p.py", b"def f(a, b):\n    return 2**70\n", "must return integers; received object"),
    ("x" * 210 + ".npy", npy(np.zeros((4, 4), int)), "--name must have at most 200 characters; received 'xxx"),
]


@pytest.mark.parametrize(("name", "content", "message"), FILES)
def test_files(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    result = CliRunner().invoke(app, ["multiplier", "import", name])
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 1
    assert result.output.startswith("error: ")
    assert message in result.output


COMMANDS = [
    ["import", "~nobody-has-this-name/x.c"],
    ["import", "x\0.c"],
    ["import", "\udcff.npy"],
    ["import", "/dev/zero"],
    ["import", "x" * 5000 + ".c"],
    ["show", "~nobody-has-this-name/x.bin"],
    ["show", "x\0"],
    ["show", "\udcff.bin"],
    ["show", "x" * 5000 + ".bin"],
    ["show", "/dev/null"],
    ["make", "drum", "k=" + "9" * 5000],
    ["make", "drum", "k=--4"],
    ["make", "drum", "k=\u00b2"],
    ["make", "drum", "k=4", "--name", "x" * 300],
    ["make", "drum", "k=4", "--folder", "/dev/null/x"],
    ["make", "exact", "--bits", "9" * 30],
    ["plot", "mul8u_drum4", "-o", "/dev/null"],
    ["plot", "mul8u_drum4", "--format", "gif"],
    ["tune", "mul8s_exact"],
    ["check", "mul8u_drum4", "--operation", ESCAPE],
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: " ".join(arguments)[:30].encode("unicode_escape"))
def test_commands(arguments):
    result = CliRunner().invoke(app, ["multiplier", *arguments])
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code in (1, 2)
    assert "error: " in result.output
    assert "\x1b]" not in result.output


@pytest.mark.parametrize("option", ["--power", "--area", "--delay"])
@pytest.mark.parametrize("value", ["nan", "inf"])
def test_figures(tmp_path, option, value):
    (tmp_path / "mul2u_X.txt").write_text("0 0 0 0\n0 1 2 3\n0 2 4 6\n0 3 6 9\n")
    result = CliRunner().invoke(app, ["multiplier", "import", "mul2u_X.txt", option, value])
    assert result.exit_code == 1
    assert f"error: {option} must be a finite number; received {value}" in result.output


def mutated(content, random_numbers):
    """Bytes with a few changes of the kinds that files suffer."""
    content = bytearray(content)
    for _ in range(random_numbers.choice((1, 1, 2, 5))):
        place = random_numbers.randrange(len(content) + 1)
        parts = [b"NaN", b"1e999", b"[" * 3000, b"9" * 5000, b"\0", b"\xff", b"null", b"((((", b"'", b'"', b"/*", b"{"]
        change = random_numbers.randrange(4)
        if change == 0:
            content[place:place] = random_numbers.choice(parts)
        elif change == 1:
            del content[place : place + random_numbers.randrange(1, 20)]
        elif change == 2:
            content[place:place] = content[place : place + 40] * 3
        elif place < len(content):
            content[place] ^= 1 << random_numbers.randrange(8)
    return bytes(content)


def test_mutations(tmp_path):
    """Readers raise what a command prints as one line, and what they return can be written as JSON."""
    seed = int.from_bytes(os.urandom(4), "little")
    print(f"seed {seed}")
    numbers = random.Random(seed)
    table = multipliers.make("drum", "mul8u_A", folder=tmp_path, k=4).path
    known = table.with_suffix(".json").read_bytes()
    text = b"0 0 0 0\n0 1 2 3\n0 2 4 6\n0 3 6 9\n"
    written = []
    for _ in range(300):
        table.with_suffix(".json").write_bytes(mutated(known, numbers))
        (tmp_path / "x.npy").write_bytes(mutated(npy(np.outer(range(4), range(4))), numbers))
        (tmp_path / "x.txt").write_bytes(mutated(text, numbers))
        code = mutated((circuits.EVEN + circuits.OLD).encode(), numbers).decode(errors="replace")
        for read in (
            lambda: multipliers.load(table).sidecar,
            lambda: multipliers.import_multiplier("x.npy", "mul2u_X", folder=tmp_path / "o", force=True).sidecar,
            lambda: multipliers.import_multiplier("x.txt", "mul2u_X", folder=tmp_path / "o", force=True).sidecar,
            lambda code=code: headers.read(code),
            lambda code=code: list(c_source.headings(code)),
        ):
            with contextlib.suppress(ValueError, OSError):
                written.append(read())
        for what in written:
            json.dumps(what, allow_nan=False)
        written.clear()


def test_escapes_of_a_file_are_not_printed(tmp_path, monkeypatch):
    path = multipliers.make("drum", "mul8u_A", folder=tmp_path, k=4).path
    path.with_suffix(".json").write_text(json.dumps({"licence": ESCAPE, "source": ESCAPE}))
    result = CliRunner().invoke(app, ["multiplier", "show", str(path)])
    assert "licence: \\x1b]0;title\\x07\\x1b[2J" in result.output
    assert "\x1b" not in result.output
    folder = tmp_path / f"folder{ESCAPE.replace('/', '')}"
    multipliers.make("drum", "mul8u_B", folder=folder, k=4)
    (folder / "mul8u_C.bin").write_bytes(b"")
    monkeypatch.setenv("TFAPPROX_MULTIPLIER_PATH", str(folder))
    for arguments in (["list"], ["list", "--json"], ["check", "mul8u_B", "--operation", "core"], ["show", "mul8u_C"]):
        output = CliRunner().invoke(app, ["multiplier", *arguments]).output
        assert "x1b" in output or "u001b" in output
        assert "\x1b" not in output


def test_printable():
    assert printable("two\nlines\t\u00e9") == "two\nlines\t\u00e9"
    assert printable("\x1b[31m\x9b\x7f\r\udcff\u202e") == r"\x1b[31m\x9b\x7f\r\udcff\u202e"


LONG = 200_000
SOURCES = {
    "words": "int " + "a " * LONG + ";\nint f(int a, int b) {}",
    "one word": "a" * LONG + "*",
    "brackets": "(" * LONG + ")" * LONG + "{}",
    "parameters": "int f(" + "int a, " * LONG + ") {}",
    "open comments": "/*" * LONG,
    "open texts": "\"'" * LONG,
    "escaped quotes": '"' + '\\"' * LONG,
    "licence": "// distributed under the x" + " " * LONG + "y\n",
    "licences": "// distributed under the " * (LONG // 10),
    "articles": "// cite the following article:" + " " * LONG + "\n" * LONG,
    "numbers": "// MAE = " + "1" * LONG + "x PDK45_PWR = " + "1" * LONG + " " * LONG + "x",
    "spaces": "// PDK45_PWR" + " " * LONG + "MAE" + " " * LONG + "EP%" + " " * LONG,
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_parsers_are_linear(source):
    """200,000 repetitions take less than a second or two; a quadratic parser takes hours."""
    start = time.process_time()
    with contextlib.suppress(ArgumentError):  # a figure that is not finite is refused
        headers.read(source)
    c_comments.split(source)
    list(c_source.headings(c_source._top_level(source)))
    assert time.process_time() - start < 5


def test_comments_and_code():
    source = 'int a; // one "\nchar* b = "/* no */ \\" //"; char c = \'"\'; /* two\n*/ int d; // "three"'
    parts = c_comments.split(source)
    assert parts.comments == '// one "\n/* two\n*/\n// "three"'
    assert parts.code == 'int a; \nchar* b = "/* no */ \\" //"; char c = \'"\';  int d; '


def test_the_readers_that_share_comments(tmp_path):
    folder = tmp_path / "checkout"
    (folder / "again").mkdir(parents=True)
    code = 'const char* where = "http://x"; int mul2u_X(int a, int b) { return a * b; }'
    (folder / "mul2u_X.c").write_text(f"// MAE = 0\n{code}")
    (folder / "again" / "mul2u_X.c").write_text(f"/* MAE = 0 */\n{code}")
    outcomes = checkout.import_checkout(library_files.circuits(folder), folder=tmp_path / "tables")
    assert sorted(outcome.status for outcome in outcomes) == ["imported", "same"]
