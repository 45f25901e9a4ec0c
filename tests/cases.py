"""Cases that the tests of several rooms share: recorded ones, and random ones for hypothesis."""

import os
import threading
from unittest import mock

import numpy as np
from hypothesis import strategies as st

from tfapprox.common import native
from tfapprox.common._convolution import window
from tfapprox.common.reference import is_signed

GOLDEN_TF2 = [f"approx_conv2d_{number:02d}.npz" for number in range(0, 28, 2)]
GOLDEN_TF1 = [f"ax_conv2d_{number:02d}.npz" for number in range(0, 41, 2)]

# The CPU paths that look products up in one way only; a path that has two ways is on the list with each of them.
PATHS = [name for name in native.paths() if f"{name}_rows" not in native.paths()]

# The signed multipliers of EvoApproxLib that the recorded data has.
SIGNED = [f"mul8s_{name}" for name in ["1KR3", "1KR6", "1KTY", "1KV8", "1KVA", "1KVB", "1KX2", "1L1G", "1L2H"]]

RANGES = [
    (-1.0, 1.0),
    (0.0, 1.0),
    (-0.3, 2.2),
    (0.5, 2.0),  # a range without 0
    (-2.0, -0.5),
    (0.0, 0.0),
    (0.7, 0.7),
    (-1e-41, 3e-41),  # subnormal numbers
    (-1e-30, 1e-30),
    (-1.5e38, 1.5e38),
]
IMPOSSIBLE_RANGES = [(1.0, -1.0), (float("nan"), 1.0), (-1.0, float("inf")), (-3e38, 3e38)]


def forced(path, plan):
    """A context in which the core uses one CPU path and one plan."""
    return mock.patch.dict(os.environ, TFAPPROX_FORCE_PATH=path, TFAPPROX_PLAN=plan)


def arguments(golden):
    """Arguments of a recorded TF2 case, without its table, by the names of the reference."""
    return {
        **{name: golden[name] for name in ("input", "filter", "input_min", "input_max", "filter_min", "filter_max")},
        "strides": [1, *golden["strides"].tolist(), 1],
        "dilations": [1, *golden["dilations"].tolist(), 1],
        "padding": str(golden["padding"]),
        "data_format": str(golden["data_format"]),
        "num_bits": int(golden["num_bits"]),
    }


def random_table(num_bits, seed, signed=False):
    """A table without any symmetry, with entries over the whole of uint16, or of int16 if it is signed."""
    entries = np.random.RandomState(seed).randint(0, 65536, (2**num_bits, 2**num_bits)).astype(np.uint16)
    return entries.view(np.int16) if signed else entries


def structured_table(kind, num_bits, seed, signed=False):
    """A table, one of STRUCTURES, that has plans besides the look-up of every product."""
    random = np.random.RandomState(seed)
    codes = 2**num_bits
    a, w = np.mgrid[0:codes, 0:codes]
    if signed:
        a, w = a.astype(np.int8).astype(int), w.astype(np.int8).astype(int)
    errors = random.randint(-20, 20, (codes, codes)) + 7
    bits = ((a >> num_bits - 1) & a & 1) * random.randint(0, 20000, codes)
    tables = {
        "random": random_table(num_bits, seed),
        "exact": a * w,
        "zero": 0 * a,
        "sum": 3 * a + random.randint(0, 2000, codes),
        "no low bits": (a & ~1) * w,
        "errors": np.maximum(a * w + errors, -32768 if signed else 0),
        "bits of activations": (a & ~1) * w // 2 + bits,
        "bits of weights": (a & ~1) * w // 2 + bits.T,
        "classes": random_table(num_bits, seed)[a & ~3, w],
    }
    return tables[kind].astype(np.int16 if signed else np.uint16)


STRUCTURES = [
    "random",
    "exact",
    "zero",
    "sum",
    "no low bits",
    "errors",
    "bits of activations",
    "bits of weights",
    "classes",
]


def all_pairs(table):
    """A convolution 1x1 that multiplies all codes by all codes: its arguments without the table, and its output.

    The codes of a signed table are -127 to 127.
    """
    codes = np.arange(-127, 128) if is_signed(table) else np.arange(len(table))
    reals, ends = codes.astype(np.float32), [float(codes[0]), float(codes[-1])]
    ranges = dict(zip(["input_min", "input_max", "filter_min", "filter_max"], 2 * ends))
    tensors = {"input": reals.reshape(1, 1, -1, 1), "filter": reals.reshape(1, 1, 1, -1)}
    return {**tensors, **ranges, "strides": [1, 1, 1, 1], "padding": "VALID"}, table[codes[:, None], codes][None, None]


