"""Truth tables in a folder: `NAME.bin` and `NAME.json` are written together and read back."""

import contextlib
import os
import pathlib
import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from .. import atomic_files, file_locks, native, table_doubts
from ..argument_error import ArgumentError, ArgumentFileExistsError
from ..paths import Path, expanded
from ..truth_table import MAX_BITS, TruthTable
from . import registry, sidecar
from .array_files import read_raw
from .arrays import to_table

MAX_NAME = 200
RESERVED_NAMES = {sidecar.COLLECTION[: -len(".json")]}  # capitals do not matter, because some file systems ignore them


class Multiplier(NamedTuple):
    """A multiplier with its truth table and what is known of it.

    Attributes:
        path: path of its file; `None` if it is built in.
        table: the truth table, which has the name of the multiplier.
        sidecar: what NAME.json says: a dictionary with every key of `sidecar.KEYS`.
        hidden: other files of the same name, which no operation finds by the name.
        notes: sentences about what an import found that its user should know; empty after `load`.
        unchanged: whether an import found this table in the folder, and changed nothing.
    """

    path: Optional[pathlib.Path]
    table: TruthTable
    sidecar: Dict[str, Any]
    hidden: List[pathlib.Path]
    notes: Tuple[str, ...] = ()
    unchanged: bool = False

    @property
    def name(self) -> str:
        """Name of the multiplier, such as `"mul8u_drum4"`."""
        return self.table.name

    @property
    def num_bits(self) -> int:
        """Width of both operands in bits."""
        return self.table.num_bits

    @property
    def signed(self) -> bool:
        """Whether operands and products are two's complement numbers."""
        return self.table.signed


def load(name_or_path: Path, *, warn: bool = True) -> Multiplier:
    """A multiplier by name or path, with any width and sign.

    Args:
        name_or_path: name of a built-in multiplier; path of a `.bin` file (a string with `/` or ending in `.bin`, or a
            path object), which may begin with `~`; or `NAME` of a `NAME.bin` in a folder of `search_path()`. The first
            of these that fits counts. `""` is the exact product.
        warn: whether to warn of products that are far from the exact ones because of a usual mistake. Products that
            NAME.json calls meant are no reason for a warning.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        OSError: if the file cannot be read.
        ValueError: if the file is not a table, or its NAME.json is not JSON.

    Warns:
        TableWarning: if a usual mistake explains the products.

    Example:
        >>> load("mul4u_trunc2").table.entries.shape
        (16, 16)
    """
    place = registry.locate(name_or_path)
    if place.path is not None:
        multiplier = _in_file(place.path, place.name)._replace(hidden=place.hidden)
        warning = table_doubts.warning_of(multiplier.table, name_or_path) if warn else ""
        if warning:
            table_doubts.tell(warning)
        return multiplier
    num_bits = registry.width_of(place.name) or MAX_BITS  # the name of a built-in multiplier has its width
    table = TruthTable(native.load_table(place.name, num_bits), place.name)
    return Multiplier(None, table, _sidecar_of_built_in(table), place.hidden)


def _in_file(path, name):
    """The `Multiplier` of a file, with table and description of one generation while another process replaces both."""
    table = _read(path, name)
    while True:
        multiplier = Multiplier(path, table, sidecar.read(path, table.sha256), [])
        if not is_changed(multiplier):
            return multiplier
        table = _read(path, name)
        if table == multiplier.table:
            return multiplier


def _sidecar_of_built_in(table):
    """What the folders of the search path say of a built-in multiplier, such as the power of `mul8u_1JFF`.

    A file that cannot be read is left out here, because the multiplier does not depend on it; `load_all` names it.
    """
    for folder in registry.search_path():
        try:
            known = sidecar.read(folder / f"{table.name}.bin", table.sha256)
        except ValueError:
            continue
        if known["sha256"] == table.sha256 or known["power_mW"] is not None or known["published"]:
            return known
    return {**dict.fromkeys(sidecar.KEYS), "bits": table.num_bits, "published": {}}


def _read(path, name):
    """The `TruthTable` of a `.bin` file, which is signed if the name of the file begins with `mul8s_`."""
    signed = native.name_is_signed(path)
    return to_table(read_raw(path, signed, "name_or_path"), name, signed=signed)


def is_changed(multiplier: Multiplier) -> bool:
    """Whether the table of a multiplier has another SHA-256 than its NAME.json says, which was written at the import.

    A multiplier that is built in, or whose NAME.json names no SHA-256, is not changed.
    """
    return multiplier.path is not None and multiplier.sidecar["sha256"] not in (None, multiplier.table.sha256)


