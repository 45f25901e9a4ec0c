"""Arrays, files and Python functions become multipliers; names, sidecars, and the text of each error."""

import hashlib
import json

import circuits
import numpy as np
import pytest

from cases import random_table
from tfapprox.common import load_table, multipliers, native
from tfapprox.common.metrics import operands
from tfapprox.common.multipliers import arrays, headers, mistakes, sidecar
from tfapprox.common.reference import exact_table

A, W = np.mgrid[0:256, 0:256]
PRODUCTS = (A & ~1) * W
SIGNED = exact_table(8, signed=True) & ~1


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The user's folder, which does not exist yet."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "tfapprox" / "multipliers"


def test_what_is_imported_is_found_by_name(home):
    assert multipliers.user_folder() == home
    made = multipliers.import_products(PRODUCTS, "mul8u_EVEN", {"source": "a test", "power_mW": 0.25})
    assert made.path == home / "mul8u_EVEN.bin"
    np.testing.assert_array_equal(load_table("mul8u_EVEN"), PRODUCTS)
    assert "mul8u_EVEN" in multipliers.loadable_names()
    assert multipliers.load("mul8u_EVEN").sidecar == made.sidecar
    assert json.loads((home / "mul8u_EVEN.json").read_text()) == {
        "bits": 8,
        "signed": False,
        "source": "a test",
        "power_mW": 0.25,
        "area_um2": None,
        "delay_ns": None,
        "published": None,
        "licence": None,
        "sha256": hashlib.sha256((home / "mul8u_EVEN.bin").read_bytes()).hexdigest(),
    }
    assert sorted(path.name for path in home.iterdir()) == ["mul8u_EVEN.bin", "mul8u_EVEN.json"]


def test_the_users_folder_comes_last(home, tmp_path, monkeypatch):
    other = tmp_path / "other"
    multipliers.import_products(PRODUCTS, "mul8u_X")
    multipliers.import_products(A * (W & ~1), "mul8u_X", folder=other)
    np.testing.assert_array_equal(load_table("mul8u_X"), PRODUCTS)
    monkeypatch.setenv("TFAPPROX_MULTIPLIER_PATH", f"{other}:")
    assert multipliers.search_path() == [other, home]
    np.testing.assert_array_equal(load_table("mul8u_X"), A * (W & ~1))
    assert multipliers.load("mul8u_X").hidden == [home / "mul8u_X.bin"]


def test_the_users_folder_by_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for data in ("relative", ""):
        monkeypatch.setenv("XDG_DATA_HOME", data)
        assert multipliers.user_folder() == tmp_path / ".local" / "share" / "tfapprox" / "multipliers"
    with pytest.raises(FileNotFoundError, match=f"user's folder {tmp_path}/.local/share/tfapprox/multipliers$"):
        load_table("mul8u_NONE")
    monkeypatch.delenv("HOME")
    assert multipliers.search_path() == []
    with pytest.raises(
        FileNotFoundError, match="HOME or XDG_DATA_HOME must be set, or a folder named; received neither"
    ):
        multipliers.user_folder()
    with pytest.raises(FileNotFoundError, match=r"TFAPPROX_MULTIPLIER_PATH=\(not set\), user's folder \(no HOME\)$"):
        load_table("mul8u_NONE")


def test_signed_products_get_a_signed_name(home, tmp_path):
    assert multipliers.import_products(SIGNED, "mul8s_X").table.signed
    np.save(str(tmp_path / "mine.npy"), SIGNED)
    made = multipliers.import_multiplier(tmp_path / "mine.npy", signed=True)
    assert made.name == "mul8s_mine"
    assert made.path.read_bytes() == SIGNED.astype("<i2").tobytes()
    np.testing.assert_array_equal(multipliers.load("mul8s_mine").table, SIGNED)
    assert made.sidecar["signed"] is True


def test_ascending_rows_of_signed_operands(home):
    values = np.arange(-128, 128)
    made = multipliers.import_products(np.multiply.outer(values & ~1, values), "mul8s_X", ascending=True)
    codes = operands(8, signed=True)
    np.testing.assert_array_equal(made.table, np.multiply.outer(codes & ~1, codes))


