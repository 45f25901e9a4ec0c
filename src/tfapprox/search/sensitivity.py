"""How much each multiplier in each layer changes the outputs of a network: predicted, and measured by single swaps."""

from __future__ import annotations

from typing import Any, NamedTuple, Sequence

import numpy as np

from tfapprox.common._core_tables import tune
from tfapprox.common.argument_error import ArgumentError
from tfapprox.common.classes import classes, has_classes
from tfapprox.common.error_moments import error_moments
from tfapprox.common.network import Network, NetworkLayer, Samples
from tfapprox.common.tables import load_truth_table
from tfapprox.common.truth_table import TruthTable
from tfapprox.terminal import progress_bar

_COMPARED = 50_000  # elements of outputs that are kept for distances: 15 MB for 38 multipliers


class Sensitivity(NamedTuple):
    """The change of the outputs by one multiplier in one layer, for all pairs.

    Attributes:
        layers: names of the layers, the rows.
        multipliers: names of the multipliers, the columns.
        predicted: float64 `[layers, multipliers]`, the predicted mean squared change of the outputs, relative to their
            variance.
        measured: the same by single swaps; `None` if they were not asked for.
        changed_classes: float64 `[layers, multipliers]`, share of classes that change by a single swap; `None` if they
            were not asked for, or the outputs have no classes.
        distances: float64 `[layers, multipliers, multipliers]`, the mean squared difference between the outputs of two
            single swaps in the same layer, relative to the variance of the exact outputs, at 50,000 random places at
            most; `None` if they were not asked for.
    """

    layers: list[str]
    multipliers: list[str]
    predicted: np.ndarray
    measured: np.ndarray | None = None
    changed_classes: np.ndarray | None = None
    distances: np.ndarray | None = None

    @property
    def changes(self) -> np.ndarray:
        """What a search begins with: the measured changes if there are some, else the predicted ones."""
        return self.predicted if self.measured is None else self.measured

    def rank_correlation(self, measured: str = "measured") -> float | None:
        """Spearman's rank correlation of the prediction with a measurement over all pairs.

        Args:
            measured: `"measured"` or `"changed_classes"`.

        Returns:
            A number from -1 to 1; `None` without single swaps, and where all pairs have the same value.
        """
        values = getattr(self, measured)
        if values is None:
            return None
        ranks = [_ranks(matrix.ravel()) for matrix in (self.predicted, values)]
        if any(np.all(row == row[0]) for row in ranks):
            return None
        return float(np.corrcoef(ranks)[0, 1])

    def to_dict(self) -> dict[str, Any]:
        """Lists and numbers for JSON, without the distances."""
        known = {"predicted": self.predicted, "measured": self.measured, "changed_classes": self.changed_classes}
        matrices = {name: None if x is None else x.tolist() for name, x in known.items()}
        correlations = {name: self.rank_correlation(name) for name in ("measured", "changed_classes")}
        names = {"layers": self.layers, "multipliers": self.multipliers}
        return {**names, **matrices, "rank_correlation": correlations}


