"""Golden vectors: the integers of a convolution, the files, and the test bench under Icarus Verilog."""

import json
import shutil
import subprocess

import numpy as np
import pytest

from cases import random_table
from tfapprox.common import multipliers, reference, vectors
from tfapprox.common.truth_table import TruthTable
from tfapprox.common.vectors import files

RANDOM = np.random.RandomState(7)
INPUT = RANDOM.uniform(-1, 3, (2, 5, 6, 4)).astype(np.float32)
needs_icarus = pytest.mark.skipif(not shutil.which("iverilog"), reason="needs Icarus Verilog (iverilog)")

# For each name: the table, its width, the channels of a filter, the number of filters, and their range.
LAYERS = {
    "plain": (TruthTable(random_table(8, 1), "mul8u_RANDOM"), 8, 4, 6, (-0.5, 0.75)),
    "signed": (TruthTable(random_table(8, 2).view(np.int16), "mul8s_RANDOM"), 8, 4, 6, (-0.5, 0.75)),
    "grouped": (TruthTable(random_table(4, 3), "mul4u_RANDOM"), 4, 2, 6, (-0.5, 0.75)),
    "depthwise": (TruthTable.exact(3), 3, 1, 8, (-0.5, 0.75)),
    "per channel": (TruthTable(random_table(8, 4), "circuit-2"), 8, 4, 3, ([-0.5, -1, 0], [0.75, 0, 2])),
}


def layer_vectors(case, **geometry):
    table, num_bits, channels, filters, ends = LAYERS[case]
    kernel = np.random.RandomState(8).uniform(-1, 1, (3, 2, channels, filters)).astype(np.float32)
    arguments = (INPUT, kernel, -1, 3, *ends, [1, 2, 1, 1], "SAME")
    options = {"num_bits": num_bits, "table": table, **geometry}
    return vectors.convolution_vectors(*arguments, **options), arguments, options