def test_swap(home):
    np.testing.assert_array_equal(multipliers.import_products(PRODUCTS, "mul8u_X", swap=True).table, PRODUCTS.T)


def test_force(home):
    multipliers.import_products(PRODUCTS, "mul8u_X")
    with pytest.raises(
        FileExistsError, match=rf"name must be new in {home}; received 'mul8u_X', .*; force=True replaces"
    ):
        multipliers.import_products(A * W, "mul8u_X")
    assert (multipliers.load("mul8u_X").table.entries == PRODUCTS).all()
    multipliers.import_products(A * W, "mul8u_X", force=True)
    np.testing.assert_array_equal(load_table("mul8u_X"), A * W)


def written(kind, path, table):
    """Writes a table as a file of a kind, and returns its path."""
    if kind == ".npy":
        np.save(str(path), table)
    elif kind == ".bin":
        table.astype("<u2").tofile(str(path))
    else:
        separator = {".txt": " ", ".csv": ", "}[kind]
        lines = [separator.join(map(str, row)) for row in table.tolist()]
        path.write_text("# activation down, weight to the right\n" + "\n".join(lines) + "\n\n")
    return path


@pytest.mark.parametrize("kind", [".npy", ".txt", ".csv", ".bin"])
@pytest.mark.parametrize("bits", [8, 3])
def test_files(home, tmp_path, kind, bits):
    table = random_table(bits, seed=1)
    path = written(kind, tmp_path / f"mine{kind}", table)
    made = multipliers.import_multiplier(path)
    assert (made.name, made.num_bits) == ("mine", bits)
    assert made.sidecar["source"] == f"mine{kind}"
    np.testing.assert_array_equal(load_table("mine", bits), table)


@pytest.mark.parametrize(("kind", "signed"), [("<i2", True), ("<i4", True), ("<i4", False)])
def test_raw_files_of_other_kinds(home, tmp_path, kind, signed):
    name, products = ("mul8s_X", SIGNED) if signed else ("mul8u_X", PRODUCTS)
    products.astype(kind).tofile(str(tmp_path / f"{name}.bin"))
    np.testing.assert_array_equal(multipliers.import_multiplier(tmp_path / f"{name}.bin").table, products)


WRONG_FILES = [
    ("x.txt", "1 2\n3 4 5\n", r"lines of the same length; received 2 numbers and, in .*x\.txt, line 2, 3"),
    ("x.txt", "1 2\n3 x\n", r"must hold integers; received 'x' in .*x\.txt, line 2"),
    ("x.csv", "1.5, 2\n", r"must hold integers; received '1\.5' in .*x\.csv, line 1"),
    ("x.txt", "# nothing\n", r"source must have numbers; received '.*x\.txt', which has none"),
    ("x.txt", "1 2 3\n4 5 6\n", r"received 2x3"),
    ("mul8s_x.txt", "1 2 3 4\n" * 4, r"products must be 256x256; received 4x4"),
    ("x.bin", "123", r"\(131072 or 262144 bytes for 8\); received '.*x\.bin' with 3 bytes"),
    ("x.npy", "123", r"must be a \.npy file of integers; received '.*x\.npy': "),
    ("x.pdf", "123", r"must be a folder or a file of the kind \.c, \.h, \.py, \.npy, .*; received '.*x\.pdf'"),
]


@pytest.mark.parametrize(("name", "content", "message"), WRONG_FILES)
def test_wrong_files(home, tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=message):
        multipliers.import_multiplier(tmp_path / name)
    assert not home.exists()


def test_missing_files(tmp_path):
    for kind in (".npy", ".txt", ".bin", ".c"):
        with pytest.raises(FileNotFoundError, match="none"):
            multipliers.import_multiplier(tmp_path / f"none{kind}")
    with pytest.raises(IsADirectoryError):
        multipliers.import_multiplier((tmp_path / "folder.bin").mkdir() or tmp_path / "folder.bin")


