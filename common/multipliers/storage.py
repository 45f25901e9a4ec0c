"""Truth tables in a folder: `NAME.bin` and `NAME.json` are written together and read back."""

import os
import pathlib
import re
import tempfile
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

from .. import native
from ..argument_error import ArgumentError, ArgumentFileExistsError
from ..truth_table import TruthTable
from . import registry, sidecar
from .array_files import read_raw
from .arrays import to_table
from .path import Path


class Multiplier(NamedTuple):
    """A multiplier with its truth table and what is known of it.

    Attributes:
        path: path of its file; `None` if it is built in.
        table: the truth table, which has the name of the multiplier.
        sidecar: what NAME.json says: a dictionary with every key of `sidecar.KEYS`.
        hidden: other files of the same name, which no operation finds by the name.
    """

    path: Optional[pathlib.Path]
    table: TruthTable
    sidecar: Dict[str, Any]
    hidden: List[pathlib.Path]

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


def load(name_or_path: Path) -> Multiplier:
    """A multiplier by name or path, with any width and sign.

    Args:
        name_or_path: name of a built-in multiplier; path of a `.bin` file (a string with `/` or ending in `.bin`, or a
            path object), which may begin with `~`; or `NAME` of a `NAME.bin` in a folder of `search_path()`. The first
            of these that fits counts. `""` is the exact product.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        OSError: if the file cannot be read.
        ValueError: if the file is not a table, or its NAME.json is not JSON.

    Example:
        >>> load("mul4u_trunc2").table.entries.shape
        (16, 16)
    """
    place = registry.locate(name_or_path)
    if place.path is not None:
        return Multiplier(place.path, _read(place.path, place.name), sidecar.read(place.path), place.hidden)
    num_bits = registry.width_of(place.name)
    table = TruthTable(native.load_table(place.name, num_bits), place.name)
    return Multiplier(None, table, _sidecar_of_built_in(place.name, num_bits), place.hidden)


def _sidecar_of_built_in(name, num_bits):
    """What the folders of the search path say of a built-in multiplier, such as the power of `mul8u_1JFF`."""
    for folder in registry.search_path():
        known = sidecar.read(folder / f"{name}.bin")
        if known["power_mW"] is not None or known["published"]:
            return known
    return {**dict.fromkeys(sidecar.KEYS), "bits": num_bits, "published": {}}


def _read(path, name):
    """The `TruthTable` of a `.bin` file, which is signed if the name of the file begins with `mul8s_`."""
    signed = native.name_is_signed(path)
    return to_table(read_raw(path, signed), name, signed=signed)


def is_changed(multiplier: Multiplier) -> bool:
    """Whether the table of a multiplier has another SHA-256 than its NAME.json says, which was written at the import.

    A multiplier that is built in, or whose NAME.json names no SHA-256, is not changed.
    """
    return multiplier.path is not None and multiplier.sidecar["sha256"] not in (None, multiplier.table.sha256)


def _check_name(table):
    """Raises an `ArgumentError` if a table must not be stored under its name."""
    name = table.name
    if not re.fullmatch(r"\w[\w.+-]*", name, re.ASCII) or name.endswith(".bin"):
        raise ArgumentError("name", "must be letters, digits and _ . + -, without .bin at its end", repr(name))
    if native.name_is_signed(name) != table.signed:
        kind, rule = ("signed", "begin with mul8s_") if table.signed else ("unsigned", "not begin with mul8s_")
        raise ArgumentError("name", f"of a multiplier with {kind} operands must {rule}", repr(name))
    if registry.width_of(name) not in (None, table.num_bits):
        raise ArgumentError("name", f"must say the width of the table, {table.num_bits} bits", repr(name))
    if native.table_source(name) == "built in" and TruthTable(native.load_table(name, table.num_bits)) != table:
        raise ArgumentError("name", "must not be that of another built-in multiplier", repr(name))


def store(
    table: TruthTable, known: Mapping[str, Any], *, folder: Optional[Path] = None, force: bool = False
) -> Multiplier:
    """Writes NAME.bin and NAME.json; a reader never sees a part of NAME.bin.

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
    folder = registry.user_folder() if folder is None else pathlib.Path(folder).expanduser()
    path = folder / f"{table.name}.bin"
    if path.exists() and not force:
        received, remedy = f"{table.name!r}, which is there", ("force=True", "replaces it")
        raise ArgumentFileExistsError("name", f"must be new in {folder}", received, remedy)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=str(folder), prefix=".") as unfinished:
        written = pathlib.Path(unfinished) / path.name
        written.write_bytes(table.to_bytes())
        sidecar.write(path, {**known, "bits": table.num_bits, "signed": table.signed, "sha256": table.sha256})
        os.replace(str(written), str(path))
    return Multiplier(path, table, sidecar.read(path), [])