@pytest.mark.parametrize("case", LAYERS)
def test_sums_by_hand(case):
    """Every sum is added up from codes and table in Python's integers, and scaled to the output of the reference."""
    computed, arguments, options = layer_vectors(case)
    table, windows, weights = computed.table.entries, computed.windows, computed.weights
    filters = len(weights)
    sums, totals = (array.reshape(-1, filters) for array in (computed.sums, computed.totals))
    za = computed.activation.zero_point
    for pixel in range(0, len(sums), 5):
        for f in range(filters):
            a = windows[f // (filters // len(windows)), pixel].tolist()
            w = weights[f].ravel().tolist()
            zw = computed.weight[f].zero_point
            assert sums[pixel, f] == sum(int(table[i, j]) for i, j in zip(a, w))
            assert totals[pixel, f] == sums[pixel, f] - zw * sum(a) - za * sum(w) + len(a) * za * zw
    np.testing.assert_array_equal(computed.outputs, reference.approx_conv2d_with_min_max_vars(*arguments, **options))
    expected = reference.codes(reference.quantiser("input", -1, 3, options["num_bits"], computed.table.signed), INPUT)
    np.testing.assert_array_equal(computed.activations, expected)


def test_layouts_have_the_same_vectors():
    computed, arguments, options = layer_vectors("plain")
    x, kernel, *ranges, strides, padding = arguments
    strides = [strides[0], strides[3], strides[1], strides[2]]
    other = vectors.convolution_vectors(
        x.transpose(0, 3, 1, 2), kernel, *ranges, strides, padding, data_format="NCHW", **options
    )
    for name in computed._fields[3:]:
        np.testing.assert_array_equal(getattr(other, name), getattr(computed, name))


def test_nan_has_no_code():
    with pytest.raises(ValueError, match="filter must not have NaN, which has no code; received 1 of them"):
        vectors.convolution_vectors(INPUT[..., :1], np.full((1, 1, 1, 1), np.nan), -1, 3, 0, 1, [1] * 4)


@pytest.mark.parametrize("case", ["plain", "signed"])
def test_files(case, tmp_path):
    computed, _, _ = layer_vectors(case)
    written = vectors.write(computed, tmp_path / "vectors", "conv")
    assert {path.name for path in written} == {path.name for path in (tmp_path / "vectors").iterdir()}
    for name in ("activations", "weights", "windows", "sums", "totals", "pairs", "pixels"):
        array = np.load(str(tmp_path / "vectors" / f"{name}.npy"))
        words = [int(word, 16) for word in (tmp_path / "vectors" / f"{name}.mem").read_text().split()]
        mask = {"sums": 2**32 - 1, "totals": 2**32 - 1, "pairs": 2**32 - 1, "pixels": 2**32 - 1}.get(name, 255)
        assert words == [value & mask for value in array.ravel().tolist()]
        if name not in ("pairs", "pixels"):
            np.testing.assert_array_equal(array, getattr(computed, name))
    occurring = {
        (a & 255, w & 255, int(computed.table.entries[a, w]) & 0xFFFF)
        for row in computed.windows[0].tolist()
        for filter in computed.weights.reshape(6, -1).tolist()
        for a, w in zip(row, filter)
    }
    pairs = np.load(str(tmp_path / "vectors" / "pairs.npy")).tolist()
    assert {(pair >> 24, pair >> 16 & 255, pair & 0xFFFF) for pair in pairs} == occurring
    assert len(pairs) == len(occurring)
    quantisation = json.loads((tmp_path / "vectors" / "quantisation.json").read_text())
    assert np.float32(quantisation["activation"]["scale"]) == computed.activation.scale
    assert quantisation["weight"]["zero_point"] == [computed.weight[0].zero_point] * 6
    assert computed.table.sha256 in (tmp_path / "vectors" / "README.md").read_text()


def test_large_sums_have_64_bits(tmp_path):
    computed, _, _ = layer_vectors("plain")
    vectors.write(computed._replace(sums=computed.sums + (1 << 31)), tmp_path)
    assert len((tmp_path / "sums.mem").read_text().split()[0]) == 16


def simulate(folder, module):
    """The last line that Icarus Verilog prints for the test bench with a module."""
    subprocess.run(["iverilog", "-Wall", "-o", "bench", "test_bench.v", module], cwd=folder, check=True)
    output = subprocess.run(["vvp", "-n", "bench"], cwd=folder, check=True, capture_output=True, text=True)
    assert "WARNING" not in output.stdout + output.stderr
    return output.stdout.splitlines()


@needs_icarus
@pytest.mark.parametrize("case", LAYERS)
def test_bench(case, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_PRODUCTS", 2000)
    computed, _, _ = layer_vectors(case)
    vectors.write(computed, tmp_path)
    stored = multipliers.import_products(
        computed.table.entries, computed.table.name or "mul3u_table", folder=tmp_path / "tables"
    )
    multipliers.export(stored.path, "verilog", tmp_path / "right.v")
    assert simulate(tmp_path, "right.v")[-1] == "PASS"

    # One product is wrong, that of a pair that occurs.
    a, w = int(computed.windows[0, 0, 0]), int(computed.weights.reshape(len(computed.weights), -1)[0, 0])
    entries = computed.table.entries.copy()
    entries[a, w] ^= 1
    wrong = multipliers.import_products(entries, stored.name, folder=tmp_path / "wrong")
    multipliers.export(wrong.path, "verilog", tmp_path / "wrong.v")
    *lines, verdict = simulate(tmp_path, "wrong.v")
    assert verdict == "FAIL"
    assert lines[-1].startswith("1 of ")
    mask = 2**computed.table.num_bits - 1
    digits = (computed.table.num_bits + 3) // 4
    assert lines[0].startswith(f"pair: activation {a & mask:0{digits}x}, weight {w & mask:0{digits}x}: product ")
    assert any(line.startswith("sum: output pixel 0, filter 0: ") for line in lines)
