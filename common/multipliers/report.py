"""What is known of multipliers, as dictionaries that JSON can hold: a line for each in a list, and all of one."""

from .. import metrics, native, plans
from . import registry, sidecar, storage


def summarise(multiplier):
    """The figures of a multiplier that fit a line.

    Args:
        multiplier: a `storage.Multiplier`.

    Returns:
        A dictionary: `name`, `bits`, `signed`, `MAE`, `WCE`, `MRE%`, `EP%` as measured, `power_mW` or `None`, and
        `path`, which is `None` for a built-in one.
    """
    measured = metrics.errors(multiplier.table)
    return {
        "name": multiplier.name,
        "bits": multiplier.num_bits,
        "signed": multiplier.signed,
        **{key: getattr(measured, sidecar.FIGURES[key][0]) * sidecar.FIGURES[key][1] for key in _IN_A_LINE},
        "power_mW": multiplier.sidecar["power_mW"],
        "path": multiplier.path and str(multiplier.path),
    }


_IN_A_LINE = ("MAE", "WCE", "MRE%", "EP%")


def load_all(progress=iter):
    """All multipliers that can be loaded: the built-in ones that are listed, then the files by name.

    Args:
        progress: function that is given the list of names and iterates it.

    Returns:
        Two lists: the `storage.Multiplier`, and pairs of a file's path and why it is none.
    """
    multipliers, failures, files = [], [], registry.table_files()
    for name, paths in progress([*((name, []) for name in registry.built_in_descriptions()), *files.items()]):
        if paths and native.table_source(name) != "search path":
            failures += _out_of_reach(name, paths)
            continue
        try:
            multipliers.append(storage.load(name))
        except (OSError, ValueError) as error:
            failures.append((paths[0], str(error)))
    return multipliers, failures


def _out_of_reach(name, paths):
    """Files that no operation finds by their name, and why; not those that hold what it finds instead."""
    if not name or native.table_source(name) == "path":
        return [(path, "an operation takes this name for something else") for path in paths]
    expected = storage.load(name).table.tobytes()
    return [(path, "hidden by the built-in multiplier of this name") for path in paths if path.read_bytes() != expected]


def _values(row):
    """A row or column in short."""
    return {"min": int(row.min()), "max": int(row.max()), "nonzero": int((row != 0).sum())}


def _plan(table, num_bits):
    """Name and number of terms of the plan that the core carries out, and the terms of all that are possible."""
    chosen = plans.plan(table, num_bits)
    terms = {plan.name: plan.terms for plan in plans.plans(table, num_bits)}
    return {"name": chosen, "terms": terms[chosen], "path": native.path(), "possible": terms}


def load_details(name_or_path):
    """Everything about a multiplier.

    Args:
        name_or_path: as `storage.load` takes it, whose errors are raised.

    Returns:
        A dictionary: what `summarise` has, `MSE`, `bias`, `worst` (operands, product and exact product of the first
        pair of the greatest error), `symmetric`, `zero_row` and `zero_column` (least, greatest and number of non-zero
        products of activation 0 and of weight 0), `plan` (name, number of terms, CPU path, terms of all possible
        plans), `published` (a dictionary from figure to its published value and whether the measured one agrees to the
        printed digits), `area_um2`, `delay_ns`, `source`, `licence`, `hash`, `changed` (whether the file is another one
        than NAME.json describes), `hidden` (files of the same name that are not found by it).
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
        **{key: known[key] for key in ("area_um2", "delay_ns", "source", "licence")},
        "hash": f"{native.table_hash(multiplier.table):016x}",
        "changed": storage.is_changed(multiplier),
        "hidden": [str(path) for path in multiplier.hidden],
    }
