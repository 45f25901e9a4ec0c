"""Images and labels for the examples: scikit-learn's handwritten digits, or MNIST."""

import enum
from collections import namedtuple

import numpy as np

Split = namedtuple("Split", "images labels")
Split.__doc__ = "float32 images `[count, height, width, 1]` in 0..1, integer labels `[count]`."


class Dataset(str, enum.Enum):
    """The data sets by their names on the command line."""

    digits = "digits"
    mnist = "mnist"


def _scaled(images, labels, maximum):
    return Split(images[..., None].astype(np.float32) / maximum, labels)


def _digits():
    """1,797 images of 8x8 pixels that come with scikit-learn: 1,347 to train, 450 to test."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    parts = train_test_split(digits.images, digits.target, test_size=450, random_state=0, stratify=digits.target)
    return _scaled(parts[0], parts[2], 16), _scaled(parts[1], parts[3], 16)


def _mnist():
    """70,000 images of 28x28 pixels, which Keras downloads once: 60,000 to train, 10,000 to test."""
    import keras

    return tuple(_scaled(*part, 255) for part in keras.datasets.mnist.load_data())


def load(dataset):
    """The `Split` to train with and the one to test with.

    Raises:
        OSError: if MNIST cannot be downloaded.
    """
    if dataset == Dataset.digits:
        return _digits()
    try:
        return _mnist()
    except Exception as error:  # Keras raises a bare Exception for a failed download
        raise OSError(f"MNIST must be downloaded once: {error}") from error
