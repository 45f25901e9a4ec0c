"""What is known of multipliers, as dictionaries that JSON can hold."""

import pathlib
from typing import Any, Callable, Dict, Iterable, List, Tuple

from .. import metrics, native, plans
from ..argument_error import error_message
from ..paths import Path
from . import identity, registry, sidecar, storage

_SUMMARISED = ("MAE", "WCE", "MRE%", "EP%")


def summarise(multiplier: storage.Multiplier) -> Dict[str, Any]:
    """The figures of a multiplier that fit a line.

    Args:
        multiplier: the `Multiplier`.

    Returns:
        A dictionary: `name`, `bits`, `signed`; the measured errors `MAE`, `WCE`, `MRE%` and `EP%`; `power_mW`,
        `area_um2` and `delay_ns`, which may be `None`; `path`, which is `None` for a built-in multiplier; and `sha256`,
        the hash of the table.

    Example:
        >>> summarise(storage.load("mul8u_drum4"))["WCE"]
        7425.0
    """
    measured = metrics.errors(multiplier.table)
    return {
        "name": multiplier.name,
        "bits": multiplier.num_bits,
        "signed": multiplier.signed,
        **{key: getattr(measured, sidecar.FIGURES[key][0]) * sidecar.FIGURES[key][1] for key in _SUMMARISED},
        **{key: multiplier.sidecar[key] for key in ("power_mW", "area_um2", "delay_ns")},
        "path": multiplier.path and str(multiplier.path),
        "sha256": multiplier.table.sha256,
    }


def load_all(
    progress: Callable[[List[Any]], Iterable[Any]] = iter,
) -> Tuple[List[storage.Multiplier], List[Tuple[pathlib.Path, str]]]:
    """Loads all multipliers: the built-in ones that are listed, then the files in the folders, sorted by name.

    A file that `make` wrote is among them, also if its name is that of the construction, which is built in.

    Args:
        progress: function that is given a list with one item for each multiplier and iterates over it, such as
            `rich.progress.track`.

    Returns:
        The multipliers; and the path of each file or folder that cannot be used, with the reason.
    """
    files, failures = registry.listing()
    failures = [*failures, *_broken_collections()]
    multipliers = []
    names = [*((name, []) for name in registry.built_in_descriptions()), *files.items()]
    for name, paths in progress(names):
        try:
            if not paths or native.table_source(name) == "search path":
                multipliers.append(storage.load(name))
                continue
            failures += _out_of_reach(name, paths)
            if registry.is_made(name, paths[0]):
                multipliers.append(storage.load(paths[0]))
        except (OSError, ValueError) as error:
            failures.append((paths[0] if paths else pathlib.Path(name), error_message(error, {})))
    return multipliers, failures


def _broken_collections():
    """The files `multipliers.json` that cannot be read, each with the reason."""
    for folder in registry.search_path():
        try:
            sidecar.collection(folder)
        except ValueError as error:
            yield folder / sidecar.COLLECTION, str(error)


def _out_of_reach(name, paths):
    """Files that no operation finds by `name`, each with the reason; a copy of what it finds instead is left out."""
    if not name or native.table_source(name) == "path":
        return [(path, "an operation takes this name for something else") for path in paths]
    reason = "hidden by the built-in multiplier of this name"
    return [(path, reason) for path in paths if not registry.is_copy(name, path)]


def _values(row):
    """Minimum, maximum and number of non-zero products of a row or column."""
    return {"min": int(row.min()), "max": int(row.max()), "nonzero": int((row != 0).sum())}


def _plan(table, num_bits):
    """The plan that the core uses on this CPU: its name, its number of terms, the CPU path, and all possible plans."""
    chosen = plans.plan(table, num_bits)
    terms = {plan.name: plan.terms for plan in plans.plans(table, num_bits)}
    return {"name": chosen, "terms": terms[chosen], "path": native.path(), "possible": terms}


def load_details(name_or_path: Path) -> Dict[str, Any]:
    """Loads a multiplier and returns everything that is known of it.

    Args:
        name_or_path: name of a built-in multiplier; path of a `.bin` file (a string with `/` or ending in `.bin`, or a
            path object), which may begin with `~`; or `NAME` of a `NAME.bin` in a folder of `search_path()`. The first
            of these that fits counts. `""` is the exact product.

    Returns:
        A dictionary with the keys

        * `name`, `bits`, `signed`, `path` (`None` for a built-in multiplier), `sha256` of the table;
        * `MAE`, `WCE`, `MRE%`, `EP%`, `MSE`, `bias`: the measured errors;
        * `worst`: operands, product and exact product of the first pair with the maximal error;
        * `symmetric`: whether the operands can be swapped;
        * `zero_row`, `zero_column`: minimum, maximum and number of non-zero products of activation 0 and of weight 0;
        * `plan`: name and number of terms of the plan in use, the CPU path, and the terms of all possible plans;
        * `published`: from a figure to its published value and whether the measured one agrees to the printed digits;
        * `power_mW`, `area_um2`, `delay_ns`, `source`, `licence`, `reading`, `note`: `None` where NAME.json does not
          say them;
        * `hash`: the content hash of the table;
        * `changed`: whether the table has another SHA-256 than NAME.json says;
        * `hidden`: other files of the same name, which no operation finds by the name;
        * `namesakes`: from each file of the same name that holds another circuit to the SHA-256 of its table.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        OSError: if the file cannot be read.
        ValueError: if the file is not a table, or its NAME.json is not JSON.

    Example:
        >>> details = load_details("mul8u_kulkarni")
        >>> details["worst"]
        {'a': 255, 'w': 255, 'product': 50575, 'exact': 65025}
    """
    multiplier = storage.load(name_or_path)
    known, description = multiplier.sidecar, metrics.describe(multiplier.table)
    measured = {key: getattr(description, field) * unit for key, (field, unit) in sidecar.FIGURES.items()}
    return {
        **summarise(multiplier),
        "MSE": description.mse,
        "bias": description.bias,
        "worst": dict(description.worst._asdict()),
        "symmetric": description.symmetric,
        "zero_row": _values(description.zero_row),
        "zero_column": _values(description.zero_column),
        "plan": _plan(multiplier.table, multiplier.num_bits),
        "published": {
            key: {"value": value, "agrees": sidecar.agrees(measured[key], value)}
            for key, value in known["published"].items()
            if key in measured
        },
        **{key: known[key] for key in ("source", "licence", "reading", "note")},
        "hash": f"{native.table_hash(multiplier.table):016x}",
        "changed": storage.is_changed(multiplier),
        "hidden": [str(path) for path in multiplier.hidden],
        "namesakes": {str(path): other for path, other in identity.namesakes(multiplier.table).items()},
    }
