"""Truth tables in a folder: NAME.bin and NAME.json, written together and read back."""

import os
import pathlib
import re
import tempfile
from collections import namedtuple

import numpy as np

from .. import native
from ..tables import save_table
from . import registry, sidecar
from .arrays import read_raw, to_table

Multiplier = namedtuple("Multiplier", "name path table num_bits signed sidecar hidden")
Multiplier.__doc__ = """A multiplier with its table.

`path` is `None` if it is built in. `table` is uint16 `[2**num_bits, 2**num_bits]`, or int16 if `signed`, activation
code first. `sidecar` is what `sidecar.read` gives. `hidden` lists other files of this name, which are not found by it.
"""


def load(name_or_path):
    """A multiplier by name or path, of whichever width, signed or not.

    Args:
        name_or_path: as `tfapprox.common.load_table` takes it.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if its file is not a table, or its NAME.json is not JSON.

    Example:
        >>> load("mul4u_trunc2").table.shape
        (16, 16)
    """
    place = registry.locate(name_or_path)
    if place.path is None:
        num_bits = registry.width_of(place.name)
        table, known = native.load_table(place.name, num_bits), _sidecar_of_built_in(place, num_bits)
    else:
        table, known = read(place.path), sidecar.read(place.path)
        num_bits = len(table).bit_length() - 1
    return Multiplier(place.name, place.path, table, num_bits, table.dtype == np.int16, known, place.hidden)


def _sidecar_of_built_in(place, num_bits):
    """What the user's folders say of a circuit that is built in, such as the power of `mul8u_1JFF`."""
    for folder in registry.search_path():
        known = sidecar.read(folder / f"{place.name}.bin")
        if known["power_mW"] is not None or known["published"]:
            return known
    return {**dict.fromkeys(sidecar.KEYS), "bits": num_bits, "published": {}}


def read(path):
    """The table of a `.bin` file: uint16, or int16 if its name begins with `mul8s_`.

    Raises:
        OSError: if it cannot be read.
        ValueError: if its size is not that of a table.
    """
    signed = native.name_is_signed(path)
    return to_table(read_raw(path, signed), signed)


def is_changed(multiplier):
    """Whether the file of a `Multiplier` is another one than its NAME.json describes by its SHA-256."""
    recorded = multiplier.sidecar["sha256"]
    return multiplier.path is not None and recorded not in (None, sidecar.sha256(multiplier.path))


def check_name(name, table, signed):
    """Raises a `ValueError` if a table must not have this name."""
    if not re.fullmatch(r"\w[\w.+-]*", name, re.ASCII) or name.endswith(".bin"):
        raise ValueError(f"--name must be letters, digits and _ . + -, without .bin at its end; received {name!r}")
    if native.name_is_signed(name) != signed:
        kind, rule = ("signed", "begin with mul8s_") if signed else ("unsigned", "not begin with mul8s_")
        raise ValueError(f"--name of a multiplier with {kind} operands must {rule}; received {name!r}")
    width, num_bits = registry.width_of(name), len(table).bit_length() - 1
    if width not in (None, num_bits):
        raise ValueError(f"--name must say the width of the table, {num_bits} bits; received {name!r}")
    if native.table_source(name) == "built in" and not np.array_equal(native.load_table(name, num_bits), table):
        raise ValueError(f"--name must not be that of another built-in multiplier; received {name!r}")


def store(name, table, known, folder=None, force=False):
    """Writes NAME.bin and NAME.json.

    Args:
        name: checked by `check_name`.
        table: as `to_table` gives it.
        known: what NAME.json is to say, keys of `sidecar.KEYS`; width, sign and hash are added.
        folder: where; by default the user's, and made if it does not exist.
        force: whether an existing table of this name is replaced.

    Returns:
        A `Multiplier`, as `load` gives it for the path; `hidden` is empty.

    Raises:
        FileExistsError: if there is such a table already.
        OSError: if it cannot be written.
        ValueError: if the name must not be used.
    """
    signed = table.dtype == np.int16
    check_name(name, table, signed)
    folder = registry.user_folder() if folder is None else pathlib.Path(folder).expanduser()
    path = folder / f"{name}.bin"
    if path.exists() and not force:
        raise FileExistsError(f"NAME must be new in {folder}; received {name!r}, which is there (--force replaces it)")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=str(folder), prefix=".") as unfinished:
        written = os.path.join(unfinished, path.name)
        save_table(written, table)
        known = {**known, "bits": len(table).bit_length() - 1, "signed": signed, "sha256": sidecar.sha256(written)}
        sidecar.write(path, known)
        os.replace(written, str(path))
    return load(path)
