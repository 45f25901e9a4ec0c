"""Models with approximate multipliers from ordinary ones."""

from __future__ import annotations

import logging
import warnings
from typing import Any, Iterable

import keras

from tfapprox.common.gradient_tables import checked_gradient

from .activation_range import checked_mode
from .approximate_products import ApproximateProducts, changed_config, multiplier_arguments
from .calibrate import calibrate
from .checked_model import check_model
from .choosing import Multipliers, multiplier_of_each, read_multipliers, skipped
from .copying import Copy
from .exactness import warn_of_exact_layers
from .fake_approx_conv1d import FakeApproxConv1D
from .fake_approx_conv2d import FakeApproxConv2D
from .fake_approx_conv2d_transpose import FakeApproxConv2DTranspose
from .fake_approx_dense import FakeApproxDense
from .fake_approx_depthwise_conv1d import FakeApproxDepthwiseConv1D
from .fake_approx_depthwise_conv2d import FakeApproxDepthwiseConv2D
from .fake_approx_einsum_dense import FakeApproxEinsumDense
from .fake_approx_group_query_attention import FakeApproxGroupQueryAttention
from .fake_approx_multi_head_attention import FakeApproxMultiHeadAttention
from .fake_approx_separable_conv1d import FakeApproxSeparableConv1D
from .fake_approx_separable_conv2d import FakeApproxSeparableConv2D
from .folding import fold_batch_normalisation
from .holders import remember_approximate_layers
from .layer_paths import layers_by_path
from .macs import formula
from .set_multiplier import set_multiplier

# The layers that are replaced, and by what.
APPROXIMATE: dict[type, Any] = {
    keras.layers.Conv1D: FakeApproxConv1D,
    keras.layers.Conv2D: FakeApproxConv2D,
    keras.layers.Conv2DTranspose: FakeApproxConv2DTranspose,
    keras.layers.Dense: FakeApproxDense,
    keras.layers.DepthwiseConv1D: FakeApproxDepthwiseConv1D,
    keras.layers.DepthwiseConv2D: FakeApproxDepthwiseConv2D,
    keras.layers.EinsumDense: FakeApproxEinsumDense,
    keras.layers.GroupQueryAttention: FakeApproxGroupQueryAttention,
    keras.layers.MultiHeadAttention: FakeApproxMultiHeadAttention,
    keras.layers.SeparableConv1D: FakeApproxSeparableConv1D,
    keras.layers.SeparableConv2D: FakeApproxSeparableConv2D,
}
EXACT: dict[type, Any] = {approximate: exact for exact, approximate in APPROXIMATE.items()}
APPROXIMATE.update({layer: layer for layer in EXACT})  # an approximate layer gets another multiplier

_logger = logging.getLogger("tfapprox")
_has_told = False


