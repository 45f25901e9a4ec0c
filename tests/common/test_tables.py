"""Truth tables: files, names, the search path, and the text of each error."""

import os
import pathlib
import re
import resource

import numpy as np
import pytest

from cases import assert_same_in_threads, random_table
from tfapprox.common import TruthTable, load_table, load_truth_table, native, pin_table, save_table, tables
from tfapprox.common.reference import exact_table


@pytest.mark.parametrize("num_bits", range(2, 9))
def test_round_trip(tmp_path, num_bits):
    table = random_table(num_bits, seed=num_bits)
    save_table(tmp_path / "t.bin", table)
    assert (tmp_path / "t.bin").stat().st_size == 2 * 4**num_bits
    np.testing.assert_array_equal(load_table(str(tmp_path / "t.bin"), num_bits), table)
    np.testing.assert_array_equal(load_table("", num_bits), exact_table(num_bits))


def test_a_truth_table_by_name_or_path(tmp_path, monkeypatch):
    made = TruthTable(random_table(8, 1, signed=True))
    save_table(tmp_path / "mul8s_MINE.bin", made)
    monkeypatch.setenv("TFAPPROX_MULTIPLIER_PATH", str(tmp_path))
    path = tmp_path / "mul8s_MINE.bin"
    for name in ("mul8s_MINE", path, str(path), bytes(path), pin_table(path), pin_table("mul8s_MINE")):
        loaded = load_truth_table(name)
        assert (loaded, loaded.name, loaded.signed) == (made, "mul8s_MINE", True)
    assert path.read_bytes() == made.to_bytes()
    assert load_truth_table("", 3) == TruthTable.exact(3)
    assert load_truth_table("", 3).name == "mul3u_exact"


@pytest.mark.parametrize(("name", "signed", "rule"), [("mul8u_A", True, "begin"), ("mul8s_A", False, "not begin")])
def test_a_truth_table_is_not_saved_under_a_name_of_the_other_sign(tmp_path, name, signed, rule):
    table = TruthTable(np.zeros((256, 256), int), signed=signed)
    with pytest.raises(ValueError, match=f"^path must {rule} with mul8s_ for an? (un)?signed table; received '{name}'"):
        save_table(tmp_path / name, table)
    assert not (tmp_path / name).exists()


def test_file_is_little_endian_with_the_activation_first(tmp_path):
    table = np.zeros((256, 256), np.uint16)
    table[3, 5] = 0x1234
    save_table(tmp_path / "t.bin", table)
    content = (tmp_path / "t.bin").read_bytes()
    assert content[2 * (3 * 256 + 5) :][:2] == b"\x34\x12"


def test_search_path(tmp_path, monkeypatch):
    first, second = tmp_path / "a", tmp_path / "b"
    for folder, seed in [(first, 1), (second, 2)]:
        folder.mkdir()
        save_table(folder / "mul8u_MINE.bin", random_table(8, seed))
        save_table(folder / "mul8u_1JFF.bin", random_table(8, seed))
    monkeypatch.setenv("TFAPPROX_MULTIPLIER_PATH", f":{tmp_path / 'none'}:{first}:{second}")
    np.testing.assert_array_equal(load_table("mul8u_MINE"), random_table(8, 1))
    np.testing.assert_array_equal(load_table("mul8u_1JFF"), exact_table(8))  # built-in names come first


def test_a_path_object_is_never_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_table("mul8u_exact", random_table(8, 1))
    np.testing.assert_array_equal(load_table(pathlib.Path("mul8u_exact")), random_table(8, 1))


@pytest.mark.parametrize(
    ("content", "num_bits", "message"),
    [
        (b"", 8, r"must hold 131072 bytes for num_bits=8 .* with 0 bytes"),
        (b"x" * 131071, 8, r"must hold 131072 bytes .* with 131071 bytes"),
        (b"x" * 131073, 8, r"must hold 131072 bytes .* with 131073 bytes"),
        (b"x" * 512, 8, r"must hold 131072 bytes .* with 512 bytes \(the size of a table for num_bits=4\)"),
        (b"x" * 131072, 4, r"must hold 512 bytes .* with 131072 bytes \(the size of a table for num_bits=8\)"),
    ],
)
def test_wrong_size(tmp_path, content, num_bits, message):
    (tmp_path / "t.bin").write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        load_table(tmp_path / "t.bin", num_bits)
    assert str(tmp_path / "t.bin") in str(caught.value)


