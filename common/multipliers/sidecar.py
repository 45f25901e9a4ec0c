"""NAME.json beside NAME.bin: what is known of a multiplier besides its products."""

import decimal
import json
import os
import pathlib
from typing import Any, Dict, Mapping

from ..metrics import Errors
from .path import Path

KEYS = ("bits", "signed", "source", "power_mW", "area_um2", "delay_ns", "published", "licence", "sha256")
COLLECTION = "multipliers.json"  # one file for all tables of a folder: a dictionary by name
# From the names that error figures have in the headers of EvoApproxLib to a field of metrics.Description and the factor
# that converts the field to the unit of the header.
FIGURES = {"MAE": ("mae", 1), "WCE": ("wce", 1), "EP%": ("ep", 100), "MRE%": ("mre", 100), "MSE": ("mse", 1)}
assert set(Errors._fields) <= {field for field, _ in FIGURES.values()}


def _read_json(path):
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} must be JSON that describes a multiplier; received {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} must be a JSON object; received {type(content).__name__}")
    return content


def read(table_path: Path) -> Dict[str, Any]:
    """What is known of a table: the content of NAME.json, else the table's entry in `multipliers.json` of its folder.

    Args:
        table_path: path of `NAME.bin`, which need not exist.

    Returns:
        A dictionary with every key of `KEYS`. The value of a key that is not known is `None`; `published` is a
        dictionary by the names of `FIGURES`, which may be empty.

    Raises:
        ValueError: if a file cannot be read, or is not JSON of an object.
    """
    path = pathlib.Path(table_path)
    content = _read_json(path.with_suffix(".json"))
    if not content:
        content = _read_json(path.with_name(COLLECTION)).get(path.name[: -len(".bin")], {})
    published = dict(content.get("published") or {})
    published.update({key: content[key] for key in FIGURES if key in content})
    return {**{key: content.get(key) for key in KEYS}, "published": published}


def write(table_path: Path, content: Mapping[str, Any]) -> None:
    """Writes NAME.json beside a table.

    Args:
        table_path: path of `NAME.bin`, which need not exist.
        content: values by keys of `KEYS`; `None` is written for a key that is missing.

    Raises:
        OSError: if the file cannot be written.
    """
    text = json.dumps({key: content.get(key) for key in KEYS}, indent=1)
    pathlib.Path(table_path).with_suffix(".json").write_text(text + os.linesep, encoding="utf-8")


def agrees(measured: float, published: float) -> bool:
    """Whether a measured figure is the published one, to the digits that are printed.

    Example:
        >>> agrees(0.625, 0.62), agrees(0.6251, 0.62)
        (True, False)
    """
    digits = 0 if float(published).is_integer() else -int(decimal.Decimal(repr(published)).as_tuple().exponent)
    return abs(measured - published) <= 0.5 * 10.0**-digits * (1 + 1e-7)
