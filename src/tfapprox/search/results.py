"""The results of a search as files: front.json, front.csv, and an assignment file for each point."""

from __future__ import annotations

import csv
import importlib
import io
import json
import os
import platform
from typing import Any, Mapping, Sequence

from tfapprox import __version__
from tfapprox.common import atomic_files
from tfapprox.common.assignment import Choice, write_assignment
from tfapprox.common.truth_table import MAX_BITS, MIN_BITS, TruthTable

from .engine import Search
from .front import Point, hypervolume

_PACKAGES = ("numpy", "scipy", "optuna", "tensorflow", "keras")
_EXACT = frozenset(
    table.sha256 for table in (TruthTable.exact(signed=True), *map(TruthTable.exact, range(MIN_BITS, MAX_BITS + 1)))
)


def reference(search: Search) -> tuple[str, bool]:
    """The multiplier whose energy is 100 %, and whether it is exact.

    It is the exact multiplier that costs least. If no exact one is searched, it is the multiplier that costs most.

    Args:
        search: a search.
    """
    space = search.space
    exact = [name for name in space.multipliers if space.sha256[name] in _EXACT]
    if exact:
        return min(exact, key=space.costs.values.__getitem__), True
    return max(space.multipliers, key=space.costs.values.__getitem__), False


def reference_energy(search: Search) -> float:
    """The energy of the multiplier that `reference` chooses, in the unit of the costs.

    Args:
        search: a search.
    """
    return search.space.costs.values[reference(search)[0]]


def curve(points: Sequence[Point], max_energy: float, min_accuracy: float = 0.0) -> list[float]:
    """The hypervolume after each evaluation, relative to a gain in accuracy of 1 at no energy.

    Args:
        points: what was evaluated on all samples.
        max_energy: energy where the hypervolume ends.
        min_accuracy: accuracy where the hypervolume ends.
    """
    last = max((point.number for point in points), default=-1)
    return [
        hypervolume([point for point in points if point.number <= number], max_energy, min_accuracy) / max_energy
        for number in range(last + 1)
    ]


def contents(search: Search, command: str = "") -> dict[str, Any]:
    """Everything about a finished search, as values of JSON.

    Args:
        search: a search.
        command: the command that repeats it.
    """
    space, points, front = search.space, search.points(), search.front()
    complete = [point for point in points if point.samples == len(search.data.x)]
    used = sorted({name for point in points for name in point.assignment})
    accuracies = [point.accuracy for point in complete]
    lowest = 0.0 if search.measures_accuracy else min(accuracies, default=0.0)
    return {
        "command": command,
        "versions": {"tfapprox": __version__, "python": platform.python_version(), **_versions()},
        "fingerprint": search.study.user_attrs["tfapprox"],
        "seed": search.settings.seed,
        "samples": len(search.data.x),
        "measure": search.measure,
        "compensated": search.network.is_compensated,
        "evaluations": len(points),
        "stopped early": sum(point.samples < len(search.data.x) for point in points),
        "unit": space.costs.unit,
        "source": space.costs.source,
        "reference": reference(search)[0],
        "reference is exact": reference(search)[1],
        "reference energy": reference_energy(search),
        "hypervolume": curve(complete, reference_energy(search), lowest),
        "hypervolume from": lowest,
        "minimal accuracy": space.min_accuracy,
        "highest accuracy": max(accuracies, default=None),
        "layers": space.layers,
        "macs": space.macs,
        "sha256": {name: space.sha256[name] for name in used},
        "costs": {name: space.costs.values[name] for name in used},
        "front": [_entry(point, f"front-{index:02d}.json", search) for index, point in enumerate(front)],
        "uniform": [_entry(point, None, search) for point in complete if len(set(point.assignment)) == 1],
    }


def unmet(known: Mapping[str, Any]) -> str:
    """The sentence that says why a front has no point.

    Args:
        known: what front.json has.
    """
    highest, floor = known["highest accuracy"], known["minimal accuracy"]
    if highest is None or floor is None:
        return "No assignment was evaluated on all samples."
    return f"No assignment has the minimal {known['measure']}, {floor:g}; the highest one found is {highest:g}."


def _entry(point: Point, file: str | None, search: Search) -> dict[str, Any]:
    assignment = dict(zip(search.space.layers, point.assignment))
    energy = {"energy": point.energy, "relative_energy": point.energy / reference_energy(search)}
    entry = {"accuracy": point.accuracy, **energy, "origin": point.origin, "evaluation": point.number}
    return {**entry, "file": file, "assignment": assignment}


def _versions():
    metadata: Any = importlib.import_module("importlib.metadata")  # Python 3.7, which imports this module, lacks it
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def write_results(search: Search, folder: str, command: str = "") -> tuple[dict[str, Any], list[str]]:
    """Writes front.json, front.csv, and `front-00.json` and so on, one assignment for each point of the front.

    The assignments are files for `approximate_model`, `set_multiplier` and the command `set` of frozen graphs.

    Args:
        search: a search.
        folder: where to write, which is made if it does not exist.
        command: the command that repeats the search.

    Returns:
        What front.json has, and the paths of the files.

    Raises:
        OSError: if a file cannot be written.
    """
    os.makedirs(folder, exist_ok=True)
    known = contents(search, command)
    written = []
    for entry in known["front"]:
        choices = {layer: Choice(name, sha256=search.space.sha256[name]) for layer, name in entry["assignment"].items()}
        written.append(os.path.join(folder, entry["file"]))
        write_assignment(written[-1], choices)
    return known, written + write_front(known, folder)


def write_front(known: Mapping[str, Any], folder: str) -> list[str]:
    """Writes front.csv and front.json, and returns the paths of both.

    Args:
        known: what front.json gets.
        folder: where to write, which exists.

    Raises:
        OSError: if a file cannot be written.
    """
    written = []
    for name, text in (("front.csv", _csv(known)), ("front.json", json.dumps(known, indent=1) + "\n")):
        written.append(os.path.join(folder, name))
        atomic_files.write(written[-1], text.encode())
    return written


def _csv(known: Mapping[str, Any]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    layers: Sequence[str] = known["layers"]
    retrained = ["retrained_accuracy"] if any("retrained_accuracy" in entry for entry in known["front"]) else []
    keys = ["energy", "relative_energy", "accuracy", *retrained, "origin", "evaluation", "file"]
    header = [f"energy ({known['unit']})", *keys[1:]]
    writer.writerow([*header, *layers, *(f"sha256 of {layer}" for layer in layers)])
    for entry in known["front"]:
        figures = [entry[key] for key in keys]
        names = [entry["assignment"][layer] for layer in layers]
        writer.writerow([*figures, *names, *(known["sha256"][name][:16] for name in names)])
    return text.getvalue()
