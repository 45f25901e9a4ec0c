"""The commands link and run: scripts of 2019, unmodified, on TensorFlow 1.14 and on TensorFlow 2."""

import os
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
import tensorflow as tf

from tfapprox.tf1 import graph as graphs
from tfapprox.tf1 import layers

TF1 = tf.__version__.startswith("1.")
RUN = ["-W", "ignore", "-m", "tfapprox.tf1", "run"]

# A script as they were written: it knows nothing of this project.
SCRIPT = """
from __future__ import print_function
import sys
from importlib.util import find_spec

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import graph_pb2
from tensorflow.python.platform import gfile
from tensorflow import flags

import beside

approx_op_module = tf.load_op_library('../axqconv/axqconv.so')

flags.DEFINE_string("mult", "mul8u_1JFF", "multiplier")
flags.DEFINE_boolean("tune", True, "tuning")


def main(argv):
    graph_def = tf.GraphDef()
    with tf.gfile.GFile("graph.pb", "rb") as file:
        graph_def.ParseFromString(file.read())
    assert isinstance(graph_def, graph_pb2.GraphDef) and gfile.Exists("graph.pb")
    for node in graph_def.node:
        if node.op == "AxConv2D":
            node.attr["AxMult"].s = flags.FLAGS.mult.encode()
            node.attr["AxTune"].b = flags.FLAGS.tune
    tf.import_graph_def(graph_def, name="")
    with tf.Session() as session:
        np.save("logits.npy", session.run("logits:0", {"images:0": np.load("images.npy")}))
    print(beside.NAME, argv)
    sys.exit(3)


if __name__ == "__main__":
    tf.app.run()
"""


@pytest.fixture
def old_folder(small_graph, tmp_path):
    """A folder with the script, a module beside it, its graph and images."""
    folder = tmp_path / "script"
    folder.mkdir()
    (folder / "old.py").write_text(SCRIPT)
    (folder / "beside.py").write_text("import tensorflow as tf\nNAME = tf.placeholder(tf.float32, name='here').name\n")
    (folder / "graph.pb").write_bytes(small_graph.read_bytes())
    np.save(str(folder / "images.npy"), np.random.RandomState(3).randint(0, 256, [6, 32, 32, 3]))
    return folder