@st.composite
def convolutions(draw, grouped=True):
    """Arguments of the reference, `table` among them: any geometry, layout, width, sign, range, NaN and infinities.

    Where `grouped`, some have groups, and some a range for each filter.
    """
    data_format, padding = draw(st.sampled_from(["NHWC", "NCHW"])), draw(st.sampled_from(["SAME", "VALID", "EXPLICIT"]))
    seed, width = draw(st.integers(0, 2**32 - 1)), draw(st.integers(2, 9))
    signed, num_bits = width == 9, min(width, 8)
    random = np.random.RandomState(seed)
    batch, height, width = draw(st.integers(0, 3)), draw(st.integers(0, 11)), draw(st.integers(0, 11))
    in_channels = draw(st.integers(1, 5))
    groups = draw(st.sampled_from([1, 1, 2, 5, 21])) if grouped else 1
    filters = groups * draw(st.sampled_from([1, 3, 70] if groups == 1 else [1, 2, 19]))
    filter_shape = [draw(st.integers(1, 4)), draw(st.integers(1, 4)), in_channels, filters]
    in_channels *= groups
    scale = draw(st.sampled_from([1.0, 1e-30, 1e38]))
    x = random.uniform(-1.2, 2.5, (batch, height, width, in_channels)).astype(np.float32) * np.float32(scale)
    w = random.uniform(-1.2, 1.2, filter_shape).astype(np.float32)
    for tensor in (x, w):
        for value in draw(st.lists(st.sampled_from([np.nan, np.inf, -np.inf]), max_size=2)):
            if tensor.size:
                tensor.flat[random.randint(tensor.size)] = value

    def in_format(height, width):
        return [1, height, width, 1] if data_format == "NHWC" else [1, 1, height, width]

    steps = st.integers(1, 3)
    strides, dilations = (in_format(draw(steps), draw(steps)) for _ in range(2))
    pads = in_format(*([draw(st.integers(0, 3)), draw(st.integers(0, 3))] for _ in range(2)))
    explicit = [pad for pair in pads for pad in ([0, 0] if pair == 1 else pair)]
    limits = st.sampled_from(3 * RANGES + IMPOSSIBLE_RANGES)
    ranges = [draw(limits), draw(limits)]
    if grouped and draw(st.booleans()):
        ends = np.sort(random.uniform(-2, 2, (2, filters)), 0)
        ranges[1] = (ends * random.choice([0, 1, 1, 1], filters)).astype(np.float32)  # some ranges are empty
    return {
        "input": x if data_format == "NHWC" else np.ascontiguousarray(x.transpose(0, 3, 1, 2)),
        "filter": w,
        "input_min": ranges[0][0],
        "input_max": ranges[0][1],
        "filter_min": ranges[1][0],
        "filter_max": ranges[1][1],
        "strides": strides,
        "num_bits": num_bits,
        "table": random_table(num_bits, seed, signed),
        "padding": padding,
        "explicit_paddings": explicit if padding == "EXPLICIT" else [],
        "data_format": data_format,
        "dilations": dilations,
    }


@st.composite
def quantised_convolutions(draw):
    """Arguments of `ax_conv2d` of the reference: any geometry and range, NaN and infinities among the ranges."""
    random = np.random.RandomState(draw(st.integers(0, 2**32 - 1)))
    channels, size = draw(st.integers(1, 5)), st.integers(0, 11)
    input_shape = [draw(st.integers(0, 3)), draw(size), draw(size), channels]
    filter_shape = [draw(st.integers(1, 4)), draw(st.integers(1, 4)), channels, draw(st.sampled_from([1, 3, 70]))]
    limit = st.floats(width=32) | st.sampled_from([0.0, 1.0, -1.0, 1000.0, 1000.5])
    return {
        "input": random.randint(0, 256, input_shape).astype(np.uint8),
        "filter": random.randint(0, 256, filter_shape).astype(np.uint8),
        **{name: draw(limit) for name in ("min_input", "max_input", "min_filter", "max_filter")},
        "strides": [1, draw(st.integers(1, 7)), draw(st.integers(1, 7)), 1],
        "padding": draw(st.sampled_from(["SAME", "VALID"])),
        "table": random_table(8, random.randint(1000)),
        "ax_tune": draw(st.booleans()),
    }


