"""NAME.json beside NAME.bin: what is known of a multiplier besides its products."""

import decimal
import hashlib
import json
import os
import pathlib

from ..metrics import Errors

KEYS = ("bits", "signed", "source", "power_mW", "area_um2", "delay_ns", "published", "licence", "sha256")
COLLECTION = "multipliers.json"  # one file for all tables of a folder: a dictionary by name
# Published figures by the names of EvoApproxLib's file headers, as the fields of metrics and their unit.
FIGURES = {"MAE": ("mae", 1), "WCE": ("wce", 1), "EP%": ("ep", 100), "MRE%": ("mre", 100), "MSE": ("mse", 1)}
assert set(Errors._fields) <= {field for field, _ in FIGURES.values()}


def sha256(path):
    """Hexadecimal SHA-256 of a file."""
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


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


def read(table_path):
    """What NAME.json says of a table's file, else `multipliers.json` of its folder.

    Args:
        table_path: path of `NAME.bin`, which need not exist.

    Returns:
        A dictionary with all of `KEYS`; what is not known is `None`, and `published` may be empty.

    Raises:
        ValueError: if a file is not JSON.
    """
    path = pathlib.Path(table_path)
    content = _read_json(path.with_suffix(".json"))
    if not content:
        content = _read_json(path.with_name(COLLECTION)).get(path.name[: -len(".bin")], {})
    published = dict(content.get("published") or {})
    published.update({key: content[key] for key in FIGURES if key in content})
    return {**{key: content.get(key) for key in KEYS}, "published": published}


def write(table_path, content):
    """Writes NAME.json; `content` has some of `KEYS`."""
    text = json.dumps({key: content.get(key) for key in KEYS}, indent=1)
    pathlib.Path(table_path).with_suffix(".json").write_text(text + os.linesep, encoding="utf-8")


def agrees(measured, published):
    """Whether a measured figure is the published one to its printed digits."""
    digits = 0 if float(published).is_integer() else -decimal.Decimal(repr(published)).as_tuple().exponent
    return abs(measured - published) <= 0.5 * 10.0**-digits * (1 + 1e-7)
