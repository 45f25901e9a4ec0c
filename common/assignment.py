"""Which multiplier goes to which layer, as files and command lines say it."""

from __future__ import annotations

import json
import os
import re
from typing import Any, Dict, Iterable, Mapping, NamedTuple

from . import atomic_files, regular_files
from ._core_tables import tune
from .argument_error import ArgumentError
from .tables import load_truth_table, pin_table, without_pin
from .truth_table import TruthTable

MAX_BYTES = 1 << 24  # the size of a file, with room for 100,000 layers
SUFFIX = "_tuned"  # the end of the name of a table after the weight map (5.6)
# `layers --json` of frozen graphs prints these fields, too. They are no part of an assignment, and are ignored.
DESCRIPTION = {"input", "filter", "output", "macs"}
_SHA256 = re.compile(r"[0-9a-f]{16,64}\Z")


class Choice(NamedTuple):
    """The multiplier that a layer gets. An attribute that is `None` leaves the layer as it is.

    Attributes:
        multiplier: name or path of the multiplier; `False` for a layer that multiplies in floating point.
        tune: whether the table gets the weight map of ALWANN (5.6), as AxConv2D does by default.
        sha256: SHA-256 of the table before the weight map, at least the first 16 of its 64 hexadecimal digits.
    """

    multiplier: str | bool | None = None
    tune: bool | None = None
    sha256: str | None = None

    def check(self, table: TruthTable) -> None:
        """Checks that a table is the one that was chosen.

        Args:
            table: the table that was found for `multiplier`.

        Raises:
            ValueError: if `sha256` is that of another table; the message has both.
        """
        if self.sha256 is not None and not table.sha256.startswith(self.sha256):
            rule = f"must be {self.sha256}, as the assignment says"
            raise ArgumentError(f"sha256 of {self.multiplier}", rule, f"{table.sha256}, that of the table found")

    def table(self, num_bits: int = 8, argument: str = "multiplier") -> tuple[TruthTable, str | None]:
        """The table that was chosen, after the weight map if `tune` is set.

        Args:
            num_bits: width of both operands, 2 to 8; 8 for a signed table.
            argument: the name of the caller's argument, with which errors about the multiplier begin.

        Returns:
            The `TruthTable`, and its pinned name or path, which is `None` after the weight map.

        Raises:
            FileNotFoundError: if there is no such multiplier or file.
            ValueError: if there is no multiplier, `sha256` is that of another table, the table does not fit `num_bits`,
                or it is signed and `tune` is set.

        Example:
            >>> Choice("mul8u_drum4", tune=True).table()[0].name
            'mul8u_drum4_tuned'
        """
        if not isinstance(self.multiplier, str):
            raise ArgumentError(argument, "must be a name or a path", repr(self.multiplier))
        source = pin_table(self.multiplier, num_bits, argument=argument)
        table = load_truth_table(source, num_bits)
        self.check(table)
        return (TruthTable(tune(table), table.name + SUFFIX), None) if self.tune else (table, source)


Assignment = Dict[str, Choice]


def choice_of(table: TruthTable, source: str | None = None) -> Choice:
    """The choice that gives a table again.

    Args:
        table: the table of a layer.
        source: name or path that the table was read from, pinned or not; by default its name is looked up.

    Raises:
        FileNotFoundError: if there is no multiplier or file of this name.
        ValueError: if the multiplier of this name is another one, or the table has no name.
    """
    name = without_pin(source or table.name)
    if not name:
        raise ArgumentError("table", "must have a name, to be part of an assignment", repr(table))
    is_tuned = source is None and name.endswith(SUFFIX)
    choice = Choice(name[: -len(SUFFIX)], tune=True) if is_tuned else Choice(name)
    before = load_truth_table(name[: -len(SUFFIX)] if is_tuned else name, table.num_bits)
    if table != (TruthTable(tune(before)) if is_tuned else before):
        rule = "must be the table that is found by this name, to be part of an assignment"
        raise ArgumentError(f"multiplier {name}", rule, f"{table!r} instead of {before!r}")
    return choice._replace(sha256=before.sha256)


