"""Changes what is known of a multiplier, its name, and whether it is there; its products stay as they are."""

import os
import pathlib
from typing import Any, List, Mapping, Optional

from .. import atomic_files, file_locks
from ..argument_error import ArgumentError, ArgumentFileExistsError
from ..paths import Path, expanded
from ..truth_table import TruthTable
from . import identity, registry, sidecar, storage, wide_storage

ANNOTATIONS = ("power_mW", "area_um2", "delay_ns", "source", "licence", "note", "meant")


def annotate(name_or_path: Path, known: Mapping[str, Any], *, folder: Optional[Path] = None) -> storage.Multiplier:
    """Changes entries of NAME.json; the table and the other entries stay as they are.

    Args:
        name_or_path: name of a multiplier or path of a `.bin` file. What is known of a built-in multiplier is written
            to `folder`.
        known: values by keys of `ANNOTATIONS`; `None` removes an entry.
        folder: folder of NAME.json for a built-in multiplier, which is made if it does not exist; by default
            `user_folder()`.

    Returns:
        The `Multiplier` as it is known now.

    Raises:
        FileNotFoundError: if there is no such multiplier.
        OSError: if a file cannot be read or written.
        ValueError: if a key or a value is not possible, or the table was changed after its import.

    Example:
        >>> import tempfile
        >>> folder = tempfile.mkdtemp()
        >>> table = TruthTable(TruthTable.exact(4).entries, "mul4u_X")
        >>> annotated = annotate(storage.store(table, {"source": "mine"}, folder=folder).path, {"power_mW": 0.2})
        >>> annotated.sidecar["power_mW"], annotated.sidecar["source"]
        (0.2, 'mine')
    """
    unknown = [key for key in known if key not in ANNOTATIONS]
    if unknown or not known:
        received = repr(unknown[0]) if unknown else "none"
        raise ArgumentError("known", f"must have some of {', '.join(ANNOTATIONS)}", received)
    broken = sidecar.broken_rule(known)
    if broken:
        raise ArgumentError(broken[0], f"must be {broken[1]}", repr(broken[2]))
    multiplier = storage.load(name_or_path, warn=False)
    if multiplier.path is None:
        place = (registry.user_folder() if folder is None else expanded(folder)) / f"{multiplier.name}.bin"
        place.parent.mkdir(parents=True, exist_ok=True)
    else:
        place = multiplier.path
    with file_locks.locked(place.parent):
        multiplier = storage.load(name_or_path, warn=False)  # another process may have replaced it
        if storage.is_changed(multiplier):
            received = f"{str(place)!r}, which was changed after its import"
            raise ArgumentError("name_or_path", "must have the table that NAME.json describes", received)
        described = {**multiplier.sidecar, **known, "bits": multiplier.num_bits, "signed": multiplier.signed}
        described["sha256"] = multiplier.table.sha256
        atomic_files.write(place.with_suffix(".json"), sidecar.content_of(described))
    return storage.load(name_or_path, warn=False)


def unchanged(
    table: TruthTable, known: Mapping[str, Any], *, folder: Optional[Path] = None
) -> Optional[storage.Multiplier]:
    """The multiplier of a folder that has the name and the products of a table; `None` if there is none.

    Args:
        table: the table, which has the name of the multiplier.
        known: entries that are added to its NAME.json where they differ.
        folder: the folder; by default `user_folder()`.

    Returns:
        The `Multiplier`, which is marked as `unchanged`.

    Raises:
        OSError: if NAME.json cannot be written.
        ValueError: if an entry of `known` is not possible.
    """
    place = (registry.user_folder() if folder is None else expanded(folder)) / f"{table.name}.bin"
    try:
        there = storage.load(place, warn=False)
    except (OSError, ValueError):
        return None
    if there.table != table or storage.is_changed(there):
        return None
    new = {key: value for key, value in known.items() if there.sidecar.get(key) != value}
    return (annotate(place, new) if new else there)._replace(unchanged=True)


def rename(name_or_path: Path, name: str) -> storage.Multiplier:
    """Gives a multiplier another name in its folder: NAME.bin and NAME.json.

    Args:
        name_or_path: name of a multiplier in a folder, or path of its `.bin` file.
        name: the new name, which says the same width and sign, and is new in the folder.

    Returns:
        The `Multiplier` under its new name, whose `notes` name other circuits of this name.

    Raises:
        FileExistsError: if the folder has a table of the new name.
        FileNotFoundError: if there is no such multiplier.
        OSError: if a file cannot be read or written.
        ValueError: if the multiplier is built in, or the new name is not possible or contradicts the table.
    """
    multiplier = _stored(name_or_path)
    known = {key: value for key, value in multiplier.sidecar.items() if value is not None}
    table = TruthTable(multiplier.table.entries, name)
    try:
        renamed = identity.store(table, known, folder=multiplier.path.parent)
    except ArgumentFileExistsError as error:
        raise ArgumentFileExistsError("name", error.rule, error.received) from None  # nothing can replace it here
    _unlink(multiplier.path)
    return renamed


def remove(name_or_path: Path) -> List[pathlib.Path]:
    """Deletes the files of a multiplier: its table and what is known of it.

    Args:
        name_or_path: name of a multiplier in a folder, or path of its `.bin` or `.multiplier.json` file.

    Returns:
        The paths of the files that were deleted.

    Raises:
        FileNotFoundError: if there is no such multiplier.
        OSError: if a file cannot be deleted.
        ValueError: if the multiplier is built in, or the file is not a table.
    """
    wide = wide_storage.find_wide(name_or_path)
    if wide is not None:
        wide_storage.load_wide(wide)  # raises an error if the file is not that of a multiplier
        os.unlink(str(wide))
        return [wide]
    return _unlink(_stored(name_or_path).path)


def _stored(name_or_path):
    """A multiplier that has a file."""
    multiplier = storage.load(name_or_path, warn=False)
    if multiplier.path is None:
        raise ArgumentError("name_or_path", "must not be built in", repr(multiplier.name))
    return multiplier


def _unlink(path):
    """Deletes NAME.bin and then NAME.json, if it is there."""
    deleted = []
    with file_locks.locked(path.parent):
        for each in (path, path.with_suffix(".json")):
            if os.path.lexists(str(each)):
                os.unlink(str(each))
                deleted.append(each)
    return deleted
