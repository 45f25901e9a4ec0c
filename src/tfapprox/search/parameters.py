"""Assignments as parameters of Optuna, from which its samplers make others."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from .space import Space

_DRAWS = 1000


class Parameters:
    """What the parameters of a trial mean: the multiplier of each layer, or tiles and the tile of each layer.

    Tiles are parameters if an assignment may have fewer different multipliers than there are layers.

    Args:
        space: what is chosen from.
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        self._free = [layer for layer in space.layers if layer not in space.fixed]
        self._has_tiles = space.tiles is not None and space.tiles < len(space.layers)

    def of(self, assignment: Sequence[str]) -> dict[str, Any]:
        """The parameters that mean an assignment.

        Args:
            assignment: name of the multiplier of each layer.
        """
        by_layer, fixed = dict(zip(self._space.layers, assignment)), self._space.fixed
        if not self._has_tiles:
            return {f"layer {layer}": by_layer[layer] for layer in self._free}
        tiles = list(dict.fromkeys([*fixed.values(), *assignment]))
        own = [*tiles, *[tiles[-1]] * (self._space.tiles or 0)][: self._space.tiles]
        parameters: dict[str, Any] = {f"tile {i}": own[i] for i in range(len(set(fixed.values())), len(own))}
        return {**parameters, **{f"layer {layer}": own.index(by_layer[layer]) for layer in self._free}}

    def assignment(self, trial: Any) -> tuple[str, ...]:
        """The assignment that the parameters of a trial mean, which the sampler chooses where they are not known yet.

        Args:
            trial: a trial of Optuna that runs.
        """
        names, fixed = self._space.multipliers, self._space.fixed
        if not self._has_tiles:
            chosen = {layer: trial.suggest_categorical(f"layer {layer}", names) for layer in self._free}
        else:
            count, tiles = self._space.tiles or 0, list(dict.fromkeys(fixed.values()))
            tiles += [trial.suggest_categorical(f"tile {i}", names) for i in range(len(tiles), count)]
            indices = list(range(count))
            chosen = {layer: tiles[trial.suggest_categorical(f"layer {layer}", indices)] for layer in self._free}
        return tuple(fixed.get(layer) or chosen[layer] for layer in self._space.layers)

    def random(self, rng: np.random.Generator, taken: set[tuple[str, ...]]) -> tuple[str, ...] | None:
        """A random assignment that the space allows, or `None` if several draws find none.

        Args:
            rng: random numbers.
            taken: assignments that are not wanted.
        """
        names, fixed = self._space.multipliers, self._space.fixed
        for _ in range(_DRAWS):
            tiles = rng.choice(names, min(self._space.tiles or len(names), len(names)), replace=False)
            chosen = tuple(fixed.get(layer, str(rng.choice(tiles))) for layer in self._space.layers)
            if chosen not in taken and self._space.allows(chosen):
                return chosen
        return None
