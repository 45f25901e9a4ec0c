"""The CIFAR-10 example: the same images in all forms, multipliers, and mistakes."""

import io
import json
import os
import pickle
import re
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import typer
from typer.testing import CliRunner

from tfapprox.tf1 import graph as graphs
from tfapprox.tf1 import layers

sys.path.insert(0, str(Path(__file__).parents[2] / "tf1" / "examples"))
import cifar10
import cifar10_data
import compare_operations

COUNT = 25


@pytest.fixture(scope="module")
def example():
    """Function from arguments and the expected exit code to what the example prints."""
    cifar10_app = typer.Typer()
    cifar10_app.command()(cifar10.main)

    def call(*arguments, code=0, app=cifar10_app):
        result = CliRunner().invoke(app, list(map(str, arguments)))
        assert result.exit_code == code, result.output
        return result.output

    return call


@pytest.fixture(scope="module")
def split():
    random = np.random.RandomState(5)
    return random.randint(0, 256, [COUNT, 32, 32, 3]).astype(np.uint8), random.randint(0, 10, [COUNT])


def rows(images):
    return images.transpose(0, 3, 1, 2).reshape(len(images), -1)


def batch(images, labels):
    """A batch as the official files have it, a pickle of Python 2."""
    return pickle.dumps({"data": rows(images), "labels": labels.tolist(), "batch_label": "testing batch 1 of 1"}, 2)


def write_folder(path, images, labels):
    (path / "cifar-10-batches-py").mkdir(parents=True)
    (path / "cifar-10-batches-py" / "test_batch").write_bytes(batch(images, labels))
    return path


def write_archive(path, images, labels):
    content = batch(images, labels)
    with tarfile.open(str(path), "w:gz") as archive:
        for name in ("data_batch_1", "test_batch"):
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content if name == "test_batch" else bytes(len(content))))
    return path