@st.composite
def matrix_products(draw):
    """Arguments of `approx_matmul_with_min_max_vars`, `table` among them: batches, transposed matrices, any range."""
    seed, width = draw(st.integers(0, 2**32 - 1)), draw(st.integers(2, 9))
    random, num_bits = np.random.RandomState(seed), min(width, 8)
    batch = draw(st.lists(st.sampled_from([0, 1, 1, 2, 3]), max_size=3))
    shared = [[size if draw(st.booleans()) else 1 for size in batch] for _ in range(2)]
    rows, depth, columns = (draw(st.sampled_from(sizes)) for sizes in ([0, 1, 5, 70], [1, 4, 19], [1, 3, 70]))
    options = {"transpose_a": draw(st.booleans()), "transpose_b": draw(st.booleans())}
    tensors = []
    for sizes, shape, transposed in zip(shared, [(rows, depth), (depth, columns)], options.values()):
        sizes = sizes[draw(st.integers(0, len(sizes))) :]
        tensor = random.uniform(-1.2, 2.5, (*sizes, *(shape[::-1] if transposed else shape))).astype(np.float32)
        for value in draw(st.lists(st.sampled_from([np.nan, np.inf, -np.inf]), max_size=2)):
            if tensor.size:
                tensor.flat[random.randint(tensor.size)] = value
        tensors.append(tensor)
    limits = st.sampled_from(3 * RANGES + IMPOSSIBLE_RANGES)
    a_range, b_range = draw(limits), draw(limits)
    if draw(st.booleans()):
        b_range = np.sort(random.uniform(-2, 2, (2, columns)), 0).astype(np.float32)
    named = dict(zip(["a", "b", "a_min", "a_max", "b_min", "b_max"], [*tensors, *a_range, *b_range]))
    return {**named, **options, "num_bits": num_bits, "table": random_table(num_bits, seed, width == 9)}


def _output_size(*arguments):
    """Output size of one dimension of a convolution, `None` if there is none."""
    return outcome(lambda: window(*arguments).output, ValueError)


@st.composite
def transposed_convolutions(draw):
    """Arguments of `approx_conv2d_transpose_with_min_max_vars`: those of a convolution whose input is the output."""
    forward = draw(convolutions(grouped=False))
    random = np.random.RandomState(draw(st.integers(0, 2**32 - 1)))
    axes = [forward["data_format"].index(name) for name in "HW"]
    shape, filter = list(forward["input"].shape), forward["filter"]
    sizes = list(shape)
    sizes[forward["data_format"].index("C")] = filter.shape[3]
    for axis, extent in zip(axes, filter.shape):
        pads = tuple(forward["explicit_paddings"][2 * axis : 2 * axis + 2])
        steps = forward["strides"][axis], forward["dilations"][axis]
        output = _output_size(shape[axis], extent, *steps, forward["padding"], pads)
        sizes[axis] = 3 if output is None else output
    x = random.uniform(-1.2, 2.5, sizes).astype(np.float32)
    for value in draw(st.lists(st.sampled_from([np.nan, np.inf, -np.inf]), max_size=2)):
        if x.size:
            x.flat[random.randint(x.size)] = value
    if draw(st.booleans()):
        ends = np.sort(random.uniform(-2, 2, (2, filter.shape[2])), 0).astype(np.float32)
        forward.update(filter_min=ends[0], filter_max=ends[1])
    return {**forward, "input": x, "output_shape": shape}


def ax_arguments(golden):
    """Arguments of a recorded TF1 case, without its table, by the names of the reference."""
    return {
        **{name: golden[name] for name in ("input", "filter", "min_input", "max_input", "min_filter", "max_filter")},
        "strides": golden["strides"].tolist(),
        "padding": str(golden["padding"]),
        "ax_tune": bool(golden["AxTune"]),
    }


def outcome(function, error):
    """What a call gives: its result, or `None` if it raises `error`."""
    try:
        return function()
    except error:
        return None


def assert_same_in_threads(call, expected, threads, calls):
    """Each of several threads gets from several calls of `call(number)` what `expected` has for the number."""
    wrong = []

    def work(thread):
        for number in range(thread, thread + calls):
            if not np.array_equal(call(number % len(expected)), expected[number % len(expected)]):
                wrong.append(number)

    workers = [threading.Thread(target=work, args=(thread,)) for thread in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong
