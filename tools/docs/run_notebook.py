"""Runs a notebook from its first cell to its last, and writes it with its outputs: `run_notebook.py NOTEBOOK RESULT`.

The notebook runs in a folder of its own, and finds no multipliers but those that it imports. Messages on standard
error, which TensorFlow writes when it is loaded, are left out.
"""

import os
import pathlib
import sys
import tempfile

import nbformat
from nbclient import NotebookClient

SECONDS = 600  # limit for the start, and for each cell


def run(notebook):
    """Runs a notebook of nbformat in place."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(XDG_DATA_HOME=folder, TFAPPROX_MULTIPLIER_PATH="")
        resources = {"metadata": {"path": folder}}
        client = NotebookClient(notebook, timeout=SECONDS, startup_timeout=SECONDS, resources=resources)
        client.coalesce_streams = True
        client.execute()
    for cell in notebook.cells:
        cell.metadata.clear()  # the times of the run
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]


if __name__ == "__main__":
    source, result = map(pathlib.Path, sys.argv[1:])
    content = nbformat.read(source, as_version=4)
    run(content)
    result.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(content, result)
