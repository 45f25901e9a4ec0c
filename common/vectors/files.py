"""Writes golden vectors to a folder: memory images, numpy arrays, a description and a test bench."""

import io
import json
import pathlib
from typing import Dict, List

import numpy as np

from ... import __version__
from .. import atomic_files
from ..multipliers.table_exports import hexadecimal, identifier, product_bits
from ..paths import Path, expanded
from . import bench, readme
from .convolution import Vectors

_OUTPUT = "image, row, column, filter"
MAX_PRODUCTS = 1 << 18  # the test bench computes at most so many for sums, so that a simulator takes seconds


def write(vectors: Vectors, folder: Path, layer: str = "convolution") -> List[pathlib.Path]:
    """Writes the vectors of a layer, with a README and a test bench in Verilog.

    Args:
        vectors: the `Vectors` of a convolution.
        folder: folder of the files, which is made if it does not exist. Files in it with the same names are replaced.
        layer: name of the layer, for the README.

    Returns:
        The paths of the files.

    Raises:
        OSError: if a file cannot be written.

    Example:
        >>> import tempfile
        >>> from .convolution import convolution_vectors
        >>> x, w = np.ones((1, 4, 4, 1)), np.ones((3, 3, 1, 1))
        >>> written = write(convolution_vectors(x, w, 0, 1, 0, 1, [1, 1, 1, 1], "VALID"), tempfile.mkdtemp())
        >>> sorted(path.name for path in written)[:4]
        ['README.md', 'activations.mem', 'activations.npy', 'outputs.npy']
    """
    target, table = expanded(folder), vectors.table
    target.mkdir(parents=True, exist_ok=True)
    groups, pixels, taps = vectors.windows.shape
    filters = len(vectors.weights)
    count = max(1, min(pixels, MAX_PRODUCTS // max(1, taps * filters)))
    chosen = np.linspace(0, pixels - 1, count).astype(np.int64) if pixels else np.empty(0, np.int64)
    sum_bits = 32 if max(abs(vectors.sums).max(initial=0), abs(vectors.totals).max(initial=0)) < 1 << 31 else 64
    bits, width = table.num_bits, product_bits(table)
    pairs, filter_dimensions = _pairs(vectors), "filter, row, column, channel"
    corrections: Dict[str, readme.Array] = {}
    if vectors.correction_weights is not None:
        corrections["correction_weights"] = readme.Array(
            vectors.correction_weights, bits, filter_dimensions, "weight codes in the corrections"
        )
    arrays = {
        "activations": readme.Array(vectors.activations, bits, "image, row, column, channel", "codes of the input"),
        "weights": readme.Array(vectors.weights, bits, filter_dimensions, "codes of the filters"),
        **corrections,
        "windows": readme.Array(vectors.windows[:, chosen], bits, "group, pixel, tap", "activations under the filters"),
        "pixels": readme.Array(chosen, 32, "pixel", "the output pixels in `windows`, as indices"),
        "sums": readme.Array(vectors.sums, sum_bits, _OUTPUT, "sums of products"),
        "totals": readme.Array(vectors.totals, sum_bits, _OUTPUT, "sums, corrected for the zero points"),
        "pairs": readme.Array(
            pairs, 2 * bits + width, "pair", "{activation, weight, product} of each pair that occurs"
        ),
    }
    sizes = {
        "bits": bits,
        "product_bits": width,
        "sum_bits": sum_bits,
        "signed": int(table.signed),
        "pairs": len(pairs),
        "pixels": len(chosen),
        "output_pixels": pixels,
        "groups": groups,
        "filters": filters,
        "taps": taps,
    }
    contents: Dict[str, bytes] = {"quantisation.json": _quantisation(vectors)}
    for name, (values, word, _, _) in arrays.items():
        contents[f"{name}.mem"] = ("\n".join(hexadecimal(values, word)) + "\n").encode()
        contents[f"{name}.npy"] = _npy(values)
    contents["outputs.npy"] = _npy(vectors.outputs)
    contents["test_bench.v"] = bench.text(identifier(table), sizes).encode()
    contents["README.md"] = readme.text(vectors, layer, arrays, sizes).encode()
    for file, content in contents.items():
        atomic_files.write(target / file, content)
    return [target / file for file in contents]


def _npy(array):
    content = io.BytesIO()
    np.lib.format.write_array(content, np.ascontiguousarray(array), allow_pickle=False)
    return content.getvalue()


def _pairs(vectors):
    """Every pair of operands that occurs, as one word with its product, in ascending order: int64 `[pairs]`."""
    table, mask = vectors.table, (1 << vectors.table.num_bits) - 1
    occurs = np.zeros(table.entries.shape, bool)
    for windows, weights in zip(vectors.windows, np.split(_filters(vectors), len(vectors.windows))):
        for tap in range(windows.shape[1]):  # every window meets every filter of its group
            occurs[np.ix_(np.unique(windows[:, tap]), np.unique(weights[:, tap]))] = True
    a, w = np.nonzero(occurs)
    width = product_bits(table)
    products = table.entries[a, w].astype(np.int64) & ((1 << width) - 1)
    return ((a & mask) << table.num_bits | (w & mask)) << width | products


def _filters(vectors):
    return vectors.weights.reshape(len(vectors.weights), -1)


def _quantisation(vectors):
    activation = vectors.activation
    content = {
        "activation": {"scale": float(activation.scale), "zero_point": int(activation.zero_point)},
        "weight": {
            "scale": [float(quantiser.scale) for quantiser in vectors.weight],
            "zero_point": [int(quantiser.zero_point) for quantiser in vectors.weight],
        },
        "multiplier": vectors.table.name,
        "sha256": vectors.table.sha256,
        "operation": vectors.operation,
        "tfapprox": __version__,
    }
    return (json.dumps(content, indent=1) + "\n").encode()
