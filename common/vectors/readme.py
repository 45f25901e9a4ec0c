"""The README beside golden vectors, which describes their files and the equations that they follow."""

from typing import Dict, Mapping, NamedTuple

import numpy as np

from ... import __version__
from ..multipliers.table_exports import identifier
from .convolution import Vectors

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
activation{outputs}

{equations}
The test bench checks {pairs} pairs of operands, which are all that occur, and the sums of {pixels} of {output_pixels}
output pixels.
"""
_EQUATIONS = """The numbers follow docs/arithmetic.md of tfapprox, equations (3):

    sum    = sum over the taps of product(activation, weight)
    total  = sum - zero_w * sum(activation) - zero_a * sum(weight) + taps * zero_a * zero_w
    output = float32(float64(scale_a) * float64(scale_w) * float64(total))

`quantisation.json` has `scale_a`, `zero_a`, and `scale_w` and `zero_w` of each filter. A layer with fixed or moving
ranges was computed in its stored range, a layer with ranges of each batch in the range of all {batch} inputs together,
which were one batch.
"""
_OUTPUTS = ". `outputs.npy` has the real outputs of the operation, before bias and activation function."
_AX_EQUATIONS = """The layer is an AxConv2D. The numbers follow docs/arithmetic.md of tfapprox, equations (5):

    sum    = sum over the taps of product(activation, weight)
    total  = sum - zero_w * sum(activation) - zero_a * sum(correction weight) + taps * zero_a * zero_w

`total` wraps around to 32 bits. The multiplier gets the codes in `weights`, and the corrections have those in
`correction_weights`, which are the weights of the graph. Both differ where AxTune maps each weight to the one whose
products have the minimum error. `quantisation.json` has `zero_a` and `zero_w`, and the scales: the real output is
`total * scale_a * scale_w`. The graph was run on all {batch} inputs together, which were one batch.
"""
_AX_OUTPUTS = ", modulo 256. `outputs.npy` has the output tensor of the operation, int32, which is `totals`."


class Array(NamedTuple):
    """One array of integers that is written.

    Attributes:
        values: the integers.
        bits: width of each word in its memory image.
        dimensions: the names of its dimensions.
        content: what it holds, in words.
    """

    values: np.ndarray
    bits: int
    dimensions: str
    content: str


def text(vectors: Vectors, layer: str, arrays: Mapping[str, Array], sizes: Dict[str, int]) -> str:
    """The text of README.md.

    Args:
        vectors: the vectors.
        layer: name of the layer.
        arrays: from the name of each file, without its suffix, to the array in it.
        sizes: the sizes that the test bench has: `bits`, `product_bits` and `sum_bits`, `signed`, `pairs`, `pixels`,
            `output_pixels`, `groups`, `filters` and `taps`.
    """
    table, is_ax, batch = vectors.table, vectors.correction_weights is not None, len(vectors.activations)
    rows = [
        f"| `{name}` | {array.dimensions}: {' x '.join(map(str, array.values.shape))} | {array.bits} bits | "
        f"{array.content} |"
        for name, array in arrays.items()
    ]
    return _README.format(
        layer=layer,
        multiplier=table.name or "unnamed",
        sign="signed" if table.signed else "unsigned",
        sha256=table.sha256,
        version=__version__,
        module=identifier(table),
        rows="\n".join(rows),
        equations=(_AX_EQUATIONS if is_ax else _EQUATIONS).format(batch=batch),
        outputs=_AX_OUTPUTS if is_ax else _OUTPUTS,
        **sizes,
    )
