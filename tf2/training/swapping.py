"""Callbacks of `fit` that change multipliers and ranges between steps."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

import keras
import numpy as np

from tfapprox.common.argument_error import ArgumentError

from ..approximate_products import ApproximateProducts
from ..layer_paths import layers_by_path
from ..set_multiplier import Multipliers, set_multiplier


class GradualSwap(keras.callbacks.Callback):
    """Goes through a list of multipliers while a network is trained, usually from small errors to large ones.

    Args:
        multipliers: names, paths, tables, or dictionaries from layers to these; each is an argument of
            `set_multiplier`.
        epochs: number of epochs with each of them. The last one stays.

    Raises:
        ArgumentError: if there is no multiplier, or no epoch.

    Example:
        >>> from tfapprox.tf2 import FakeApproxDense
        >>> model = keras.Sequential([keras.Input([4]), FakeApproxDense(2)])
        >>> model.compile("sgd", "mse")
        >>> swap = GradualSwap(["mul8u_trunc4", "mul8u_trunc6"])
        >>> history = model.fit(np.ones([8, 4]), np.ones([8, 2]), epochs=2, callbacks=[swap], verbose=0)
        >>> model.layers[0].multiplier.name
        'mul8u_trunc6'
    """

    def __init__(self, multipliers: Sequence[Multipliers], epochs: int = 1) -> None:
        super().__init__()
        self._multipliers = list(multipliers)
        if not self._multipliers:
            raise ArgumentError("multipliers", "must have at least one", "none")
        if epochs < 1:
            raise ArgumentError("epochs", "must be at least 1", epochs)
        self._epochs = epochs

    def on_train_begin(self, logs: Any = None) -> None:
        """Refuses a training that ends before the last multiplier; called by Keras."""
        first = (len(self._multipliers) - 1) * self._epochs
        if self.params["epochs"] <= first:
            raise ArgumentError(
                "epochs", f"must be more than {first} to reach the last multiplier", self.params["epochs"]
            )

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Sets the multiplier of the epoch; called by Keras."""
        set_multiplier(self.model, self._multipliers[min(epoch // self._epochs, len(self._multipliers) - 1)])


class JointChoice(keras.callbacks.Callback):
    """Chooses the multipliers of layers while the weights are trained: it changes tables every few steps.

    In each round, every layer gets one of the candidates by chance. The loss of the round, in units of the mean loss of
    all rounds so far, is a sample of the score of each candidate in its layer. Candidates are drawn with probability
    proportional to `exp(-(score + cost_weight * cost) / temperature)`, so that good and cheap ones become frequent. At
    the end, each layer gets its best candidate.

    The random numbers depend on the seed and the number of the round only. `TrainingCheckpoint` keeps the scores.

    Args:
        candidates: dictionary from names of your choice to multipliers, each a name, a path or a table.
        every: number of steps in a round.
        costs: cost of each candidate, such as its power relative to that of the exact multiplier; 0 by default.
        cost_weight: how much loss, relative to the mean loss, a cost of 1 is worth.
        temperature: how much worse, relative to the mean loss, a candidate may be and still be drawn often.
        layers: paths of the layers that get candidates; all approximate layers by default.
        seed: integer from 0.

    Raises:
        ArgumentError: if an argument is not possible.

    Example:
        >>> from tfapprox.tf2 import FakeApproxDense
        >>> model = keras.Sequential([keras.Input([4]), FakeApproxDense(2, name="dense")])
        >>> model.compile("sgd", "mse")
        >>> choice = JointChoice({name: name for name in ("mul8u_trunc4", "mul8u_drum4")}, every=2)
        >>> history = model.fit(np.ones([64, 4]), np.ones([64, 2]), batch_size=4, callbacks=[choice], verbose=0)
        >>> sorted(choice.best) == ["dense"] and model.layers[0].multiplier.name == choice.best["dense"]
        True
    """

    def __init__(
        self,
        candidates: Mapping[str, Any],
        every: int = 10,
        *,
        costs: Mapping[str, float] | None = None,
        cost_weight: float = 1.0,
        temperature: float = 0.1,
        layers: Sequence[str] | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self._candidates, self._names = dict(candidates), list(candidates)
        self._every, self._temperature, self._seed = every, temperature, seed
        if not self._names:
            raise ArgumentError("candidates", "must have at least one multiplier", "none")
        if every < 1:
            raise ArgumentError("every", "must be at least 1", every)
        if not temperature > 0:
            raise ArgumentError("temperature", "must be more than 0", temperature)
        costs = dict.fromkeys(self._names, 0.0) if costs is None else costs
        missing = [name for name in self._names if name not in costs]
        if missing:
            raise ArgumentError("costs", "must be known for all candidates", f"none for {missing[0]!r}")
        self._costs = cost_weight * np.array([costs[name] for name in self._names])
        self._layers = None if layers is None else list(layers)
        self._round, self._step, self._sum, self._before = 0, 0, 0.0, 0.0
        self._total: list[float] = [0.0, 0.0]  # number of rounds, and sum of their losses

    def set_model(self, model: keras.Model) -> None:
        """Finds the layers; called by Keras."""
        super().set_model(model)
        if self._layers is None:
            self._layers = [path for path, x in layers_by_path(model) if isinstance(x, ApproximateProducts)]
        if not hasattr(self, "_scores"):
            # For each layer and candidate, the number of rounds and the sum of their relative losses.
            self._scores = np.zeros((len(self._layers), len(self._names), 2))

    def _values(self):
        """Score and cost of each candidate in each layer; a candidate without rounds has that of the mean round."""
        count, sums = self._scores[..., 0], self._scores[..., 1]
        return np.where(count > 0, sums / np.maximum(count, 1), 1.0) + self._costs

    @property
    def best(self) -> dict[str, str]:
        """The best candidate of each layer so far, by path."""
        return {
            path: self._names[index] for path, index in zip(self._layers or [], self._values().argmin(axis=1).tolist())
        }

    def _set(self, names: Mapping[str, str]) -> None:
        set_multiplier(self.model, {path: self._candidates[name] for path, name in names.items()})

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Draws candidates at the first step of a round; called by Keras."""
        if self._step:
            return
        values = self._values()
        weights = np.exp((values.min(axis=1, keepdims=True) - values) / self._temperature)
        generator = np.random.default_rng([self._seed, self._round])
        self._drawn = [generator.choice(len(self._names), p=row / row.sum()) for row in weights]
        self._set({path: self._names[index] for path, index in zip(self._layers or [], self._drawn)})

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Counts the loss, and ends a round after its last step; called by Keras."""
        # Keras reports the mean loss of the epoch so far.
        mean = float((logs or {})["loss"])
        loss = mean * (batch + 1) - (self._before if batch else 0.0)
        self._before = mean * (batch + 1)
        self._sum, self._step = self._sum + loss, self._step + 1
        if self._step == self._every:
            self._end_round()

    def _end_round(self):
        loss = self._sum / self._step
        self._total = [self._total[0] + 1, self._total[1] + loss]
        mean = self._total[1] / self._total[0]
        for row, index in zip(self._scores, self._drawn):
            row[index] += 1, loss / mean if mean else 1.0
        self._round, self._step, self._sum = self._round + 1, 0, 0.0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Ends a round that the epoch cuts, so that a resumed run begins with a new one; called by Keras."""
        if self._step:
            self._end_round()

    def on_train_end(self, logs: Any = None) -> None:
        """Gives each layer its best candidate; called by Keras."""
        self._set(self.best)

    def to_json(self) -> dict[str, Any]:
        """The scores, for a checkpoint."""
        return {"round": self._round, "total": self._total, "scores": self._scores.tolist()}

    def from_json(self, state: Mapping[str, Any]) -> None:
        """Goes on from the scores of a checkpoint.

        Args:
            state: what `to_json` returned.
        """
        self._round, self._total = state["round"], list(state["total"])
        self._scores = np.array(state["scores"])


class FreezeRanges(keras.callbacks.Callback):
    """Fixes moving ranges of activations at the beginning of an epoch, with the values that they have then.

    Args:
        epoch: number of the epoch, from 0. In the epochs before it, training moves the ranges.

    Example:
        >>> from tfapprox.tf2 import FakeApproxDense
        >>> model = keras.Sequential([keras.Input([4]), FakeApproxDense(2, ranges="moving")])
        >>> model.compile("sgd", "mse")
        >>> history = model.fit(np.ones([8, 4]), np.ones([8, 2]), epochs=2, callbacks=[FreezeRanges(1)], verbose=0)
        >>> model.layers[0].ranges
        'fixed'
    """

    def __init__(self, epoch: int) -> None:
        super().__init__()
        self._epoch = epoch

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Fixes the ranges; called by Keras."""
        if epoch < self._epoch:
            return
        for _, layer in layers_by_path(self.model):
            for range_ in layer.activation_ranges.values() if isinstance(layer, ApproximateProducts) else ():
                if range_.mode == "moving" and range_.values is not None:
                    range_.set("fixed", range_.values)
