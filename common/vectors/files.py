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
from . import bench
from .convolution import Vectors

MAX_PRODUCTS = 1 << 18  # that the test bench computes for sums, so that a simulator takes seconds
_README = """# Golden vectors of the layer `{layer}`

Multiplier {multiplier}, {bits} bits, {sign} operands, SHA-256 of its table {sha256}.
Written by tfapprox {version}.

    iverilog -o bench test_bench.v YOUR_MULTIPLIER.v && vvp bench

prints `PASS` if the module has the products and sums of the layer. Run it in this folder. The module is
`{module}`, with the ports `A` (activation), `B` (weight) and `O` (product); `-DMULTIPLIER=NAME`, `-DACTIVATION=PORT`,
`-DWEIGHT=PORT` and `-DPRODUCT=PORT` choose other names. `tfapprox multiplier export {multiplier} --format verilog`
writes such a module.

| file | dimensions | words | content |
|---|---|---|---|
{rows}

The `.npy` files have the same numbers in the same order as the `.mem` files, which are hexadecimal words for
`$readmemh` in two's complement. The last dimension runs fastest. An output pixel is an image, a row and a column of the
output. Taps are in the order filter row, filter column, channel. A tap in the padding has the zero point as its
activation. `outputs.npy` has the real outputs of the operation, before bias and activation function.

The numbers follow docs/arithmetic.md of tfapprox, equations (3):

    sum    = sum over the taps of product(activation, weight)
    total  = sum - zero_w * sum(activation) - zero_a * sum(weight) + taps * zero_a * zero_w
    output = float32(float64(scale_a) * float64(scale_w) * float64(total))

`quantisation.json` has `scale_a`, `zero_a`, and `scale_w` and `zero_w` of each filter. A layer with fixed or moving
ranges was computed in its stored range, a layer with ranges of each batch in the range of all {batch} inputs together,
which were one batch.

The test bench checks {pairs} pairs of operands, which are all that occur, and the sums of {pixels} of {output_pixels}
output pixels.
"""


def write(vectors: Vectors, folder: Path, layer: str = "convolution") -> List[pathlib.Path]:
    """Writes the vectors of a layer, with a README and a test bench in Verilog.

    Args:
        vectors: the vectors, as `convolution_vectors` returns them.
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
    pairs = _pairs(vectors)
    arrays = {  # name of the file: array, bits of a word, dimensions, content
        "activations": (vectors.activations, bits, "image, row, column, channel", "codes of the input"),
        "weights": (vectors.weights, bits, "filter, row, column, channel", "codes of the filters"),
        "windows": (vectors.windows[:, chosen], bits, "group, pixel, tap", "activations under the filters"),
        "pixels": (chosen, 32, "pixel", "the output pixels in `windows`, as indices"),
        "sums": (vectors.sums, sum_bits, "image, row, column, filter", "sums of products"),
        "totals": (vectors.totals, sum_bits, "image, row, column, filter", "sums, corrected for the zero points"),
        "pairs": (pairs, 2 * bits + width, "pair", "{activation, weight, product} of every pair that occurs"),
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
    for name, (array, word, _, _) in arrays.items():
        contents[f"{name}.mem"] = ("\n".join(hexadecimal(array, word)) + "\n").encode()
        contents[f"{name}.npy"] = _npy(array)
    contents["outputs.npy"] = _npy(vectors.outputs)
    contents["test_bench.v"] = bench.text(identifier(table), sizes).encode()
    rows = [
        f"| `{name}` | {dimensions}: {' x '.join(map(str, array.shape))} | {word} bits | {content} |"
        for name, (array, word, dimensions, content) in arrays.items()
    ]
    contents["README.md"] = _README.format(
        layer=layer,
        multiplier=table.name or "unnamed",
        sign="signed" if table.signed else "unsigned",
        sha256=table.sha256,
        version=__version__,
        module=identifier(table),
        rows="\n".join(rows),
        batch=len(vectors.activations),
        **sizes,
    ).encode()
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
        "tfapprox": __version__,
    }
    return (json.dumps(content, indent=1) + "\n").encode()