def check_spelling(name: str) -> None:
    """Raises an `ArgumentError` if a name cannot be that of a file in a folder of multipliers."""
    if len(name) > MAX_NAME:
        raise ArgumentError("name", f"must have at most {MAX_NAME} characters", f"{name[:40]!r}... with {len(name)}")
    if not re.fullmatch(r"\w[\w.+-]*", name, re.ASCII) or name.endswith(".bin"):
        raise ArgumentError("name", "must be letters, digits and _ . + -, without .bin at its end", repr(name))


def _check_name(table):
    """Raises an `ArgumentError` if a table must not be stored under its name."""
    name = table.name
    check_spelling(name)
    if name.lower() in RESERVED_NAMES:
        raise ArgumentError("name", f"must not be {name}, which would replace {sidecar.COLLECTION}", repr(name))
    if native.name_is_signed(name) != table.signed:
        kind, rule = ("signed", "begin with mul8s_") if table.signed else ("unsigned", "not begin with mul8s_")
        raise ArgumentError("name", f"of a multiplier with {kind} operands must {rule}", repr(name))
    if registry.width_of(name) not in (None, table.num_bits):
        raise ArgumentError("name", f"must say the width of the table, {table.num_bits} bits", repr(name))
    if native.table_source(name) == "built in":
        built_in = TruthTable(native.load_table(name, table.num_bits))
        if built_in != table:
            received = f"{name!r} of sha256 {table.sha256[:16]}, and the built-in one has {built_in.sha256[:16]}"
            raise ArgumentError("name", "must not be that of another built-in multiplier", received)


def store(
    table: TruthTable, known: Mapping[str, Any], *, folder: Optional[Path] = None, force: bool = False
) -> Multiplier:
    """Writes NAME.bin and NAME.json as one generation.

    A reader, a process that is killed, a full disk and a second writer leave the old table with its description or the
    new table with its description. `sidecar.read` says how a reader tells them apart.

    Args:
        table: the truth table, which has the name of the multiplier.
        known: entries of NAME.json (`sidecar.KEYS`); `bits`, `signed` and `sha256` are added.
        folder: folder of the files, which is made if it does not exist; by default `registry.user_folder()`.
        force: whether a table of this name in the folder is replaced.

    Returns:
        The `Multiplier`, whose `hidden` is empty.

    Raises:
        FileExistsError: if the folder has a table of this name and `force` is not set.
        OSError: if there is no folder to write to, or a file cannot be written.
        ValueError: if the name is not possible, contradicts the sign or width of the table, or is the name of a
            built-in multiplier with other products.
    """
    _check_name(table)
    known = {**known, "bits": table.num_bits, "signed": table.signed, "sha256": table.sha256}
    broken = sidecar.broken_rule(known)
    if broken:
        raise ArgumentError(broken[0], f"must be {broken[1]}", repr(broken[2]))
    folder = registry.user_folder() if folder is None else expanded(folder)
    path = folder / f"{table.name}.bin"
    folder.mkdir(parents=True, exist_ok=True)
    with file_locks.locked(folder) as lock:
        there = os.path.lexists(str(path))
        if there and not force:
            received = f"{table.name!r}, which is there{_other_content(path, table)}"
            remedy = ("force=True", "replaces it")
            raise ArgumentFileExistsError("name", f"must be new in {folder}", received, remedy)
        _replace(path, table, known, _description(path) if there else None, lock)
    return Multiplier(path, table, sidecar.read(path, table.sha256), [])


def _other_content(path, table):
    """The words that say that the file at `path` holds another table; empty if it holds `table`."""
    try:
        other = _read(path, table.name)
    except (OSError, ValueError):
        return " and is no table"
    return "" if other == table else f" with another table: sha256 {other.sha256[:16]} instead of {table.sha256[:16]}"


def _description(path):
    """The description of the table that is going to be replaced; `None` if it has none that fits it."""
    try:
        multiplier = _in_file(path, path.name[: -len(".bin")])
    except (OSError, ValueError):
        return None
    return None if is_changed(multiplier) else {**multiplier.sidecar, "sha256": multiplier.table.sha256}


def _replace(path, table, known, previous, lock):
    """Puts NAME.json with both descriptions, then NAME.bin, then NAME.json with the new description in their places.

    All three files are complete on the disk before the first one is put in its place.
    """
    json_path = path.with_suffix(".json")
    steps = [(json_path, sidecar.content_of(known, previous)), (path, table.to_bytes())]
    if previous is not None:
        steps.append((json_path, sidecar.content_of(known)))
    with contextlib.ExitStack() as unfinished:
        files = [unfinished.enter_context(atomic_files.NewFile(place)) for place, _ in steps]
        for file, (_, content) in zip(files, steps):
            file.write(content)
            file.prepare()
        atomic_files.put_together(files, lock)