def _ranks(values):
    """Ranks from 0; equal values have the mean of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return ((ends - counts + ends - 1) / 2)[inverse.reshape(-1)]


def predicted_changes(
    layers: Sequence[NetworkLayer], multipliers: Sequence[str], *, compensated: bool = False
) -> np.ndarray:
    """The predicted mean squared change of the outputs of a network by one multiplier in one layer.

    Args:
        layers: the layers of a network with operands and gains.
        multipliers: names or paths of multipliers.
        compensated: whether the layers are compensated.

    Returns:
        float64 array `[layers, multipliers]`, relative to the variance of the outputs.

    Raises:
        FileNotFoundError: if there is no such multiplier.
        ValueError: if a table does not have the width of a layer.
    """
    changes = np.zeros((len(layers), len(multipliers)))
    for row, layer in enumerate(layers):
        if not layer.operands:
            raise ArgumentError("layers", "must have histograms of codes", f"'{layer.name}' without")
        for column, name in enumerate(multipliers):
            table = load_truth_table(name, layer.multiplier.num_bits)
            if table.signed != layer.multiplier.signed:
                kinds = {True: "signed", False: "unsigned"}
                rule = f"must be {kinds[layer.multiplier.signed]}, as layer '{layer.name}' is"
                raise ArgumentError("multipliers", rule, name)
            table = TruthTable(tune(table), table.name) if layer.tune else table
            moments = [error_moments(table, operands, compensated=compensated) for operands in layer.operands]
            changes[row, column] = sum(layer.gains.change(each) for each in moments)
    return changes


def sensitivity(
    network: Network,
    data: Samples,
    multipliers: Sequence[str],
    *,
    swaps: bool = False,
    samples: int = 500,
    calibration: Samples | None = None,
    batch_size: int = 250,
) -> Sensitivity:
    """The change of the outputs of a network by each multiplier in each layer, alone.

    The prediction needs no simulation of a multiplier: it comes from the truth tables, the histograms of the codes in
    each layer, and the gains of the layers (`tfapprox.common.error_moments`).

    Args:
        network: the network. Its multipliers stay as they are.
        data: sample inputs.
        multipliers: names or paths of multipliers of the width and sign of the layers.
        swaps: whether each pair is also measured, by one evaluation of the network with exact products elsewhere.
        samples: number of samples that are used, from the first one on.
        calibration: sample inputs for the prediction instead of `data`, which is then used for the single swaps only.
        batch_size: number of samples that swaps compute at once. The results of a graph whose ranges are those of a
            batch depend on it.

    Returns:
        A `Sensitivity`.

    Raises:
        FileNotFoundError: if there is no such multiplier.
        ValueError: if a table does not fit a layer, or there are no samples or multipliers.
    """
    for name, given in (("data", data), ("calibration", calibration)):
        if given is not None and not len(given.x):
            raise ArgumentError(name, "must have samples", "none")
    if not multipliers:
        raise ArgumentError("multipliers", "must be one or more", "none")
    data, known = (
        Samples(given.x[:samples], None if given.y is None else given.y[:samples])
        for given in (data, data if calibration is None else calibration)
    )
    layers = network.layers(known)
    names = [layer.name for layer in layers]
    predicted = predicted_changes(layers, multipliers, compensated=network.is_compensated)
    if not swaps:
        return Sensitivity(names, list(multipliers), predicted)
    measured, changed = np.zeros_like(predicted), None
    distances = np.zeros((*predicted.shape, len(multipliers)))
    with network.exact(), progress_bar() as bar:
        task = bar.add_task("single swaps", total=predicted.size)
        exact = network.all_outputs(data, batch_size)
        expected = classes(exact) if has_classes(exact.shape) else None
        changed = None if expected is None else np.zeros_like(predicted)
        spread = np.mean(np.var(exact.reshape(len(exact), -1), axis=0)) or 1.0
        kept = np.sort(np.random.default_rng(0).choice(exact.size, min(exact.size, _COMPARED), replace=False))
        swapped = np.zeros((len(multipliers), len(kept)))
        for row, layer in enumerate(names):
            with network.exact():
                for column, multiplier in enumerate(multipliers):
                    network.assign({layer: multiplier})
                    outputs = network.all_outputs(data, batch_size)
                    swapped[column] = outputs.reshape(-1)[kept]
                    measured[row, column] = np.mean((outputs - exact) ** 2) / spread
                    if changed is not None:
                        changed[row, column] = np.mean(classes(outputs) != expected)
                    bar.advance(task)
            for column, outputs in enumerate(swapped):
                with np.errstate(invalid="ignore"):  # outputs may be infinite
                    distances[row, column] = ((swapped - outputs) ** 2).mean(axis=1) / spread
    return Sensitivity(names, list(multipliers), predicted, measured, changed, distances)
