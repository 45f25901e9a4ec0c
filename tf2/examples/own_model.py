"""A model of the user for the demo, and images that it has not been trained on."""

import keras
from datasets import Split

from tfapprox.common.argument_error import ArgumentError
from tfapprox.search.loading import load_data, load_model
from tfapprox.tf2.approximate_products import ApproximateProducts
from tfapprox.tf2.layer_paths import layers_by_path

SAMPLE = 300  # images, at most, that ranges are calibrated on


def load_images(data):
    """The `Split` to calibrate on, a quarter of the images but at most `SAMPLE`, and the one to test with.

    Args:
        data: path of a `.npz` file with `x` and `y`, or `package.module:function`.
    """
    x, y = load_data(data)
    if y is None or len(x) < 4:
        received = f"{len(x)} samples {'without' if y is None else 'with'} labels y"
        raise ArgumentError("data", "must have four samples or more, and their labels y", received)
    count = min(SAMPLE, len(x) // 4)
    return Split(x[:count], y[:count]), Split(x[count:], y[count:])


def load_classifier(text, split):
    """The model that a file or a function of the user gives.

    Args:
        text: path of a `.keras` or `.h5` file, or `package.module:function`.
        split: images and labels.

    Raises:
        ValueError: if it is no model in floating point that classifies the images.
    """
    model = load_model(text)
    if not isinstance(model, keras.Model):
        raise ArgumentError("model", "must give a Keras model", type(model).__name__)
    if any(isinstance(layer, ApproximateProducts) for _, layer in layers_by_path(model)):
        raise ArgumentError("model", "must be in floating point", f"{text!r} with approximate layers")
    shape = split.images.shape[1:]
    try:
        scores = model(split.images[:1], training=False)
    except Exception as error:  # Keras raises what its layers raise
        raise ArgumentError("model", f"must take images of shape {shape}", f"{text!r}: {error}") from error
    classes = int(split.labels.max()) + 1
    if len(getattr(scores, "shape", ())) != 2 or scores.shape[1] < classes:
        received = f"{text!r} with {getattr(scores, 'shape', 'several outputs')}"
        raise ArgumentError("model", f"must have one output, a score for each of {classes} classes", received)
    return model
