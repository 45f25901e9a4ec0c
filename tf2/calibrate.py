"""Fixed quantisation ranges for the activations of a model, from sample inputs."""

from __future__ import annotations

import contextlib
from typing import Any, Callable, Iterator

import keras
import numpy as np
import tensorflow as tf

from tfapprox.terminal import progress_bar

from .activation_range import ActivationRange
from .approximate_products import ApproximateProducts
from .calibration_data import batches, number_of_samples
from .checked_model import check_model
from .histogram import Histogram, mse_range, percentile_range
from .inline_functions import inline_functions
from .layer_paths import layers_by_path

METHODS = ("minmax", "percentile", "mse")


def calibrate(
    model: keras.Model, data: Any, method: str = "minmax", *, percentile: float = 99.99, batch_size: int = 32
) -> None:
    """Fixes the quantisation range of the activations of every approximate layer, from sample inputs.

    The model computes the samples with real numbers instead of codes, in inference mode. The range of a layer is chosen
    from the activations that it sees. Afterwards its `ranges` are `"fixed"`: the layer gives the same bits for an image
    whatever else is in the batch. Functions that Keras has traced use the new ranges, too.

    A few hundred samples of the training set are usual. Samples are computed in batches of `batch_size`, in whatever
    batches the data comes, so that a range does not depend on how the data is cut.

    Args:
        model: a built model with approximate layers, as `approximate_model` returns it. It is changed.
        data: an array of samples or a dictionary of such arrays, as a tuple with labels if you like; or an iterable of
            batches with or without labels, such as a `tf.data.Dataset`, a `keras.utils.PyDataset`, a list or a
            generator.
        method: `"minmax"`: minimum and maximum. `"percentile"`: the range that leaves out at most half of `100 -
            percentile` per cent of the activations at each end. `"mse"`: of minimum and maximum times 1.00, 0.99 and so
            on down to 0.20, the range with the minimal mean squared error of the quantised activations. The latter two
            use a histogram of 4096 bins.
        percentile: for `"percentile"`: more than 50, up to 100.
        batch_size: number of samples that are computed at once.

    Raises:
        TypeError: if `model` is no model of Keras 3, or `data` is none of the above.
        ValueError: if an argument is not possible, there is no sample or no approximate layer, activations are NaN or
            infinite, or a layer is not used; the message has the path of the layer. The model is then unchanged.

    Example:
        >>> from tfapprox.tf2 import FakeApproxConv2D
        >>> model = keras.Sequential([keras.Input([8, 8, 1]), FakeApproxConv2D(4, 3, mul_map_file="mul8u_drum4")])
        >>> calibrate(model, np.linspace(0, 2, 640, dtype=np.float32).reshape(10, 8, 8, 1))
        >>> model.layers[0].ranges, model.layers[0].activation_ranges["input"].values
        ('fixed', [0.0, 2.0])
    """
    check_model(model)
    _check(method, percentile, batch_size)
    layers = {path: layer for path, layer in layers_by_path(model) if isinstance(layer, ApproximateProducts)}
    ranges = {
        path if name == "input" else f"{path} ({name})": (layer, range_)
        for path, layer in layers.items()
        for name, range_ in layer.activation_ranges.items()
    }
    if not ranges:
        raise ValueError(f"model must have approximate layers; received '{model.name}', which has none")
    histograms = {path: Histogram() for path in ranges}
    seen = _run(model, data, batch_size, {path: (ranges[path][1], histograms[path]) for path in ranges})
    if not seen:
        raise ValueError("data must have at least one sample; received none")
    unused = [path for path, histogram in histograms.items() if not histogram.zeros + histogram.counts.sum()]
    if unused:
        raise ValueError(
            f"model must use all of its approximate layers on the data; received no activations of {unused}"
        )
    chosen = {}
    for path, (layer, _) in ranges.items():
        chosen[path] = _choose(histograms[path], method, percentile, layer)
    for path, (_, range_) in ranges.items():
        range_.set("fixed", chosen[path])


def _check(method, percentile, batch_size):
    if method not in METHODS:
        raise ValueError(f"method must be 'minmax', 'percentile' or 'mse'; received {method!r}")
    if not 50 < percentile <= 100:
        raise ValueError(f"percentile must be more than 50 and up to 100; received {percentile!r}")
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1; received {batch_size!r}")


def _choose(histogram, method, percentile, layer):
    if method == "percentile":
        return percentile_range(histogram, percentile)
    if method == "mse":
        return mse_range(histogram, layer.num_bits, layer._is_signed())
    return histogram.minimum, histogram.maximum


def _run(model, data, batch_size, observed):
    """Runs the model on the data, and returns the number of samples."""
    seen, total = 0, number_of_samples(data)
    with progress_bar() as bar, _observing(observed), inline_functions():
        task = bar.add_task("calibrating", total=total)
        for inputs in batches(data, batch_size):
            count = len(tf.nest.flatten(inputs)[0])
            model(tf.nest.map_structure(tf.convert_to_tensor, inputs), training=False)
            seen += count
            bar.advance(task, count)
    return seen


@contextlib.contextmanager
def _observing(observed: dict[str, tuple[ActivationRange, Histogram]]) -> Iterator[None]:
    try:
        for path, (range_, histogram) in observed.items():
            range_.observer = _observer(path, histogram)
        yield
    finally:
        for range_, _ in observed.values():
            range_.observer = None


def _observer(path: str, histogram: Histogram) -> Callable[[np.ndarray], None]:
    def observe(activations: np.ndarray) -> None:
        activations = activations.astype(np.float32)
        is_bad = ~np.isfinite(activations)
        if is_bad.any():
            raise ValueError(
                f"activations of layer '{path}' must be finite; received {activations[is_bad][0]} and "
                f"{int(is_bad.sum()) - 1} more that are NaN or infinite, of {activations.size}"
            )
        histogram.add(activations)

    return observe