def python(*arguments, folder=None, code=0):
    """Standard output and error of a process."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "NO_COLOR": "1", "COLUMNS": "200"}
    command = [sys.executable, *map(str, arguments)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
        env=environment,
        cwd=None if folder is None else str(folder),
    )
    output, errors = process.communicate()
    assert process.returncode == code, output + errors
    return output, errors


def expected_logits(folder):
    graph = layers.assigned(graphs.read(folder / "graph.pb"), layers.Choice("mul8u_trunc4", False))
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        tf.import_graph_def(graph, name="")
        return session.run("logits:0", {"images:0": np.load(str(folder / "images.npy"))})


def check_old_script(folder, *before):
    output, _ = python(*before, "old.py", "--mult", "mul8u_trunc4", "--notune", folder=folder, code=3)
    assert output == "here:0 ['old.py']\n"
    np.testing.assert_array_equal(np.load(str(folder / "logits.npy")), expected_logits(folder))


@pytest.mark.skipif(not TF1, reason="TensorFlow 2 needs run")
def test_an_old_script_after_link(old_folder):
    (old_folder.parent / "axqconv").mkdir()
    python("-W", "ignore", "-m", "tfapprox.tf1", "link", "../axqconv", folder=old_folder)
    check_old_script(old_folder)


def test_an_old_script_by_run(old_folder):
    """The script loads a file that does not exist, because there is no link."""
    check_old_script(old_folder, *RUN)


# There are few cases with much in each, because every process loads TensorFlow.
PLAIN = {
    "a script and its end": (
        "# -*- coding: latin-1 -*-\nimport sys, os\n"
        "print(sys.argv, sys.path[0], __name__, __file__, __doc__, __package__, __spec__, ascii('\u00e9'))\n"
        "print(sys.modules['__main__'].__dict__ is globals(), os.getcwd())\nsys.exit('over')"
    ),
    "an exception": (
        "def f():\n    try:\n        1 / 0\n    except ZeroDivisionError as error:\n"
        "        raise KeyError(3) from error\n\n\nf()"
    ),
    "no Python": "def f(:",
    "its own excepthook": "import sys\nsys.excepthook = lambda *e: print('caught', e[1])\nraise ValueError(4)",
}


@pytest.mark.parametrize("name", PLAIN)
def test_as_if_run_directly(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "script.py").write_bytes(PLAIN[name].encode("latin-1"))
    arguments = ["folder/script.py", "--help", "-x", "a b", "--", "--tune"]
    (direct, direct_errors), (output, errors) = (
        python(*before, *arguments, folder=tmp_path, code=1) for before in ([], RUN)
    )
    assert output == direct
    assert errors.endswith(direct_errors)
    assert errors.count("Traceback") == direct_errors.count("Traceback")
    assert "tfapprox" not in errors


def test_no_script(command, tmp_path):
    assert "No such file or directory" in command("run", tmp_path / "none.py", code=2)
    assert "SCRIPT must be a regular file" in command("run", "/dev/zero", code=2)


ABSENT = {
    "tf.contrib.layers": "tf.contrib.layers is not in the version 1 API of",
    "tf.contrib.training.RunConfig": "tf.contrib.training.RunConfig is not in the version 1 API of",
    "import tensorflow.contrib.slim as slim": "tf.contrib.slim is not in the version 1 API of",
    "from tensorflow.contrib import slim": "tf.contrib.slim is not in the version 1 API of",
    "from tensorflow.examples.tutorials.mnist import input_data": "tf.examples is not in the version 1 API of",
    "tf.layers.conv2d": "tf.layers needs the package tf_keras on",
    "tf.keras.models": "tf.keras needs the package tf_keras on",
    "from tensorflow.keras.models import Model": "tf.keras needs the package tf_keras on",
}


@pytest.mark.skipif(TF1, reason="TensorFlow 1 has them")
def test_what_tensorflow_2_does_not_have(tmp_path):
    sources = {source: text for source, text in ABSENT.items() if "keras" not in text or not find_spec("tf_keras")}
    script = "import tensorflow as tf\n"
    for source in sources:
        script += f"try:\n    {source}\nexcept (ImportError, AttributeError) as error:\n    print(error)\n"
    (tmp_path / "script.py").write_text(script)
    output, _ = python(*RUN, tmp_path / "script.py")
    assert len(output.splitlines()) == len(sources)
    for line, text in zip(output.splitlines(), sources.values()):
        assert line.startswith(f"{text} TensorFlow {tf.__version__}")
        assert "TensorFlow 1.14 container" in line


@pytest.mark.skipif(TF1, reason="TensorFlow 1 is itself")
def test_the_name_tensorflow(tmp_path):
    (tmp_path / "script.py").write_text(
        "import importlib, tensorflow, tensorflow as tf, tensorflow.python.platform.gfile as gfile\n"
        "import tensorflow.gfile, tensorflow.compat.v1 as v1, tensorflow.python.framework.ops\n"
        "from tensorflow.nn import softmax_cross_entropy_with_logits_v2\n"
        "from tensorflow import Session, app, logging\n"
        "assert importlib.import_module('tensorflow') is tf is tensorflow\n"
        "assert not tf.executing_eagerly() and tf.get_variable is v1.get_variable and gfile.GFile and Session\n"
        "assert tf.python.framework.ops.Graph is tf.Graph and 'placeholder' in dir(tf) and not hasattr(tf, 'none')\n"
        "try:\n    tf.load_op_library('other.so')\nexcept tf.errors.NotFoundError as error:\n    print(error.message)\n"
    )
    output, _ = python(*RUN, tmp_path / "script.py")
    assert output.startswith("other.so: cannot open shared object file")


# The first step of the CIFAR-10 example of 2019, and a script that freezes a graph.
RECORDS = """
import os
import tensorflow as tf
from tensorflow.python.framework import graph_util

path = tf.contrib.learn.datasets.base.maybe_download('images.tar.gz', 'data', 'file://' + os.path.abspath('source'))
path = tf.contrib.learn.datasets.base.maybe_download('images.tar.gz', 'data', 'file:///nowhere')
with tf.python_io.TFRecordWriter('records') as writer:
    label = tf.train.Feature(int64_list=tf.train.Int64List(value=[os.path.getsize(path)]))
    writer.write(tf.train.Example(features=tf.train.Features(feature={'label': label})).SerializeToString())
record = next(tf.python_io.tf_record_iterator('records'))
print(path, tf.train.Example.FromString(record).features.feature['label'].int64_list.value[0])

options = tf.contrib.training.HParams(rate=0.5, depth=8)
options.add_hparam('batch', 4)
options.set_hparam('depth', 20)
print(options.rate, options.depth, sorted(options.values()), 'batch' in options, options.get('none', 3))

tf.add(tf.get_variable('v', initializer=2.0), 1.0, name='end')
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    frozen = graph_util.convert_variables_to_constants(session, tf.get_default_graph().as_graph_def(), ['end'])
print(sorted({node.op for node in frozen.node} & {'Const', 'VariableV2'}))
"""


def test_records_and_freezing(tmp_path):
    (tmp_path / "script.py").write_text(RECORDS)
    (tmp_path / "source").write_bytes(bytes(11))
    output, _ = python(*RUN, "script.py", folder=tmp_path)
    lines = output.splitlines()[-3:]
    assert lines == ["data/images.tar.gz 11", "0.5 20 ['batch', 'depth', 'rate'] True 3", "['Const']"]
    assert os.listdir(str(tmp_path / "data")) == ["images.tar.gz"]