def approximate_model(
    model: keras.Model,
    multipliers: Multipliers = "",
    num_bits: int = 8,
    *,
    data: Any = None,
    method: str = "minmax",
    skip: str | Iterable[str] = (),
    fold_batch_norm: bool = False,
    ranges: str | None = None,
    per_channel: bool | None = None,
    gradient: str | None = None,
    half_window: int | None = None,
) -> keras.Model:
    """A copy of a Keras model whose convolutions, dense layers and attention use an approximate multiplier.

    Every `Conv1D`, `Conv2D`, `Conv2DTranspose`, `Dense`, `EinsumDense`, `MultiHeadAttention` and `GroupQueryAttention`,
    and every depthwise and separable layer of one or two dimensions, is replaced wherever a model, a wrapper such as
    `TimeDistributed`, a custom layer or a subclassed model holds it, in attributes, lists, tuples and dictionaries. A
    layer that is shared stays shared, and weights are copied. Everything else stays as it is. What multiplies and stays
    exact is named in a warning, with its share of the multiply-accumulate operations (MACs).

    With `data`, quantisation ranges are calibrated at once, so that an image has the same result in every batch.

    Args:
        model: a built `keras.Model`: functional, sequential, or a subclass that Keras can make again from its
            configuration, as it does for `.keras` files.
        multipliers: one multiplier for all layers: the name of a built-in multiplier, the path of a `.bin` truth table,
            the name of one in a multiplier folder, a `TruthTable`, or an integer array; `""` or `None` is the exact
            product of the codes, and `False` leaves a layer as it is, in floating point. Or a dictionary from the
            names, paths (`"block/conv"`) or patterns (`"block*"`) of layers to multipliers, where layers without an
            entry get `None`. Or a function from a layer to a multiplier. Or the path of an assignment, a `.json` file
            as `write_assignment` writes it.
        num_bits: width of the codes, 2 to 8; 8 for a signed multiplier.
        data: sample inputs as `calibrate` takes them, for example a few hundred images of the training set.
        method: method of the calibration: `"minmax"`, `"percentile"` or `"mse"`.
        skip: layers that stay as they are, in floating point: `"first"` and `"last"`, which count all layers that
            multiply, or names, paths or patterns. One of them, or several.
        fold_batch_norm: whether batch normalisation first becomes part of the weights of the layer before it, as most
            accelerators compute it. The copy then has other weights than `model`.
        ranges: the ranges of the activations without `data`: `"batch"`, those of each batch; `"moving"`, moving
            averages, which training updates; or `"fixed"`, if you call `calibrate` or load weights later. By default an
            approximate layer keeps what it has, and others have `"batch"`.
        per_channel: whether the weights of each output channel have a range of their own. By default an approximate
            layer keeps what it has, and others have one range.
        gradient: where the gradients of the products come from in training: `"straight_through"`, the exact product;
            `"table_1d"`, slopes of the table for each code; or `"table_2d"`, its smoothed differences for each pair of
            codes. By default an approximate layer keeps what it has, and others are straight-through.
        half_window: codes on each side of the middle of a smoothing window, for `"table_1d"` and `"table_2d"`; by
            default a sixteenth of the codes.

    Returns:
        A `keras.Model` with the inputs, outputs, weights and layer names of `model`.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        TypeError: if `model` is no model of Keras 3, or a multiplier is none of these.
        ValueError: if a table does not fit `num_bits`, or is another one than the sha256 of an assignment says, no
            layer of the model can be replaced, a name or pattern fits no layer, an argument is not possible, or the
            model is of a class that Keras cannot make again.

    Warns:
        UserWarning: if layers that multiply stay exact without being asked for; the message has their paths and shares.

    Example:
        >>> model = keras.Sequential([keras.Input([8, 8, 1]), keras.layers.Conv2D(4, 3), keras.layers.Conv2D(4, 3)])
        >>> images = keras.random.uniform([10, 8, 8, 1])
        >>> approximate = approximate_model(model, "mul8u_mitchell", data=images, skip="first")
        >>> [type(layer).__name__ for layer in approximate.layers]
        ['Conv2D', 'FakeApproxConv2D']
        >>> approximate.layers[1].ranges
        'fixed'
    """
    check_model(model)
    if fold_batch_norm:
        model = fold_batch_normalisation(model)
    layers = list(layers_by_path(model))
    replaceable = [(path, layer) for path, layer in layers if type(layer) in APPROXIMATE]
    inside = _parts(layer for _, layer in replaceable)
    convertible = [(path, layer) for path, layer in replaceable if id(layer) not in inside]
    if not convertible:
        received = [path for path, _ in layers]
        kinds = ", ".join(sorted(kind.__name__ for kind in EXACT.values()))
        raise ValueError(f"model must have a layer of one of the kinds {kinds}; received layers {received}")
    parts = [(path, layer) for path, layer in replaceable if id(layer) in inside]
    chosen = multiplier_of_each(read_multipliers(multipliers), convertible, parts)
    of_parts = {path: chosen.pop(path) for path, _ in parts if path in chosen}
    whole = [(path, layer) for path, layer in layers if id(layer) not in inside]
    asked = skipped(skip, [(path, layer) for path, layer in whole if path in chosen or formula(layer)])
    exact = asked | {path for path, multiplier in chosen.items() if multiplier is False}
    inside_exact = _parts(layer for path, layer in layers if path in exact)
    exact |= {path for path, layer in layers if id(layer) in inside_exact}
    if ranges is not None and checked_mode(ranges) != "fixed" and data is not None:
        raise ValueError(f"ranges must be 'fixed', or left out, if there is data; received {ranges!r}")
    options: dict[str, Any] = {"ranges": ranges, "per_channel": per_channel}
    options = {name: value for name, value in options.items() if value is not None}
    if gradient is not None:
        options.update(gradient=gradient, half_window=half_window)
        checked_gradient(gradient, half_window, num_bits)
    elif half_window is not None:
        raise ValueError(f"half_window must be None without a gradient; received {half_window!r}")
    new = {
        id(layer): _float_layer(layer) if path in exact else _approximate_layer(layer, chosen[path], num_bits, options)
        for path, layer in convertible
    }
    copy = Copy(model, lambda layer: new.get(id(layer)))
    if of_parts:
        set_multiplier(copy.model, of_parts)
    _finalise(copy.model)
    remember_approximate_layers(copy.model)
    if multipliers is not False:  # a copy in floating point has nothing to tell
        warn_of_exact_layers(copy, exact)
    _warn_of_kept_multipliers(layers)
    if data is not None:
        calibrate(copy.model, data, method)
    elif ranges is None:
        _tell_of_batches(copy.model)
    return copy.model


