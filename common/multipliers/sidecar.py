"""The format of NAME.json beside NAME.bin, which has what is known of a multiplier besides its products."""

import decimal
import json
import os
import pathlib
from typing import Any, Dict, Mapping, Optional, Tuple

from .. import regular_files
from ..metrics import Errors
from ..paths import Path

KEYS = (
    "bits",
    "signed",
    "source",
    "power_mW",
    "area_um2",
    "delay_ns",
    "published",
    "licence",
    "sha256",
    "reading",
    "note",
    "meant",  # whether products that look like a mistake are meant as they are
)
_ONLY_IF_KNOWN = ("reading", "note", "meant")  # keys that NAME.json does not have where their value is null
COLLECTION = "multipliers.json"  # one file for all tables of a folder: a dictionary by name
MAX_BYTES = 1 << 24  # maximum size of a JSON file, in which 10,000 multipliers have room
_MAX_NUMBER = 1e300
# From the names that error figures have in the headers of EvoApproxLib to a field of metrics.Description and the factor
# that converts the field to the unit of the header.
FIGURES = {"MAE": ("mae", 1), "WCE": ("wce", 1), "EP%": ("ep", 100), "MRE%": ("mre", 100), "MSE": ("mse", 1)}
assert set(Errors._fields) <= {field for field, _ in FIGURES.values()}


def _read_json(path):
    """The object in a JSON file, `{}` if there is no such file."""
    try:
        content = json.loads(regular_files.read(path, MAX_BYTES).decode("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:  # deeply nested brackets raise RecursionError
        raise ValueError(f"{path} must be JSON that describes a multiplier; received {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} must be a JSON object; received {type(content).__name__}")
    return content


def collection(folder: Path) -> Dict[str, Any]:
    """The content of `multipliers.json` of a folder, `{}` if it has none.

    Args:
        folder: path of the folder.

    Raises:
        ValueError: if the file cannot be read, or is not JSON of an object.
    """
    return _read_json(pathlib.Path(folder) / COLLECTION)


def read(table_path: Path, sha256: Optional[str] = None) -> Dict[str, Any]:
    """What is known of a table: the content of NAME.json, else the table's entry in `multipliers.json` of its folder.

    While a table is replaced, NAME.json describes the new table and, under `previous`, the old one. The description is
    the one whose SHA-256 is that of the table. If neither is, the result has no figures.

    Args:
        table_path: path of `NAME.bin`, which need not exist.
        sha256: SHA-256 of the table; by default the result is what NAME.json says of the new table.

    Returns:
        A dictionary with every key of `KEYS`. The value of a key that is not known is `None`; `published` is a
        dictionary by the names of `FIGURES`, which may be empty. `sha256` is that of the described table, which
        differs from the argument `sha256` if the table is another one.

    Raises:
        ValueError: if a file cannot be read, is not JSON of an object, or has a value of a wrong type.
    """
    path = pathlib.Path(table_path)
    file = path.with_suffix(".json")
    content = _read_json(file)
    if not content:
        file = path.with_name(COLLECTION)
        content = collection(path.parent).get(path.name[: -len(".bin")], {})
    known = _checked(content, file)
    if sha256 in (None, known["sha256"]) or known["sha256"] is None:
        return known
    previous = _checked(content.get("previous") or {}, file)
    if previous["sha256"] == sha256:
        return previous
    return {**dict.fromkeys(KEYS), "published": {}, "sha256": known["sha256"]}


def _checked(content, path):
    """The entries of a description by every key of `KEYS`; raises a `ValueError` if one has a wrong type."""
    if not isinstance(content, dict):
        raise ValueError(f"{path} must have an object for each multiplier; received {type(content).__name__}")
    published = content.get("published") or {}
    if not isinstance(published, dict):
        raise ValueError(f"{path} must have an object of figures under published; received {type(published).__name__}")
    published = {**published, **{key: content[key] for key in FIGURES if key in content}}
    known = {**{key: content.get(key) for key in KEYS}, "published": published}
    broken = broken_rule(known)
    if broken:
        raise ValueError(f"{path} must have under {broken[0]} {broken[1]}; received {str(broken[2])[:60]!r}")
    return {**known, "published": {key: value for key, value in published.items() if value is not None}}


def broken_rule(content: Mapping[str, Any]) -> Optional[Tuple[str, str, Any]]:
    """The first entry of a description that has a wrong type: key, rule and value; `None` if there is none.

    Args:
        content: values by keys of `KEYS`. `None` is right for each key.
    """
    for key, value in content.items():
        if value is not None and key in _RULES and not _RULES[key][1](value):
            return key, _RULES[key][0], value
    for key, value in (content.get("published") or {}).items():
        if value is not None and not _is_number(value):
            return key, _RULES["power_mW"][0], value
    return None


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _MAX_NUMBER


def _is_text(value):
    return isinstance(value, str)


_NUMBER, _TEXT = ("a finite number", _is_number), ("a text", _is_text)
_RULES = {
    "bits": ("an integer", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    **dict.fromkeys(("signed", "meant"), ("true or false", lambda value: isinstance(value, bool))),
    "published": ("an object of figures", lambda value: isinstance(value, dict)),
    **dict.fromkeys(("power_mW", "area_um2", "delay_ns"), _NUMBER),
    **dict.fromkeys(("source", "licence", "sha256", "reading", "note"), _TEXT),
}


def content_of(known: Mapping[str, Any], previous: Optional[Mapping[str, Any]] = None) -> bytes:
    """The content of NAME.json.

    Args:
        known: values by keys of `KEYS`; `null` is written for a key that is missing.
        previous: values by keys of `KEYS` for the table that NAME.bin still has; `None` if no table is replaced.
    """
    content = _entries(known)
    if previous is not None:
        content["previous"] = _entries(previous)
    return (json.dumps(content, indent=1, allow_nan=False) + os.linesep).encode()


def _entries(known):
    return {key: known.get(key) for key in KEYS if key not in _ONLY_IF_KNOWN or known.get(key) is not None}


def agrees(measured: float, published: float) -> bool:
    """Whether a measured figure is the published one, to the digits that are printed.

    Example:
        >>> agrees(0.625, 0.62), agrees(0.6251, 0.62)
        (True, False)
    """
    digits = 0 if float(published).is_integer() else -int(decimal.Decimal(repr(published)).as_tuple().exponent)
    return abs(measured - published) <= 0.5 * 10.0**-digits * (1 + 1e-7)