WRONG_PRODUCTS = [
    ("mul8u_X", np.zeros((256, 255), int), {}, r"received 256x255"),
    ("mul8u_X", np.zeros(65536, int), {}, r"received 65536"),
    ("mul8u_X", np.int64(3), {}, r"received a single number"),
    ("mul8u_X", np.zeros((256, 256)), {}, r"products must be integers; received dtype float64"),
    ("mul8u_X", PRODUCTS + 1000, {}, r"must be from 0 to 65535; received \d+ \* \d+ = 65\d\d\d, and \d+ more"),
    ("mul8u_X", SIGNED, {}, r"received 1 \* 128 = -128, and \d+ more; signed=True is for signed operands"),
    ("mul8s_X", PRODUCTS, {}, r"products of signed operands must be from -32768 to 32767; received"),
    ("mul8s_X", PRODUCTS.astype(np.uint16).view(np.int16), {}, r"must be those of signed operands, as name and options "
     r"say; received products that are far nearer to unsigned operands: MAE \d+.* instead of \d+"),
    ("mul8u_X", SIGNED.astype(np.uint16), {}, r"must be those of unsigned operands, as name and options say; received "
     r"products that are far nearer to signed operands: MAE"),
    ("mul8s_X", arrays.from_ascending(SIGNED), {}, r"far nearer to signed operands from -128 to 127 in this order: "
     r"MAE 0\.\d+ instead of \d+; ascending=True puts them in the order of the codes"),
    ("mul8s_X", PRODUCTS, {"signed": False}, r"name of a multiplier with unsigned operands must not begin with "
     r"mul8s_; received 'mul8s_X'"),
    ("mul8u_X", SIGNED, {"signed": True}, r"name of a multiplier with signed operands must begin with mul8s_; "
     r"received 'mul8u_X'"),
    ("mul7s_X", exact_table(7), {}, r"products must be 256x256; received 128x128"),
    ("mul7s_X", exact_table(7), {"signed": False}, r"must not begin with mul8s_; received 'mul7s_X'"),
    ("mul7u_X", PRODUCTS, {}, r"must say the width of the table, 8 bits; received 'mul7u_X'"),
    ("mul8u_drum4", PRODUCTS, {}, r"must not be that of another built-in multiplier; received 'mul8u_drum4'"),
    ("a/b", PRODUCTS, {}, r"name must be letters, digits and .*; received 'a/b'"),
    ("", PRODUCTS, {}, r"received ''"),
    ("x.bin", PRODUCTS, {}, r"without \.bin at its end; received 'x\.bin'"),
    ("x#fnv1a=0123456789abcdef", PRODUCTS, {}, r"name must be letters"),
    ("mul8u_X", PRODUCTS, {"ascending": True}, r"ascending is for signed operands; received unsigned ones"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "products", "options", "message"), WRONG_PRODUCTS)
def test_wrong_products(home, name, products, options, message):
    with pytest.raises(ValueError, match=message):
        multipliers.import_products(products, name, **options)
    assert not home.exists()


def test_no_table_of_the_library_is_taken_for_another_kind(shared_data, home):
    for path in sorted((shared_data / "multipliers").glob("*.bin")):
        multiplier = multipliers.load(path)
        mistakes.check(multiplier.table)


def test_the_products_of_a_built_in_multiplier_may_have_its_name(home):
    multipliers.import_products(A * W, "mul8u_1JFF", {"power_mW": 0.391})
    known = multipliers.load("mul8u_1JFF")
    assert known.path is None
    assert known.sidecar["power_mW"] == 0.391  # EvoApproxLib's figure for the circuit that is built in


def test_callables(home):
    def mul8s_odd(a, w):
        return (a | 1) * w

    values = operands(8, signed=True)
    expected = np.multiply.outer(values | 1, values)
    np.testing.assert_array_equal(multipliers.import_callable(mul8s_odd).table, expected)
    made = multipliers.import_callable(mul8s_odd, "mul8s_other", arrays_at_once=True)
    np.testing.assert_array_equal(made.table, expected)
    assert made.sidecar["source"] == "Python function mul8s_odd"
    assert multipliers.import_callable(mul8s_odd, "mul5u_X", num_bits=5).table.entries.shape == (32, 32)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            lambda a, w: a // w,
            r"must return a product for every pair; received ZeroDivisionError for <lambda>\(0, 0\): ",
        ),
        (lambda a: a, r"received TypeError for <lambda>\(0, 0\): "),
        (lambda a, w: a * w / 2, r"must return integers; received float64 \(0\.0\)"),
        (lambda a, w: None, r"must return integers; received object \(None\)"),
        (lambda a, w: -a * w, r"received 1 \* 1 = -1"),
    ],
)
def test_wrong_callables(home, function, message):
    with pytest.raises(ValueError, match=message):
        multipliers.import_callable(function, "mul8u_X")
    assert not home.exists()


