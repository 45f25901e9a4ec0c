"""Attacks the readers of what stands beside networks: assignments of multipliers to layers, and archives of arrays."""

import io
import json
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attacks import ATTACK, JSON, damaged, files, npy, numpy_headers, run

FIRST, SECOND = "first/Conv2D/eightbit", "second/Conv2D"
SHA256 = "eda35ed103be9f2a"  # the beginning of the SHA-256 of mul8u_drum4
ASSIGNMENT = {
    FIRST: {"multiplier": "mul8u_drum4", "sha256": SHA256},
    SECOND: {"multiplier": "mul8u_exact", "tune": False, "macs": None},
}
LAYERS = st.sampled_from([FIRST, SECOND, "second/Conv2D/eightbit", "", "\x1b[2J", "nothing"])
CHOICES = JSON | st.dictionaries(
    st.sampled_from(["multiplier", "tune", "sha256", "name", "macs", "x"]), JSON, max_size=3
)
ASSIGNMENTS = st.dictionaries(
    LAYERS, CHOICES | st.sampled_from(["mul8u_drum4", "mul8s_exact", "mul4u_exact"]), max_size=3
)
WORDS = [
    "--mult",
    "mul8u_drum5",
    "--tune",
    "--no-tune",
    f"{FIRST}=mul8u_exact",
    "=",
    "a=b=c",
    "\x1b=\x1b",
    "-1",
    "--",
    "",
]


@pytest.fixture(scope="module")
def graph():
    """A folder with a frozen graph, and the program that reads it."""
    pytest.importorskip("tensorflow")
    from tf1_graphs import two_layers

    from tfapprox.tf1.command_line import app

    with files({"graph.pb": two_layers().SerializeToString()}) as folder:
        yield f"{folder}/graph.pb", app


@ATTACK
@given(ASSIGNMENTS.map(json.dumps).map(str.encode) | damaged(json.dumps(ASSIGNMENT).encode()), st.data())
def test_assignments(graph, content, data):
    path, program = graph
    words = data.draw(st.lists(st.sampled_from(WORDS), max_size=3))
    with files({"layers.json": content}) as folder:
        run("set", path, "--layers", f"{folder}/layers.json", "-o", f"{folder}/new.pb", *words, program=program)


def archive(members):
    """The bytes of an archive of members, given as bytes by name."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for name, member in members.items():
            file.writestr(name, member)
    return content.getvalue()


ARRAY = npy(np.arange(24, dtype=np.float32).reshape(2, 3, 4))
MEMBERS = st.dictionaries(
    st.sampled_from(["x.npy", "y.npy", "x", "x/", "../x.npy", "\x1b.npy"]),
    damaged(ARRAY) | numpy_headers() | st.binary(max_size=50),
    max_size=3,
)


@ATTACK
@given(
    MEMBERS.map(archive) | damaged(archive({"x.npy": ARRAY})) | st.binary(max_size=99), st.sampled_from([None, "x", ""])
)
def test_archives(content, array):
    """The command reads its archive before it refuses the model."""
    options = [] if array is None else ["--array", array]
    with files({"data.npz": content}) as folder:
        assert run("vectors", "model.pb", "layer", "--data", f"{folder}/data.npz", "-o", folder, *options) == 1