def read_assignment(path: str | os.PathLike[str]) -> Assignment:
    """The assignment in a JSON file.

    Args:
        path: path of a file with one object, from layers to multipliers, `{"a/Conv2D": "mul8u_drum4"}`, or to objects,
            `{"a/Conv2D": {"multiplier": "mul8u_drum4", "tune": false, "sha256": "eda35ed103be9f2a"}}`, whose entries
            are all optional. `false` instead of a multiplier means floating point. The output of `layers --json` is
            such a file.

    Returns:
        A dictionary from layer to `Choice`.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is not such a file, not a regular file, or larger than 16 MiB; the message names the file and
            the entry.
    """
    text = regular_files.read(path, MAX_BYTES)
    path = os.fspath(path)
    try:
        content = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # many brackets in brackets raise RecursionError
        raise ArgumentError(path, "must be JSON", error) from error
    if not isinstance(content, dict):
        raise ArgumentError(path, "must be an object from layer to multiplier", repr(content))
    return {layer: _choice(value, f"{path}, layer {layer}") for layer, value in content.items()}


def _choice(value: Any, where: str) -> Choice:
    if isinstance(value, str) or value is False:
        return Choice(value)
    if not isinstance(value, dict) or set(value) - DESCRIPTION - set(Choice._fields):
        raise ArgumentError(where, "must be a multiplier, or an object with multiplier, tune and sha256", repr(value))
    choice = Choice(*(value.get(field) for field in Choice._fields))
    if not isinstance(choice.multiplier, (str, type(None))) and choice.multiplier is not False:
        raise ArgumentError(f"{where}: multiplier", "must be a string or false", repr(choice.multiplier))
    if not isinstance(choice.tune, (bool, type(None))):
        raise ArgumentError(f"{where}: tune", "must be true or false", repr(choice.tune))
    if choice.sha256 is not None and not (isinstance(choice.sha256, str) and _SHA256.match(choice.sha256)):
        raise ArgumentError(f"{where}: sha256", "must have 16 to 64 hexadecimal digits", repr(choice.sha256))
    if choice.sha256 is not None and not isinstance(choice.multiplier, str):
        raise ArgumentError(f"{where}: multiplier", "must be given with a sha256", repr(choice.multiplier))
    return choice


def parse_assignment(arguments: Iterable[str]) -> Assignment:
    """The assignment in arguments `LAYER=MULTIPLIER`: a dictionary from layer to `Choice`.

    Example:
        >>> parse_assignment(["a/Conv2D=mul8u_drum4"])
        {'a/Conv2D': Choice(multiplier='mul8u_drum4', tune=None, sha256=None)}

    Raises:
        ValueError: if an argument has no `=`, or nothing before or after it.
    """
    for argument in arguments:
        if not all(argument.partition("=")):
            raise ArgumentError("assignments", "must have a layer, an equals sign and a multiplier", repr(argument))
    return {layer: Choice(multiplier) for layer, _, multiplier in (argument.partition("=") for argument in arguments)}


def write_assignment(path: str | os.PathLike[str], assignment: Mapping[str, Choice]) -> None:
    """Writes an assignment as a JSON file, which `read_assignment` reads.

    Args:
        path: where to write it; by convention it ends in `.json`.
        assignment: from the name or path of each layer to its `Choice`.

    Raises:
        OSError: if the file cannot be written.

    Example:
        >>> import os, tempfile
        >>> path = os.path.join(tempfile.mkdtemp(), "layers.json")
        >>> write_assignment(path, {"conv": Choice("mul8u_drum4", sha256="eda35ed103be9f2a"), "dense": Choice(False)})
        >>> read_assignment(path)["conv"].sha256
        'eda35ed103be9f2a'
    """
    content = {layer: _entry(choice) for layer, choice in assignment.items()}
    atomic_files.write(os.fspath(path), (json.dumps(content, indent=1) + "\n").encode())


def _entry(choice):
    entry = {field: value for field, value in choice._asdict().items() if value is not None}
    return False if entry == {"multiplier": False} else entry