def test_directory(tmp_path):
    with pytest.raises(ValueError, match=r"must be a regular file; received '.*', which is a directory"):
        load_table(tmp_path)


def test_a_signed_table_is_signed_by_its_name(tmp_path, monkeypatch):
    table = np.zeros((256, 256), np.int16)
    table[-3, 5] = -2
    path = tmp_path / "mul8s_MINE.bin"
    save_table(path, table)
    assert path.read_bytes()[2 * (253 * 256 + 5) :][:2] == b"\xfe\xff"
    monkeypatch.setenv("TFAPPROX_MULTIPLIER_PATH", str(tmp_path))
    for name in (path, str(path), bytes(path), "mul8s_MINE", pin_table(path), pin_table("mul8s_MINE")):
        loaded = load_table(name)
        assert loaded.dtype == np.int16
        np.testing.assert_array_equal(loaded, table)
        assert native.name_is_signed(name)
    path.rename(tmp_path / "mul8u_MINE.bin")
    unsigned = load_table(tmp_path / "mul8u_MINE.bin")
    assert unsigned.dtype == np.uint16
    assert unsigned[253, 5] == 65534


@pytest.mark.parametrize(
    ("name", "signed"),
    [
        ("mul8s_A", True),
        ("mul12s_A.bin", True),
        ("/mul8u_A/mul8s_A.bin#fnv1a=0123456789abcdef", True),
        ("/mul8s_A/mul8u_A.bin", False),
        ("mul8s", False),
        ("muls_A", False),
        ("mul-8s_A", False),
        ("mul 8s_A", False),
        ("mul8S_A", False),
        ("my_mul8s_A", False),
        ("", False),
    ],
)
def test_names_of_signed_tables(name, signed):
    assert native.name_is_signed(name) == signed


@pytest.mark.parametrize(("name", "num_bits"), [("mul8s_exact", 7), ("mul4s_A", 8), ("mul4s_A.bin", 4)])
def test_signed_tables_have_8_bits(name, num_bits):
    message = rf"must be mul8s_\.\.\., for num_bits=8, if it is signed by its name; received '.*{name}' for num_bits="
    with pytest.raises(ValueError, match=f"{message}{num_bits}$"):
        load_table(name, num_bits)


def test_where_a_signed_table_will_not_do(tmp_path):
    save_table(tmp_path / "mul8s_A.bin", random_table(8, 1, signed=True))
    for name in ("mul8s_exact", "mul8s_NONE", str(tmp_path / "mul8s_A.bin")):
        message = rf"must be a table of unsigned products; received '{re.escape(name)}', which is signed by its name"
        with pytest.raises(ValueError, match=message):
            pin_table(name, signed=False)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"must be a readable file; received '.*none\.bin': No such file"):
        load_table(tmp_path / "none.bin")


def test_unknown_name(monkeypatch):
    monkeypatch.setenv("TFAPPROX_MULTIPLIER_PATH", "/nowhere")
    with pytest.raises(FileNotFoundError, match="received 'mul8u_NONE', and TFAPPROX_MULTIPLIER_PATH=/nowhere"):
        load_table("mul8u_NONE")


@pytest.mark.parametrize("name", [None, 3, ["mul8u_exact"]])
def test_neither_name_nor_path(name):
    for function in (load_table, pin_table):
        with pytest.raises(TypeError, match=re.escape(f"mul_map_file must be a name or a path; received {name!r}")):
            function(name)


@pytest.mark.parametrize("name", ["\0mul8u_drum4", "mul8u_exact\0", b"\0", pathlib.Path("a\0.bin")])
def test_a_null_character_does_not_end_a_name(name):
    for function in (load_table, pin_table):
        with pytest.raises(ValueError, match="mul_map_file must have no null character; received"):
            function(name)


