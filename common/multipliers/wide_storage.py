"""Files `NAME.multiplier.json` of multipliers that no operation computes with: figures and, up to 8 bits, products."""

import json
import os
import pathlib
import re
from typing import Any, Dict, List, NamedTuple, Optional

import numpy as np

from .. import atomic_files, file_locks, regular_files
from ..argument_error import ArgumentFileExistsError
from ..metrics import Pair
from ..paths import Path, expanded
from . import registry, sidecar
from .wide_figures import WideFigures

SUFFIX = ".multiplier.json"
KNOWN = ("source", "power_mW", "area_um2", "delay_ns", "licence", "published")


class WideMultiplier(NamedTuple):
    """A multiplier that no operation computes with.

    Attributes:
        name: its name.
        path: path of its file.
        activation_bits: width of the activation in bits.
        weight_bits: width of the weight in bits.
        signed: whether operands and products are two's complement numbers.
        figures: its error figures.
        products: int64 array `[2**activation_bits, 2**weight_bits]` in the order of the codes, if no operand has more
            than 8 bits; else `None`.
        known: a dictionary with `source`, `power_mW`, `area_um2`, `delay_ns`, `licence` and `published`.
    """

    name: str
    path: pathlib.Path
    activation_bits: int
    weight_bits: int
    signed: bool
    figures: WideFigures
    products: Optional[np.ndarray]
    known: Dict[str, Any]


def store(multiplier: WideMultiplier, force: bool = False) -> None:
    """Writes the file of a multiplier to its path, whose folder is made if it does not exist.

    Args:
        multiplier: the multiplier.
        force: whether a file of this name is replaced.

    Raises:
        FileExistsError: if there is a file of this name and `force` is not set.
        OSError: if the file cannot be written.
    """
    folder = multiplier.path.parent
    folder.mkdir(parents=True, exist_ok=True)
    fields = multiplier._asdict()
    content = {
        **{key: fields[key] for key in ("name", "activation_bits", "weight_bits", "signed")},
        "figures": {**multiplier.figures._asdict(), "worst": list(multiplier.figures.worst)},
        **multiplier.known,
        "products": None if multiplier.products is None else multiplier.products.ravel().tolist(),
    }
    with file_locks.locked(folder):
        if multiplier.path.exists() and not force:
            received, remedy = f"{multiplier.name!r}, which is there", ("force=True", "replaces it")
            raise ArgumentFileExistsError("name", f"must be new in {folder}", received, remedy)
        atomic_files.write(multiplier.path, (json.dumps(content, allow_nan=False) + "\n").encode())


def activation_first(multiplier: WideMultiplier) -> str:
    """The name of a multiplier, with the width of the activation before that of the weight: `mul8x4u_X`."""
    bits = multiplier.activation_bits, multiplier.weight_bits
    widths = "x".join(map(str, bits if bits[0] != bits[1] else bits[:1]))
    return re.sub(r"\Amul\d+(x\d+)?", f"mul{widths}", multiplier.name)


def find_wide(name_or_path: Path) -> Optional[pathlib.Path]:
    """Path of the file of a multiplier that no operation computes with; `None` if there is none.

    Args:
        name_or_path: name of the multiplier, which is looked up in the folders of `search_path()`, or path of a
            `.multiplier.json` file.
    """
    text = str(name_or_path)
    if text.endswith(SUFFIX):
        return expanded(name_or_path)
    if "/" in text:
        return None
    paths = (folder / f"{text}{SUFFIX}" for folder in registry.search_path())
    # os.path.isfile is false for a folder that cannot be read, where pathlib raises an exception.
    return next((path for path in paths if os.path.isfile(str(path))), None)


def wide_files() -> List[pathlib.Path]:
    """Paths of the multipliers that no operation computes with, in the folders of `search_path()`, sorted by name."""
    folders = dict.fromkeys(registry.search_path())
    return sorted((path for folder in folders for path in folder.glob(f"*{SUFFIX}")), key=lambda path: path.name)


def load_wide(path: Path) -> WideMultiplier:
    """Reads a file that `import_wide` wrote.

    Args:
        path: path of a `.multiplier.json` file.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if the file is of another form.
    """
    path = expanded(path)
    try:
        content = json.loads(regular_files.read(path, sidecar.MAX_BYTES).decode("utf-8"))
        bits = int(content["activation_bits"]), int(content["weight_bits"])
        figures = WideFigures(**{**content["figures"], "worst": Pair(*content["figures"]["worst"])})
        products = content["products"]
        if products is not None:
            products = np.array(products, np.int64).reshape(tuple(1 << width for width in bits))
        known = {key: content[key] for key in KNOWN}
        return WideMultiplier(content["name"], path, *bits, bool(content["signed"]), figures, products, known)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} must be a file of `import_wide`; received {type(error).__name__}: {error}") from error
