"""What each of several multipliers does to a model of the user."""

from __future__ import annotations

import time
from typing import Any, Callable, Iterable

import keras
import numpy as np

from tfapprox.common import metrics, multipliers
from tfapprox.common.classes import has_classes, right_classes
from tfapprox.common.truth_table import TruthTable
from tfapprox.terminal import progress_bar

from .comparison import Compared, Comparison
from .convert import approximate_model
from .model_summary import ModelSummary
from .set_multiplier import set_multiplier
from .summary import summary
from .table_argument import Multiplier, MultiplierLike, read_multiplier


def compare(
    model: keras.Model,
    x: Any,
    y: Any,
    *,
    data: Any,
    names: Iterable[MultiplierLike] | None = None,
    score: Callable[[keras.Model], float] | None = None,
    score_name: str | None = None,
    num_bits: int = 8,
    batch_size: int = 128,
    **options: Any,
) -> Comparison:
    """Measures a model with one multiplier after the other in all of its approximate layers.

    The model is converted once for unsigned and once for signed multipliers. Then only tables are swapped, so that
    nothing is traced again. A progress bar shows the multiplier that is measured. Multipliers with the same table are
    measured once.

    Args:
        model: a trained model of Keras, which stays as it is.
        x: samples to measure on, which the model was not trained on, an array of its input.
        y: integer array `[samples]` of their classes, or `[samples, classes]` with a 1 for the class; for outputs with
            further axes, such as the pixels of a segmentation, with these axes after the first one.
        data: samples of the training set, on which the ranges of the activations are calibrated.
        names: names of multipliers, paths of `.bin` files, `TruthTable` or arrays `[2**num_bits, 2**num_bits]`; by
            default all multipliers of this width that are known: the built-in ones, and those in the folders of
            `tfapprox.common.multipliers.search_path()`.
        score: function of a model that returns a number, more of which is better; by default the accuracy, the share of
            samples whose class has the highest output. `x` and `y` are not used then, and may be `None`.
        score_name: name of what `score` measures; by default its own name.
        num_bits: width of the operands, 2 to 8.
        batch_size: samples that are computed at a time.
        **options: further arguments of `approximate_model`, such as `skip` or `fold_batch_norm`.

    Returns:
        A `Comparison` with a row for each multiplier, by increasing MAE.

    Raises:
        FileNotFoundError: if there is no multiplier of a name.
        TypeError: if a multiplier is none of these.
        ValueError: if a table has another width, there is no multiplier, or the accuracy cannot be told from the
            outputs.

    Example:
        >>> import keras
        >>> layers = [keras.Input([8, 8, 1]), keras.layers.Conv2D(2, 3), keras.layers.Flatten(), keras.layers.Dense(3)]
        >>> images, classes = np.random.default_rng(0).random([30, 8, 8, 1]), np.arange(30) % 3
        >>> comparison = compare(keras.Sequential(layers), images, classes, data=images, names=["mul8u_trunc4", ""])
        >>> [(row.multiplier, row.mae) for row in comparison.rows]
        [('mul8u_exact', 0.0), ('mul8u_trunc4', 12.25)]
    """
    chosen = [read_multiplier(name, num_bits, "names") for name in (_known(num_bits) if names is None else names)]
    if not chosen:
        raise ValueError("names must have a multiplier; received none")
    measure: Callable[[keras.Model], float]
    if score is None:
        measure, label = _Accuracy(x, y, batch_size), "accuracy"
    else:
        measure, label = score, getattr(score, "__name__", "score")
    float_score = float(measure(model))
    models: dict[bool, _Approximate] = {}
    known: dict[tuple[str, bool], tuple[float, float]] = {}
    rows = []
    with progress_bar() as bar:
        task = bar.add_task("converting", total=len(chosen))
        for multiplier in chosen:
            table = multiplier.table
            name = table.name or f"sha256 {table.sha256[:16]}"
            bar.update(task, description=name)
            if table.signed not in models:
                models[table.signed] = _Approximate(model, num_bits, table.signed, data, options, measure)
            approximate = models[table.signed]
            content = table.sha256, table.signed
            if content not in known:
                set_multiplier(approximate.model, multiplier.source or table)
                start = time.perf_counter()
                known[content] = float(measure(approximate.model)), time.perf_counter() - start
            result, seconds = known[content]
            errors = metrics.errors(table)
            rows.append(
                Compared(
                    name,
                    table.sha256,
                    table.signed,
                    errors.mae,
                    errors.wce,
                    result,
                    result - approximate.exact,
                    approximate.energy(multiplier),
                    seconds,
                )
            )
            bar.advance(task)
    rows.sort(key=lambda row: (row.mae, row.multiplier))
    samples = len(y) if score is None else None
    exact = {signed: approximate.exact for signed, approximate in models.items()}
    return Comparison(model.name, score_name or label, samples, float_score, rows, exact)


def _known(num_bits):
    """The names of all multipliers of a width."""
    if num_bits == 8:
        return multipliers.loadable_names()
    return [f"mul{num_bits}u_exact", *multipliers.in_folders(num_bits)]


class _Accuracy:
    """The share of samples whose class a model gives the highest output."""

    def __init__(self, x, y, batch_size):
        self._x, self._batch_size, self._y = x, batch_size, np.asarray(y)
        if self._y.shape[:1] != (len(x),) or not len(x):
            raise ValueError(f"y must have a class for each of {len(x)} samples; received shape {self._y.shape}")

    def __call__(self, model):
        outputs = model.predict(self._x, batch_size=self._batch_size, verbose=0)
        if not has_classes(getattr(outputs, "shape", ())):
            received = getattr(outputs, "shape", type(outputs).__name__)
            raise ValueError(f"score must be given for a model without an output for each class; received {received}")
        return float(np.mean(right_classes(outputs, self._y, "y")))


class _Approximate:
    """The approximate copy of a model for one sign, its score with exact products, and its costs."""

    def __init__(self, model, num_bits, signed, data, options, measure):
        exact = TruthTable.exact(num_bits, signed)
        self.model = approximate_model(model, exact, num_bits, data=data, **options)
        self.exact = float(measure(self.model))
        self._table = exact
        self._summary: ModelSummary | None
        try:
            self._summary = summary(self.model)
        except ValueError:  # a model that leaves the sizes of its input open
            self._summary = None

    def energy(self, multiplier: Multiplier) -> float | None:
        """The energy of the multiplications relative to exact ones; `None` where sizes or power are not known."""
        share = self._summary and self._summary.approximate_share
        exact_power = self._summary and self._summary.exact_power_mw
        if share is None or exact_power is None:
            return None
        if multiplier.table == self._table:
            return 1.0
        try:
            power = multipliers.load(multiplier.table.name, warn=False)
        except (OSError, ValueError):
            return None
        milliwatts = power.sidecar["power_mW"]
        if power.table != multiplier.table or milliwatts is None:
            return None
        return float(1 + share * (milliwatts / exact_power - 1))