def test_a_name_that_no_file_can_have():
    with pytest.raises(ValueError, match="mul_map_file must have less than 4096 bytes; received 5000 bytes"):
        load_table("/" + "n" * 4999)


def test_a_long_path_does_not_hide_the_reason(tmp_path):
    path = os.path.join(tmp_path, *["n" * 200] * 18, "t.bin")
    with pytest.raises(FileNotFoundError, match=re.escape(f"received '{path}': No such file or directory")):
        load_table(path)


def test_spellings_of_a_path(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    save_table(tmp_path / "t.bin", random_table(8, 1))
    for name in ("~/t.bin", bytes(tmp_path / "t.bin"), pathlib.Path("~/t.bin")):
        np.testing.assert_array_equal(load_table(name), random_table(8, 1))
        assert pin_table(name) == pin_table(tmp_path / "t.bin")


def test_a_path_that_is_not_text_cannot_be_pinned(tmp_path):
    path = os.path.join(bytes(tmp_path), b"\xff.bin")
    save_table(path, random_table(8, 1))
    np.testing.assert_array_equal(load_table(path), random_table(8, 1))
    with pytest.raises(ValueError, match=r"mul_map_file must be a path in UTF-8; received b'.*\\xff\.bin'"):
        pin_table(path)


@pytest.mark.parametrize("folder", ["a#fnv1a=b", "#fnv1a=", "#fnv1a=0123456789abcdef"])
def test_a_path_may_look_like_a_pin(tmp_path, folder):
    (tmp_path / folder).mkdir()
    save_table(tmp_path / folder / "t.bin", random_table(8, 1))
    pinned = pin_table(tmp_path / folder / "t.bin")
    assert pinned.startswith(f"{tmp_path / folder / 't.bin'}#fnv1a=")
    np.testing.assert_array_equal(load_table(pinned), random_table(8, 1))


def test_a_pinned_table_is_found_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_table("mul8u_MINE.bin", random_table(8, 1))
    monkeypatch.setenv("TFAPPROX_MULTIPLIER_PATH", str(tmp_path))
    pinned = [pin_table(name) for name in ("mul8u_MINE.bin", pathlib.Path("mul8u_MINE.bin"), "mul8u_MINE")]
    assert [name.rpartition("#fnv1a=")[0] for name in pinned] == [str(tmp_path / "mul8u_MINE.bin")] * 2 + ["mul8u_MINE"]
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for name in pinned:
        assert pin_table(name) == name
        np.testing.assert_array_equal(load_table(name), random_table(8, 1))


def test_a_pinned_file_that_has_moved(tmp_path, monkeypatch):
    """The file is found in a multiplier folder if its content is equal. A path without a pin is not looked up there."""
    path, folder = tmp_path / "mul8u_MINE.bin", tmp_path / "moved"
    save_table(path, random_table(8, 1))
    pinned = pin_table(path)
    folder.mkdir()
    path.rename(folder / path.name)
    monkeypatch.setenv("TFAPPROX_MULTIPLIER_PATH", str(folder))
    np.testing.assert_array_equal(load_table(pinned), random_table(8, 1))
    assert pin_table(pinned) == pinned
    with pytest.raises(FileNotFoundError, match=r"received '.*mul8u_MINE\.bin': No such file or directory\Z"):
        load_table(path)
    save_table(folder / path.name, random_table(8, 2))
    with pytest.raises(ValueError, match="must hold the table that the layer or operation was created with"):
        load_table(pinned)
    (folder / path.name).unlink()
    with pytest.raises(FileNotFoundError, match="A file that has moved is found in a folder"):
        load_table(pinned)


def test_a_pinned_table_that_has_changed(tmp_path):
    save_table(tmp_path / "t.bin", random_table(8, 1))
    pinned = pin_table(tmp_path / "t.bin")
    save_table(tmp_path / "t.bin", random_table(8, 2))
    with pytest.raises(ValueError, match=r"of content hash [0-9a-f]{16}; received '.*t\.bin', which has been changed"):
        load_table(pinned)
    assert pin_table(tmp_path / "t.bin") != pinned


@pytest.fixture
def hashed(monkeypatch):
    """A list to which every table that is hashed from here on is added; no hash is known at first."""
    calls, share = [], native.Table
    monkeypatch.setattr(native, "Table", lambda table, num_bits: calls.append(table) or share(table, num_bits))
    monkeypatch.setattr(tables, "_tables", tables._KnownTables(capacity=4))
    return calls


def test_a_table_is_hashed_once(tmp_path, hashed):
    path = tmp_path / "t.bin"
    save_table(path, random_table(8, 1))
    first = pin_table(path)
    assert [pin_table(path), pin_table(str(path))] == [first, first]
    assert len(hashed) == 1
    save_table(path, random_table(8, 2))
    assert pin_table(path) != first
    save_table(path, random_table(8, 1))
    assert pin_table(path) == first


def test_a_change_within_one_tick_of_the_clock_is_noticed(tmp_path, hashed):
    path = tmp_path / "t.bin"
    save_table(path, random_table(8, 1))
    before = path.stat()
    pinned = pin_table(path)
    table = random_table(8, 1)
    table[255, 255] ^= 1
    path.write_bytes(TruthTable(table).to_bytes())  # this writes in place, unlike save_table
    os.utime(str(path), ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_mtime_ns, after.st_size, after.st_ino) == (before.st_mtime_ns, before.st_size, before.st_ino)
    assert pin_table(path) != pinned
    assert len(hashed) == 2


def test_a_table_written_through_a_memory_map_is_noticed(tmp_path, hashed):
    path = tmp_path / "t.bin"
    save_table(path, random_table(8, 1))
    words = np.memmap(str(path), "<u2", "r+", shape=(256, 256))
    words[0, 0] ^= 1
    pinned = pin_table(path)
    words[0, 0] ^= 1
    assert pin_table(path) != pinned


def test_another_width_under_the_same_path_is_hashed(tmp_path, hashed):
    pins = []
    for num_bits in (4, 8):
        save_table(tmp_path / "t.bin", np.zeros((2**num_bits, 2**num_bits), int))
        pins.append(pin_table(tmp_path / "t.bin", num_bits))
    assert pins[0] != pins[1]


def test_few_tables_are_kept_for_their_hashes(tmp_path, hashed):
    paths = [tmp_path / f"{number}.bin" for number in range(5)]
    for number, path in enumerate(paths):
        save_table(path, random_table(8, number))
    pins = [pin_table(path) for path in paths]
    assert len(tables._tables._known) == 4
    assert [pin_table(path) for path in paths[1:]] == pins[1:]
    assert len(hashed) == 5
    assert pin_table(paths[0]) == pins[0]
    assert len(hashed) == 6


def test_threads_pin_tables(tmp_path, hashed):
    paths = [tmp_path / f"{number}.bin" for number in range(6)]
    for number, path in enumerate(paths):
        save_table(path, random_table(8, number))
    expected = [f"{path}#fnv1a={native.table_hash(load_table(path)):016x}" for path in paths]
    assert_same_in_threads(lambda number: pin_table(paths[number]), expected, threads=8, calls=60)


def test_built_in_names_need_no_pin():
    assert [pin_table(name) for name in ("", "mul8u_drum4")] == ["", "mul8u_drum4"]
    assert pin_table("mul4u_exact", 4) == "mul4u_exact"


def test_the_hash_is_fnv1a():
    table = random_table(2, 1)
    expected = 14695981039346656037
    for byte in table.astype("<u2").tobytes():
        expected = (expected ^ byte) * 1099511628211 % 2**64
    assert native.table_hash(table) == expected


@pytest.mark.parametrize("num_bits", [-1, 0, 1, 9, 64, 2**32 + 8])
def test_wrong_width(num_bits):
    with pytest.raises(ValueError, match=f"num_bits must be from 2 to 8; received {num_bits}"):
        load_table("", num_bits)


def test_width_of_the_name():
    with pytest.raises(ValueError, match="must fit num_bits=8; received 'mul4u_exact', which has 4 bits"):
        load_table("mul4u_exact")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (np.zeros((256, 255), int), r"received \(256, 255\)"),
        (np.zeros(65536, int), r"received \(65536,\)"),
        (np.int64(3), r"received \(\)"),
        (np.zeros((512, 512), int), r"received \(512, 512\)"),
        (np.zeros((4, 4), float), "integer entries; received dtype float64"),
        (np.diag([0, 0, 0, 65536]), r"received table\[3, 3\] = 65536"),
        (np.diag([0, -1, 0, 0]), r"received table\[1, 1\] = -1"),
    ],
)
def test_save_refuses(tmp_path, table, message):
    with pytest.raises(ValueError, match=message):
        save_table(tmp_path / "t.bin", table)
    assert not (tmp_path / "t.bin").exists()


