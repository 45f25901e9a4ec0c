"""What a search chooses from: layers, multipliers with costs, tiles, and the constraints."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any, Mapping, NamedTuple, Sequence

from tfapprox.common.argument_error import ArgumentError
from tfapprox.common.network import NetworkLayer, check_layers
from tfapprox.common.tables import load_truth_table

from .costs import Costs
from .energy import energy, is_cost

COUNTING = ("true", "published")


class Space(NamedTuple):
    """The assignments among which a search looks.

    Attributes:
        layers: names of the layers that get a multiplier, in the order of the network.
        macs: their MACs, as they are counted.
        multipliers: names of the multipliers.
        sha256: the SHA-256 of each table.
        costs: what a multiplication costs.
        tiles: number of different multipliers that an assignment may have; `None` for any number.
        fixed: multipliers of layers that cannot be chosen, by name of the layer.
        min_accuracy: accuracy below which an assignment is not on the front; `None` for none.
        max_energy: energy above which nothing is evaluated, in the unit of the costs; `None` for none.
    """

    layers: list[str]
    macs: list[int]
    multipliers: list[str]
    sha256: dict[str, str]
    costs: Costs
    tiles: int | None = None
    fixed: Mapping[str, str] = {}
    min_accuracy: float | None = None
    max_energy: float | None = None

    def energy(self, assignment: Sequence[str]) -> float:
        """The energy of an assignment, in the unit of the costs, as a mean over the multiplications.

        Args:
            assignment: name of the multiplier of each layer.
        """
        return energy(assignment, self.macs, self.costs.values)

    def allows(self, assignment: Sequence[str]) -> bool:
        """Whether an assignment meets the constraints that are known before it is evaluated.

        Args:
            assignment: name of the multiplier of each layer.
        """
        by_layer = dict(zip(self.layers, assignment))
        return (
            (self.max_energy is None or self.energy(assignment) <= self.max_energy)
            and (self.tiles is None or len(set(assignment)) <= self.tiles)
            and all(by_layer[layer] == name for layer, name in self.fixed.items())
        )

    def fingerprint(self) -> dict[str, Any]:
        """What must be the same when a search is continued: values of JSON, each by its description."""
        return {
            "layers": list(self.layers),
            "MACs": list(self.macs),
            "tables": {name: self.sha256[name] for name in self.multipliers},
            "costs": {name: self.costs.values[name] for name in self.multipliers},
            "unit of the costs": self.costs.unit,
            "tiles": self.tiles,
            "fixed layers": dict(self.fixed),
            "maximal energy": self.max_energy,
        }


def make_space(
    layers: Sequence[NetworkLayer],
    multipliers: Sequence[str],
    costs: Costs,
    *,
    counting: str = "true",
    tiles: int | None = None,
    fixed: Mapping[str, str] | None = None,
    exclude: Sequence[str] = (),
    min_accuracy: float | None = None,
    max_energy: float | None = None,
) -> Space:
    """Checks what a search chooses from.

    Args:
        layers: the layers of the network.
        multipliers: names or paths of multipliers.
        costs: what a multiplication costs.
        counting: `"true"`, or `"published"` as in the ALWANN publication.
        tiles: number of different multipliers that an assignment may have, 1 or more; by default any number.
        fixed: from the name of a layer to its multiplier, which is added to `multipliers`.
        exclude: names of layers that keep the multiplier that they have, and do not count for the energy.
        min_accuracy: accuracy, or measure of one's own, below which an assignment is not on the front.
        max_energy: energy above which nothing is evaluated, in the unit of the costs.

    Raises:
        FileNotFoundError: if there is no such multiplier.
        ValueError: if a layer does not exist, a cost is missing, a table does not fit, or an argument is not possible.
    """
    fixed = dict(fixed or {})
    known = [layer.name for layer in layers]
    check_layers(fixed, known)
    check_layers(dict.fromkeys(exclude), known)
    if counting not in COUNTING:
        raise ArgumentError("counting", "must be 'true' or 'published'", repr(counting))
    chosen = [layer for layer in layers if layer.name not in exclude]
    if set(fixed) & set(exclude):
        raise ArgumentError("exclude", "must not name fixed layers", sorted(set(fixed) & set(exclude))[0])
    if not chosen:
        raise ArgumentError("exclude", "must leave a layer", "all layers")
    names = list(dict.fromkeys([*multipliers, *fixed.values()]))
    if not names:
        raise ArgumentError("multipliers", "must be one or more", "none")
    tables = {name: load_truth_table(name, chosen[0].multiplier.num_bits) for name in names}
    for name, table in tables.items():
        if table.signed != chosen[0].multiplier.signed:
            kinds = {True: "signed", False: "unsigned"}
            rule = f"must be {kinds[chosen[0].multiplier.signed]}, as the layers of the network are"
            raise ArgumentError("multipliers", rule, name)
        if not is_cost(costs.values.get(name)):
            raise ArgumentError("costs", "must be known for all multipliers", f"none for {name}")
    if tiles is not None and (tiles < 1 or tiles < len(set(fixed.values()))):
        raise ArgumentError("tiles", "must be at least 1, and the number of multipliers of fixed layers", tiles)
    if min_accuracy is not None and not math.isfinite(min_accuracy):
        raise ArgumentError("min_accuracy", "must be finite", min_accuracy)
    macs = [layer.macs if counting == "true" else layer.published_macs for layer in chosen]
    sha256 = {name: table.sha256 for name, table in tables.items()}
    space = Space([x.name for x in chosen], macs, names, sha256, costs, tiles, fixed, min_accuracy, max_energy)
    has_free_tile = tiles is None or tiles > len(set(fixed.values()))
    cheapest = min(names if has_free_tile else fixed.values(), key=lambda name: costs.values[name])
    lowest = space.energy([fixed.get(layer, cheapest) for layer in space.layers])
    if max_energy is not None and not (math.isfinite(max_energy) and max_energy >= lowest):
        raise ArgumentError("max_energy", f"must be at least {lowest:g} {costs.unit}, the lowest energy", max_energy)
    return space


def data_hash(*arrays: Any) -> str:
    """A SHA-256 of arrays, of which some may be `None`; 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for array in arrays:
        header = "none" if array is None else json.dumps([str(array.dtype), list(array.shape)])
        digest.update(header.encode())
        if array is not None:
            digest.update(array.tobytes())
    return digest.hexdigest()
