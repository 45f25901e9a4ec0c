"""CIFAR-10 test images from the official archive, from TFRecords or from an .npz, all as the same arrays."""

import os
import pickle
import tarfile
import zlib
from collections import namedtuple

import numpy as np
import tensorflow as tf

from tfapprox.common import archives, regular_files

SIDE, CLASSES = 32, 10
BYTES = 3 * SIDE * SIDE
BATCH = "test_batch"  # the archive's file with the test images

Split = namedtuple("Split", "images labels")
Split.__doc__ = "uint8 images `[count, 32, 32, 3]`, red, green, blue from 0 to 255, and int64 labels `[count]`."


class _PlainUnpickler(pickle.Unpickler):
    """Reads arrays and containers; a pickle that names anything else could run code."""

    def find_class(self, module, name):
        if (module, name) in {
            ("numpy.core.multiarray", "_reconstruct"),
            ("numpy._core.multiarray", "_reconstruct"),  # numpy 2 has the function in this module
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
            ("_codecs", "encode"),
        }:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"it names {module}.{name}, which no batch of CIFAR-10 does")


def _from_batch(file, path):
    try:
        batch = _PlainUnpickler(file, encoding="latin1").load()
        return batch["data"], batch["labels"]
    except KeyError as error:
        raise ValueError(f"{path} must have data and labels; it has no {error}") from error
    except (pickle.UnpicklingError, EOFError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ValueError(f"{path} must be a batch of CIFAR-10: {error}") from error


def _from_folder(path):
    for folder in (path, os.path.join(path, "cifar-10-batches-py")):
        if os.path.isfile(os.path.join(folder, BATCH)):
            with regular_files.opened(os.path.join(folder, BATCH), "data") as (file, _):
                return _from_batch(file, os.path.join(folder, BATCH))
    raise FileNotFoundError(f"a folder of data must have the file {BATCH}; {path} has none")


def _from_archive(path):
    try:
        with regular_files.opened(path, "data") as (file, _), tarfile.open(fileobj=file) as archive:
            for member in archive:
                if os.path.basename(member.name) == BATCH and member.isfile():
                    return _from_batch(archive.extractfile(member), f"{path}, {member.name}")
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} must be a tar archive: {error}") from error
    raise ValueError(f"{path} must have the file {BATCH}, as cifar-10-python.tar.gz has; it has none")


def _from_records(path):
    images, labels = [], []
    with regular_files.opened(path, "data"):  # TensorFlow takes the path, and waits for a pipe without end
        pass
    try:
        for number, record in enumerate(tf.compat.v1.io.tf_record_iterator(path)):
            features = tf.train.Example.FromString(record).features.feature
            image, label = features["image"].bytes_list.value, features["label"].int64_list.value
            for name, values in (("image, bytes", image), ("label, int64", label)):
                if len(values) != 1:
                    raise ValueError(f"record {number} must have one {name}; it has {len(values)}")
            images.append(np.frombuffer(image[0], np.uint8))
            labels.append(label[0])
    except tf.errors.OpError as error:
        raise ValueError(f"{path} must be a file of TFRecords: {error.message}") from error
    sizes = {image.size for image in images} - {BYTES}
    if sizes:
        raise ValueError(f"{path}: an image must have {BYTES} bytes, channel by channel; received {sizes.pop()}")
    return np.array(images), labels


def _from_npz(path):
    arrays = archives.read(path, "data", ["images", "labels"])
    return arrays["images"], arrays["labels"]


def _checked(path, images, labels):
    images, labels = np.asarray(images), np.asarray(labels)
    count = len(labels) if labels.ndim == 1 else 0
    if not count or labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= CLASSES:
        raise ValueError(f"{path}: labels must be integers from 0 to {CLASSES - 1}, at least one; received {labels}")
    if images.dtype != np.uint8 or images.shape not in [(count, BYTES), (count, SIDE, SIDE, 3)]:
        raise ValueError(
            f"{path}: images must be uint8 [{count}, {SIDE}, {SIDE}, 3] for {count} labels, or rows of {BYTES} "
            f"channel by channel; received {images.dtype} {list(images.shape)}"
        )
    if images.ndim == 2:  # channel, row, column
        images = images.reshape(count, 3, SIDE, SIDE).transpose(0, 2, 3, 1)
    return Split(np.ascontiguousarray(images), labels.astype(np.int64))


def load(path):
    """The test images of CIFAR-10.

    Args:
        path: `cifar-10-python.tar.gz` or the folder that it unpacks to (test_batch is read), a file of TFRecords
            (`.tfrecords`) with the features `image`, 3072 bytes in the order channel, row, column, and `label`, int64;
            or an `.npz` with `images`, uint8 `[count, 32, 32, 3]`, and `labels`.

    Returns:
        A `Split`.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if the path is none of these, or the file is not complete; the message says what is wrong.
    """
    if not os.path.exists(path):
        raise FileNotFoundError(f"data must be a file or folder; {path} does not exist")
    if os.path.isdir(path):
        return _checked(path, *_from_folder(path))
    readers = {(".tar.gz", ".tgz", ".tar"): _from_archive, (".npz",): _from_npz}
    readers[(".tfrecords", ".tfrecord")] = _from_records
    for endings, read in readers.items():
        if path.endswith(endings):
            return _checked(path, *read(path))
    known = ", ".join(ending for endings in readers for ending in endings)
    raise ValueError(f"data must be a folder or end in {known}; received {path}")
