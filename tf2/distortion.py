"""How far the output of each approximate layer is from that of the same layer with exact products."""

from __future__ import annotations

import contextlib
from typing import Any, Iterator, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tfapprox.common.truth_table import TruthTable
from tfapprox.terminal import progress_bar

from .approximate_products import ApproximateProducts, changed_config, multiplier_arguments
from .calibration_data import batches, number_of_samples
from .checked_model import check_model
from .histogram import Histogram, divergence
from .inline_functions import inline_functions
from .layer_paths import layers_by_path


class Distortion(NamedTuple):
    """The output of one layer, compared with that of exact products of the same codes.

    Below, `y` are the elements of the exact output, and `e` are the approximate elements minus `y`.

    Attributes:
        path: names of the layer and of the layers that hold it, such as `"block/conv"`.
        mse: mean of `e^2`.
        sqnr: `10 log10(sum of y^2 / sum of e^2)` in dB; infinite without an error.
        cosine: cosine of the angle between both outputs, as vectors of all elements; NaN if one of them is 0.
        kl: Kullback-Leibler divergence in nats from the distribution of the approximate elements to that of the exact
            ones, in bins of a histogram, each with 0.5 added to its counts.
    """

    path: str
    mse: float
    sqnr: float
    cosine: float
    kl: float


def distortion(model: keras.Model, data: Any, *, batch_size: int = 32) -> list[Distortion]:
    """Compares each approximate layer with the same layer with exact products, on sample inputs of the model.

    Both layers get the input that the approximate model computes, and quantise it in the same ranges. Bias and
    activation function are part of the output.

    Args:
        model: a built model with approximate layers.
        data: sample inputs: an array or a dictionary of arrays, as a tuple with labels if you like; or an iterable of
            batches with or without labels.
        batch_size: number of samples that are computed at once.

    Returns:
        A `Distortion` for each layer, in the order of the model.

    Raises:
        TypeError: if `model` is no model of Keras 3, or `data` is none of the above.
        ValueError: if there is no sample, or no approximate layer.

    Example:
        >>> from tfapprox.tf2 import FakeApproxConv2D
        >>> model = keras.Sequential([keras.Input([8, 8, 1]), FakeApproxConv2D(4, 3, mul_map_file="mul8u_exact")])
        >>> row = distortion(model, np.ones([2, 8, 8, 1], np.float32))[0]
        >>> row.mse, row.sqnr
        (0.0, inf)
    """
    check_model(model)
    layers = [(path, layer) for path, layer in layers_by_path(model) if isinstance(layer, ApproximateProducts)]
    if not layers:
        raise ValueError(f"model must have approximate layers; received '{model.name}', which has none")
    comparisons = {path: _Comparison(layer) for path, layer in layers}
    with progress_bar() as bar, contextlib.ExitStack() as stack:
        for comparison in comparisons.values():
            stack.enter_context(comparison.comparing())
        task = bar.add_task("comparing layers", total=number_of_samples(data))
        seen = 0
        for inputs in batches(data, batch_size):
            model(tf.nest.map_structure(tf.convert_to_tensor, inputs), training=False)
            count = len(tf.nest.flatten(inputs)[0])
            seen += count
            bar.advance(task, count)
    if not seen:
        raise ValueError("data must have at least one sample; received none")
    return [comparison.result(path) for path, comparison in comparisons.items()]


class _Comparison:
    """Sums over the outputs of a layer and of its exact twin."""

    def __init__(self, layer: Any) -> None:
        self._layer, self._exact = layer, _exact_twin(layer)
        self._count = 0
        self._errors = self._exact_squares = self._squares = self._products = 0.0
        self._histograms = Histogram(), Histogram()

    @contextlib.contextmanager
    def comparing(self) -> Iterator[None]:
        """Compares the outputs of each call of the layer."""
        call = self._layer.call

        def compared(*args, **kwargs):
            output = call(*args, **kwargs)
            exact = self._exact(*args, **kwargs)
            self._add(np.asarray(exact, np.float64), np.asarray(output, np.float64))
            return output

        vars(self._layer)["call"] = compared
        try:
            with inline_functions():
                yield
        finally:
            vars(self._layer).pop("call")

    def _add(self, exact, output):
        self._count += exact.size
        self._errors += np.sum((output - exact) ** 2)
        self._exact_squares += np.sum(exact**2)
        self._squares += np.sum(output**2)
        self._products += np.sum(exact * output)
        for histogram, values in zip(self._histograms, (exact, output)):
            histogram.add(values)

    def result(self, path: str) -> Distortion:
        if not self._count:
            raise ValueError(f"model must use all of its approximate layers on the data; received no call of '{path}'")
        norms = float(np.sqrt(self._exact_squares * self._squares))
        with np.errstate(divide="ignore", invalid="ignore"):
            sqnr = float(10 * np.log10(np.divide(self._exact_squares, self._errors)))
        cosine = float(self._products / norms) if norms else float("nan")
        return Distortion(path, float(self._errors / self._count), sqnr, cosine, divergence(*self._histograms))


def _exact_twin(layer):
    exact = multiplier_arguments(
        TruthTable.exact(layer.num_bits, layer.multiplier.signed), layer.num_bits, "multiplier"
    )
    twin = type(layer).from_config({**changed_config(layer, **exact), "name": f"{layer.name}_exact"})
    twin.build_from_config(layer.get_build_config())
    twin.set_weights(layer.get_weights())
    return twin
