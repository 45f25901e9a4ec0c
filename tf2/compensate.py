"""Corrections of approximate layers from sample inputs, which give back accuracy without training."""

from __future__ import annotations

import contextlib
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfapprox.common.compensation import ErrorFit, check_method

from .approximate_products import ApproximateProducts
from .calibration_data import batches
from .checked_model import check_model
from .inline_functions import inline_functions
from .layer_paths import layers_by_path


def compensate(model: keras.Model, data: Any, method: str = "affine") -> None:
    """Finds the predictable part of the error of each approximate layer, which the layer subtracts from then on.

    The error of an output is its approximate minus its exact products of the same codes. For each filter, a constant
    and a factor for the sum of the activations in the window are fitted to the errors by least squares, equations (8.1)
    to (8.3) of docs/arithmetic.md. In hardware, the constant is part of the bias and the factor part of the zero point
    of the weights, so they cost nothing. The method is that of G. Zervakis et al., "Leveraging highly approximated
    multipliers in DNN inference", arXiv 2412.16757.

    Layers are compensated one after the other: a layer sees the activations that the compensated layers before it
    compute. All samples are therefore computed as one batch, which needs memory for all outputs of one layer. A few
    hundred samples of the training set are usual.

    A correction belongs to a layer and a multiplier. `set_multiplier` changes it together with the table: a multiplier
    that was compensated before has its corrections again, and another one has none. Files of the model hold the
    corrections of all multipliers. With straight-through gradients, corrections have no gradients; with gradients from
    the table, equation (9.9) gives them. Compute corrections again after a calibration, and after a training that began
    without them. The products of queries and keys, and of attention weights and values, are not compensated.

    Args:
        model: a built model with approximate layers, whose ranges are usually fixed. It is changed.
        data: an array of samples or a dictionary of such arrays, as a tuple with labels if you like; or an iterable of
            batches with or without labels, such as a `tf.data.Dataset`. All samples have the same shape.
        method: `"affine"`: a constant and a factor; or `"constant"`: a constant only, as a bias.

    Raises:
        TypeError: if `model` is no model of Keras 3, or `data` is none of the above.
        ValueError: if the method does not exist, there is no sample or no approximate layer, shapes of samples differ,
            outputs are NaN, or a layer is not used; the message has the path of the layer. The model is then unchanged.

    Example:
        >>> from tfapprox.tf2 import FakeApproxDense
        >>> layer = FakeApproxDense(3, ranges="fixed", range_values={"input": (0, 1)}, mul_map_file="mul8u_trunc8")
        >>> model = keras.Sequential([keras.Input([4]), layer])
        >>> compensate(model, np.random.default_rng(0).uniform(0, 1, (50, 4)).astype(np.float32))
        >>> layer.compensation["input"].shape
        (2, 3)
    """
    check_model(model)
    check_method(method)
    layers = {path: layer for path, layer in layers_by_path(model) if isinstance(layer, ApproximateProducts)}
    states = {path: layer.corrections for path, layer in layers.items() if layer.corrections is not None}
    if not states:
        raise ValueError(f"model must have approximate layers; received '{model.name}', which has none")
    before = {path: state.state for path, state in states.items()}
    fits: dict[tuple[str, str], ErrorFit] = {}
    try:
        with inline_functions(), contextlib.ExitStack() as stack:
            for path, state in states.items():
                stack.callback(setattr, state, "observer", None)
                state.observer = _observer(path, state, fits, method)
            model(_one_batch(data), training=False)
        unused = [path for path, state in states.items() for part in state.parts if (path, part) not in fits]
        if unused:
            raise ValueError(f"model must use all of its approximate layers on the data; received no call of {unused}")
    except BaseException:
        for path, state in states.items():
            state.restore(before[path])
        raise
    if any(state.state[1] != before[path][1] for path, state in states.items()):
        _make_functions_again(model)


def _one_batch(data):
    parts = list(batches(data, 1 << 62))
    if len(parts) != 1:
        received = "none" if not parts else f"{len(parts)} different shapes"
        raise ValueError(f"data must have at least one sample, and samples of one shape; received {received}")
    return tf.nest.map_structure(tf.convert_to_tensor, parts[0])


def _observer(path, state, fits, method):
    def observe(part, outputs, exact, windows, input_scale, filter_scale):
        if not (np.isfinite(outputs).all() and np.isfinite(exact).all()):
            raise ValueError(f"outputs of layer '{path}' must be finite; received NaN or infinite ones")
        scale = input_scale * filter_scale
        errors = np.divide(outputs.astype(np.float64) - exact, scale, out=np.zeros(outputs.shape), where=scale != 0)
        # Before numpy 2, a float32 array divided by a float64 number has the precision of float32.
        sums = np.divide(windows.astype(np.float64), input_scale, out=np.zeros(windows.shape), where=input_scale != 0)
        # A layer that is called twice is fitted to both calls.
        fit = fits.setdefault((path, part), ErrorFit())
        fit.add(errors, sums)
        state.set(part, fit.correction(method))

    return observe


def _make_functions_again(model):
    """Lets Keras trace a model anew, where its layers have had no corrections before."""
    for name in ("train", "test", "predict"):
        if getattr(model, f"{name}_function", None) is not None:
            getattr(model, f"make_{name}_function")(force=True)