def _parts(layers):
    """The identities of the layers that these layers hold, such as the projections of attention."""
    return {id(part) for layer in layers for _, part in layers_by_path(layer)}


def _approximate_layer(layer, multiplier, num_bits, options):
    if getattr(layer, "quantization_mode", None) is not None:
        raise ValueError(
            f"model must be in floating point; received layer '{layer.name}', which Keras has quantised to "
            f"{layer.quantization_mode}"
        )
    multiplier = "" if multiplier is None else multiplier
    arguments = multiplier_arguments(multiplier, num_bits, "multipliers")
    return APPROXIMATE[type(layer)].from_config(changed_config(layer, **arguments, **options))


def _float_layer(layer):
    """The exact layer in place of an approximate one; `None`, which means a plain copy, for an exact layer."""
    exact: Any = EXACT.get(type(layer))
    if exact is None:
        return None
    own = {"projections", *(ApproximateProducts.__init__.__kwdefaults__ or {})}
    return exact.from_config({name: value for name, value in layer.get_config().items() if name not in own})


def _name(layer):
    table = layer.multiplier
    return "no multiplier yet" if table is None else table.name or "a table without a name"


def _warn_of_kept_multipliers(layers):
    kept = [(path, x) for path, x in layers if isinstance(x, ApproximateProducts) and type(x) not in APPROXIMATE]
    if kept:
        text = ", ".join(f"{path} ({type(layer).__name__}, {_name(layer)})" for path, layer in kept)
        warnings.warn(f"layers of other classes, which keep their multiplier: {text}", stacklevel=3)


def _finalise(model):
    for _, layer in layers_by_path(model):
        if hasattr(layer, "finalize_state"):  # Normalization derives values from its weights, and computes with these
            layer.finalize_state()


def _tell_of_batches(model):
    global _has_told
    layers = [layer for _, layer in layers_by_path(model) if isinstance(layer, ApproximateProducts)]
    if not _has_told and any(layer.ranges == "batch" for layer in layers):
        _has_told = True
        _logger.warning(
            "approximate_model without data: quantisation ranges are those of each batch, so results depend on the "
            "batch size and on the order of images. Pass data=..., or call calibrate, for ranges that are fixed"
        )