@pytest.mark.parametrize(
    ("name", "table", "message"),
    [
        (
            "mul8u_A",
            exact_table(8, signed=True),
            r"'mul8u_A' is not signed by its name \(mul8s_\.\.\.\); received .* = -128$",
        ),
        ("mul8s_A", exact_table(8), r"from -32768 to 32767, as 'mul8s_A' is signed by its name .*\[129, 255\] = 32895"),
        (
            "mul8s_A",
            exact_table(4),
            r"path must be mul8s_\.\.\., of a table \[256, 256\].*received 'mul8s_A', \(16, 16\)",
        ),
        ("mul4s_A", exact_table(4), r"path must be mul8s_\.\.\., .*received 'mul4s_A', \(16, 16\)"),
        ("mul4s_A", exact_table(8, signed=True), r"path must be mul8s_\.\.\., .*received 'mul4s_A', \(256, 256\)"),
    ],
)
def test_save_refuses_what_the_name_contradicts(tmp_path, name, table, message):
    with pytest.raises(ValueError, match=message):
        save_table(tmp_path / name, table)
    assert not (tmp_path / name).exists()


def test_the_core_shares_tables_by_content():
    table = random_table(8, 1)
    one, same, other = native.Table(table), native.Table(table.copy()), native.Table(table.T)
    assert one.handle.value == same.handle.value
    assert one.handle.value != other.handle.value
    # All-zero tables of two widths have the same 256 x 256 content, yet are not the same table.
    assert native.Table(np.zeros((4, 4), int), 2).handle.value != native.Table(np.zeros((8, 8), int), 3).handle.value
    # Two tables have the same bytes. The words of a third one are those that the core stores for the signed table.
    bits = table.view(np.int16)
    signs = [native.Table(entries) for entries in (table, bits, np.roll(table, 128, (0, 1)) ^ 0x8000)]
    assert len({shared.handle.value for shared in signs}) == 3
    assert signs[1].handle.value == native.Table(bits.copy()).handle.value


def test_table_of_another_width():
    with pytest.raises(ValueError, match=r"table must be \[16, 16\] for num_bits=4; received \(256, 256\)"):
        native.Table(exact_table(8), 4)


def test_a_pin_in_the_name_of_a_folder_is_none(tmp_path):
    folder = tmp_path / "#fnv1a=0123456789abcdef"
    folder.mkdir()
    path = str(folder / "t.bin")
    save_table(path, random_table(8, 1))
    assert not tables.is_pinned(path)
    assert tables.without_pin(path) == path
    pinned = pin_table(path)
    assert tables.is_pinned(pinned)
    assert tables.without_pin(pinned) == path
    assert load_truth_table(pinned).name == "t"


@pytest.mark.parametrize("there", [True, False])
def test_save_table_writes_all_or_nothing(tmp_path, there):
    path = tmp_path / "t.bin"
    if there:
        save_table(path, random_table(8, 1))
    before = path.read_bytes() if there else None
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"t\.bin"):
            save_table(path, random_table(8, 2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (path.read_bytes() if there else None) == before
    assert os.listdir(str(tmp_path)) == (["t.bin"] if there else [])