def test_python_files(home, tmp_path):
    path = tmp_path / "circuit.py"
    path.write_text("from math import floor, gcd\ndef _own(a, b): return 0\ndef mul8u_PY(a, b): return a * (b & 254)\n")
    made = multipliers.import_multiplier(path)
    np.testing.assert_array_equal(made.table, A * (W & 254))
    assert (made.name, made.sidecar["source"]) == ("mul8u_PY", "circuit.py, function mul8u_PY")
    assert multipliers.import_multiplier(path, "mul8u_GCD", function="gcd").table.entries[12, 18] == 6


@pytest.mark.parametrize(
    ("code", "function", "message"),
    [
        ("x = 1 / 0", None, r"must be Python that runs; received .*c\.py: ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", None, r"must be Python that runs; received .*c\.py: SystemExit: 3"),
        ("def f(a: ", None, r"must be Python that runs; received .*: SyntaxError"),
        ("def f(a): pass", None, r"must define one function of two parameters; received .*c\.py with none"),
        ("def f(a, b): pass\ndef g(a, b): pass", None, r"received .*c\.py with f, g; function chooses one"),
        ("def f(a, b): pass", "g", r"function must be one of .*c\.py; received 'g', and there: f"),
    ],
)
def test_wrong_python_files(home, tmp_path, code, function, message):
    (tmp_path / "c.py").write_text(code)
    with pytest.raises(ValueError, match=message):
        multipliers.import_multiplier(tmp_path / "c.py", function=function)


def test_headers_of_both_generations():
    assert headers.read(circuits.EVEN) == {
        "power_mW": 0.3,
        "area_um2": 500.5,
        "delay_ns": 1.4,
        "published": {"MAE": 63.75, "WCE": 255, "EP%": 49.8, "MRE%": 2.37},
    }
    assert headers.read(circuits.OLD) == {
        "power_mW": 0.2183,
        "area_um2": 508,
        "delay_ns": 0.89,
        "licence": 'MIT License; cite A. Author, "A title", 2017',
        "published": {"MAE": 127.5, "EP%": 49.8, "MRE%": 5.5},
    }
    assert headers.read("// SPDX-License-Identifier: CC0-1.0\nint x; // WCE% = 5\n")["licence"] == "CC0-1.0"
    assert headers.read("int MAE = 3; // nothing") == {}
    assert headers.read("// MAE% = 1.5 %\n// WCRE% = 4 %\n// MSE = 15608.397e3")["published"] == {"MSE": 15608397}


def test_broken_sidecars(home):
    made = multipliers.import_products(PRODUCTS, "mul8u_X")
    sidecar_path = made.path.with_suffix(".json")
    for text, message in (
        ("{", "must be JSON that describes a multiplier"),
        ("[1]", "must be a JSON object; received list"),
    ):
        sidecar_path.write_text(text)
        with pytest.raises(ValueError, match=rf"mul8u_X\.json {message}"):
            multipliers.load("mul8u_X")
    np.testing.assert_array_equal(native.load_table("mul8u_X"), PRODUCTS)


@pytest.mark.parametrize(
    ("measured", "published", "expected"),
    [
        (0.625, 0.62, True),
        (0.6251, 0.62, False),
        (24.53, 25.0, True),
        (24.4, 25.0, False),
        (1e7 + 0.4, 1e7, True),
        (3e-5, 3.1e-5, False),
    ],
)
def test_printed_digits(measured, published, expected):
    assert sidecar.agrees(measured, published) is expected