def write_records(path, images, labels):
    with tf.io.TFRecordWriter(str(path)) as writer:
        for image, label in zip(rows(images), labels):
            features = {"image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[image.tobytes()]))}
            if label is not None:
                features["label"] = tf.train.Feature(int64_list=tf.train.Int64List(value=[int(label)]))
            writer.write(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())
    return path


def write_npz(path, images, labels):
    np.savez(str(path), images=images, labels=labels)
    return path


FORMS = {
    "folder": write_folder,
    "cifar-10-python.tar.gz": write_archive,
    "test.tfrecords": write_records,
    "test.npz": write_npz,
}


@pytest.mark.parametrize("form", FORMS)
def test_all_forms_give_the_same_images(split, tmp_path, form):
    loaded = cifar10_data.load(str(FORMS[form](tmp_path / form, *split)))
    for array, expected, dtype in zip(loaded, split, (np.uint8, np.int64)):
        assert array.dtype == dtype
        np.testing.assert_array_equal(array, expected)


def right_ones(path, split, **choice):
    """How many images of each batch of 10 the graph classifies right, without the example's code."""
    graph = layers.assigned(graphs.read(path), layers.Choice(**choice))
    images, labels = split
    found = []
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        tf.import_graph_def(graph, name="")
        for start in range(0, COUNT, 10):
            part = slice(start, start + 10)
            logits = session.run("logits:0", {"images:0": images[part]})
            found.append(int((logits.argmax(1) == labels[part]).sum()))
    return found


@pytest.fixture(scope="module")
def labelled(small_graph, split):
    """The images with labels that the graph's exact form gives to about half of them."""
    images, labels = split
    graph = layers.assigned(graphs.read(small_graph), layers.Choice("mul8u_exact"))
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        tf.import_graph_def(graph, name="")
        classes = session.run("logits:0", {"images:0": images}).argmax(1)
    return images, np.where(np.arange(COUNT) % 2, classes, labels)


@pytest.mark.parametrize("form", FORMS)
def test_accuracy(example, small_graph, labelled, tmp_path, form):
    data = FORMS[form](tmp_path / form, *labelled)
    output = example(small_graph, data, "--batch-size", 10, "--mult", "mul8u_exact")
    expected = right_ones(small_graph, labelled, multiplier="mul8u_exact")
    assert re.findall(r"batch (\d): [\d.]+% \((\d+) of (\d+)\)", output) == [
        (str(number), str(right), str(size)) for number, right, size in zip((1, 2, 3), expected, (10, 10, 5))
    ]
    assert f"accuracy {sum(expected) / COUNT:.2%} ({sum(expected)} of {COUNT} images)" in output
    assert 8 < sum(expected) < COUNT


def test_multipliers(example, small_graph, labelled, tmp_path):
    data, assignment = write_npz(tmp_path / "test.npz", *labelled), tmp_path / "layers.json"
    assignment.write_text(json.dumps(dict.fromkeys(["first/Conv2D", "second/Conv2D"], "mul8u_trunc12")))

    def run(*arguments):
        output = example(small_graph, data, "--batch-size", 10, *arguments)
        return [int(right) for right in re.findall(r"\((\d+) of \d+\)", output)]

    results = {}
    for arguments, choice in {
        (): {},
        ("--no-tune",): {"tune": False},
        ("--mult", "mul8u_trunc12"): {"multiplier": "mul8u_trunc12"},
        ("--mult", "mul8u_trunc12", "--no-tune"): {"multiplier": "mul8u_trunc12", "tune": False},
        ("--layers", assignment, "--tune"): {"multiplier": "mul8u_trunc12", "tune": True},
    }.items():
        results[arguments] = run(*arguments)
        assert results[arguments] == right_ones(small_graph, labelled, **choice)
    assert len(set(map(tuple, results.values()))) > 1
    assert len(run("--images", 7)) == 1


@pytest.mark.parametrize(("multiplier", "tune"), [("mul8u_1JFF", False), ("mul8u_L40", True)])
def test_resnet8(example, shared_data, tmp_path, monkeypatch, multiplier, tune):
    """The labels are what the original predicted on TensorFlow 1.14, so that there all of them are right."""
    monkeypatch.setenv("TFAPPROX_MULTIPLIER_PATH", str(shared_data / "multipliers"))
    with np.load(str(shared_data / "golden" / "tf1" / "resnet8_logits.npz")) as golden:
        labels = golden[f"logits_{multiplier}_tune{tune}"].argmax(1)
    with np.load(str(shared_data / "resnet8" / "images64.npz")) as archive:
        data = write_npz(tmp_path / "test.npz", archive["images"], labels)
    arguments = ["--mult", multiplier, "--tune" if tune else "--no-tune"]
    output = example(shared_data / "resnet8" / "resnet_8_quant_ax.pb", data, *arguments)
    right = int(re.search(r"accuracy .+ \((\d+) of 64 images\)", output)[1])
    assert right == 64 if tf.__version__.startswith("1.14") else right > 16
    assert "normalises by the statistics of a batch: state the batch size, 100" in output


def test_data_mistakes(example, small_graph, split, tmp_path):
    images, labels = split

    def error(path, graph=small_graph):
        output = example(graph, path, code=1)
        assert output.strip().startswith("error: ")
        return output

    assert "none.npz does not exist" in error(tmp_path / "none.npz")
    (tmp_path / "data.txt").write_text("")
    assert "data must be a folder or end in .tar.gz, .tgz, .tar, .npz, .tfrecords" in error(tmp_path / "data.txt")
    np.savez(str(tmp_path / "a.npz"), images=images)
    assert "data must have an array labels; received" in error(tmp_path / "a.npz")
    write_npz(tmp_path / "b.npz", images[:, :28], labels)
    message = "images must be uint8 [25, 32, 32, 3] for 25 labels, or rows of 3072 channel by channel; received uint8"
    assert message + " [25, 28, 32, 3]" in error(tmp_path / "b.npz")
    assert message + " [24, 32, 32, 3]" in error(write_npz(tmp_path / "c.npz", images[1:], labels))
    assert "labels must be integers from 0 to 9" in error(write_npz(tmp_path / "d.npz", images, labels + 5))
    assert "labels must be integers from 0 to 9" in error(write_npz(tmp_path / "e.npz", images, labels / 2))
    (tmp_path / "f.npz").write_text("no archive")
    assert "data must be a .npz archive of arrays; received" in error(tmp_path / "f.npz")
    (tmp_path / "g.npz").write_bytes((tmp_path / "e.npz").read_bytes().replace(b"NUMPY", b"NUMPI"))
    assert "data must be a .npz archive of arrays; received" in error(tmp_path / "g.npz")
    for suffix in (".npz", ".tar.gz", ".tfrecords"):
        os.mkfifo(str(tmp_path / f"pipe{suffix}"))
        assert "data must be a regular file" in error(tmp_path / f"pipe{suffix}")
    assert "record 0 must have one label, int64; it has 0" in error(
        write_records(tmp_path / "a.tfrecords", images, [None] * COUNT)
    )
    assert "an image must have 3072 bytes, channel by channel; received 2688" in error(
        write_records(tmp_path / "b.tfrecords", images[:, :28], labels)
    )
    (tmp_path / "c.tfrecords").write_text("these are no records at all")
    assert "must be a file of TFRecords" in error(tmp_path / "c.tfrecords")
    assert "a folder of data must have the file test_batch" in error(tmp_path)
    (tmp_path / "test_batch").write_bytes(pickle.dumps({"data": rows(images)}, 2))
    assert "must have data and labels; it has no 'labels'" in error(tmp_path)
    (tmp_path / "test_batch").write_bytes(pickle.dumps({"data": Path("/"), "labels": []}))
    assert "must be a batch of CIFAR-10: it names pathlib" in error(tmp_path)
    (tmp_path / "a.tar.gz").write_text("no archive")
    assert "must be a tar archive" in error(tmp_path / "a.tar.gz")
    with tarfile.open(str(tmp_path / "b.tar.gz"), "w:gz"):
        pass
    assert "must have the file test_batch, as cifar-10-python.tar.gz has" in error(tmp_path / "b.tar.gz")


def test_graph_mistakes(example, small_graph, split, tmp_path):
    data = write_npz(tmp_path / "test.npz", *split)
    assert "received 'mul8u_NONE'" in example(small_graph, data, "--mult", "mul8u_NONE", code=1)
    assert "GRAPH must be a frozen graph" in example(data, data, code=1)
    assert "--output-node must name nodes of the graph" in example(small_graph, data, "--output-node", "no", code=1)
    hidden = example(small_graph, data, "--output-node", "first/Conv2D/eightbit", code=1)
    assert "first/Conv2D/eightbit:0 must be [25, classes]; received [25, 16, 16, 4]" in hidden
    with tf.Graph().as_default() as graph:
        tf.identity(tf.compat.v1.placeholder(tf.float32, [None, 28, 28, 1]), name="end")
    graphs.write(graph.as_graph_def(), tmp_path / "other.pb")
    assert "GRAPH must run on the images; received " in example(tmp_path / "other.pb", data, code=1)
    assert "GRAPH must have AxConv2D nodes" in example(tmp_path / "other.pb", data, "--no-tune", code=1)


def test_compare_operations(example, small_graph, split, tmp_path):
    """One TensorFlow agrees with itself; a change of one recorded tensor shows where it is made and read."""
    write_npz(tmp_path / "test.npz", *split)
    record = tmp_path / "record.npz"

    def run(*arguments):
        return example(*arguments, app=compare_operations.app)

    def differing():
        output = run("compare", small_graph, record, "--given", "Relu")
        rows = re.findall(r"│ (\w+) +│ +(\d+) │ +(\d+) │", output)
        ends = re.findall(r"(?:its end|every Relu:) ([\d.e+-]+)", output)
        return {name for name, _, differ in rows if differ != "0"}, {name for name, *_ in rows}, list(map(float, ends))

    assert "tensors of TensorFlow" in run("record", small_graph, tmp_path / "test.npz", record, "--images", 4)
    differ, types, ends = differing()
    assert differ == set()
    assert types > {"AxConv2D", "QuantizeV2", "Dequantize", "Relu", "Mean"}
    assert ends == [0, 0]
    with np.load(str(record)) as archive:
        values = dict(archive)
    values["Relu:0"] = values["Relu:0"] + 1
    np.savez(str(record), **values)
    differ, _, ends = differing()
    assert differ == {"Relu", "Max", "Min", "QuantizeV2"}
    assert ends[0] == 0 < ends[1]
