"""Identifies circuits by the SHA-256 of their tables, because names are used more than once.

The known circuits are the built-in ones and all tables in the folders of the search path. They are hashed when they are
asked for, so that there is no list that could be out of date.
"""

import functools
import pathlib
from typing import Any, Dict, Iterator, List, Mapping, Optional

import numpy as np

from ..paths import Path, expanded
from ..truth_table import TruthTable
from . import registry, storage

DIGITS = 16  # number of digits of a SHA-256 that are shown


def known_circuits() -> Iterator[storage.Multiplier]:
    """The listed built-in multipliers, then every table in the folders of the search path, also those that are hidden.

    Files that are no tables are left out.
    """
    places: List[Any] = [*registry.built_in_descriptions()]
    places += [path for paths in registry.table_files().values() for path in paths]
    for place in places:
        try:
            yield storage.load(place, warn=False)
        except (OSError, ValueError):
            continue


def namesakes(table: TruthTable, folder: Optional[Path] = None) -> Dict[pathlib.Path, str]:
    """Other circuits that have the name of a table.

    Args:
        table: the table.
        folder: a folder that is searched in addition to the search path.

    Returns:
        A dictionary from the path of each file `NAME.bin` whose content is another table to the SHA-256 of this table.
    """
    paths = list(registry.table_files().get(table.name, []))
    if folder is not None:
        paths.append(expanded(folder) / f"{table.name}.bin")
    others = {}
    for path in paths:
        try:
            other = storage.load(path, warn=False).table
        except (OSError, ValueError):
            continue
        if other.sha256 != table.sha256:
            others[path.resolve()] = other.sha256
    return others


@functools.lru_cache(maxsize=4096)
def _circuit(path, changed, size):
    """Sign and SHA-256 of the table of a file; `None` if it has none.

    `changed` and `size` tell another content of the file.
    """
    try:
        table = storage.load(path, warn=False).table
    except (OSError, ValueError):
        return None
    return table.signed, table.sha256


def exchanged(table: TruthTable) -> List[str]:
    """The names of known circuits whose products a table has with activation and weight exchanged.

    Args:
        table: the table.

    Example:
        >>> exchanged(TruthTable(storage.load("mul8u_bam_h2_v6").table.entries.T))
        ['mul8u_bam_h2_v6']
    """
    if np.array_equal(table.entries, table.entries.T):
        return []
    turned = TruthTable(table.entries.T)
    circuits = [(name, _circuit(name, 0, 0)) for name in registry.built_in_descriptions()]
    for name, paths in registry.table_files().items():
        for path in paths:
            try:
                status = path.stat()
            except OSError:
                continue
            circuits.append((name, _circuit(path, (status.st_mtime_ns, status.st_ino), status.st_size)))
    return list(dict.fromkeys(name for name, circuit in circuits if circuit == (turned.signed, turned.sha256)))


def warnings(table: TruthTable, others: Mapping[pathlib.Path, str]) -> List[str]:
    """Sentences that name both circuits of one name.

    Args:
        table: one of the circuits.
        others: from the path of each other circuit of this name to the SHA-256 of its table.
    """
    this = f"{table.name} names two circuits: this one has sha256 {table.sha256[:DIGITS]}"
    return [f"{this}, and {path} has {sha256[:DIGITS]}" for path, sha256 in others.items()]


def store(
    table: TruthTable, known: Mapping[str, Any], *, folder: Optional[Path] = None, force: bool = False
) -> storage.Multiplier:
    """Writes NAME.bin and NAME.json, and looks for other circuits of this name.

    Args:
        table: the truth table, which has the name of the multiplier.
        known: entries of NAME.json (`sidecar.KEYS`); `bits`, `signed` and `sha256` are added.
        folder: folder of the files, which is made if it does not exist; by default `registry.user_folder()`.
        force: whether a table of this name in the folder is replaced.

    Returns:
        The `Multiplier`, whose `notes` name other circuits of this name, also one that was replaced.

    Raises:
        FileExistsError: if the folder has a table of this name and `force` is not set.
        OSError: if there is no folder to write to, or a file cannot be written.
        ValueError: if the name is not possible, contradicts the sign or width of the table, or is the name of a
            built-in multiplier with other products.
    """
    others = namesakes(table, folder)
    stored = storage.store(table, known, folder=folder, force=force)
    own = stored.path and stored.path.resolve()
    notes = [
        f"{note}, which was replaced" if path == own else note for path, note in zip(others, warnings(table, others))
    ]
    return stored._replace(notes=tuple(notes))
