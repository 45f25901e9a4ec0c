"""Every CPU path with every plan against the reference, bit for bit, each run on the path that it names."""

import functools
import pathlib
import platform

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import (
    PATHS,
    SIGNED,
    STRUCTURES,
    all_pairs,
    convolutions,
    forced,
    outcome,
    quantised_convolutions,
    random_table,
    structured_table,
)
from tfapprox.common import _operation, load_table, native, plans, reference

WEIGHTS_IN_LANES = 1  # TFAPPROX_LANES_WEIGHT
ONES = [1, 1, 1, 1]
CONVOLUTION = "approx_conv2d_with_min_max_vars"
CONSTRUCTIONS = ["exact", "trunc3", "drum2", "kulkarni", "mitchell"]


def classes(count):
    """A table without any symmetry, of `count` different rows."""
    return np.repeat(random_table(8, count)[:count], 256 // count, axis=0)


# By a name: a plan, and a table that has this plan. There is a table with 64 classes and one with 128.
TABLES = {
    "exact": ("exact", reference.exact_table(8)),
    "polynomial": ("polynomial", load_table("mul8u_drum4")),
    "error_plane": ("error_plane", load_table("mul8u_trunc4")),
    "error_plane of 64 rows": ("error_plane", load_table("mul8u_trunc6")),
    "error_plane of 256 rows": ("error_plane", reference.exact_table(8) + random_table(8, 0) % 256),
    "classes_64": ("classes", classes(64)),
    "classes_128": ("classes", classes(128)),
    "look_up": ("look_up", random_table(8, 0)),
    "classes of both operands": ("classes", np.repeat(classes(64)[:, :64], 4, axis=1)),
    "constant": ("polynomial", np.full((256, 256), 65535, np.uint16)),
    "signed error_plane": ("error_plane", structured_table("errors", 8, 0, signed=True)),
    "signed look_up": ("look_up", random_table(8, 0, signed=True)),
}
UNSIGNED = [name for name in TABLES if not name.startswith("signed")]


# The paths of PATHS that can run here, for tests that compute the outputs of the reference once for all of them.
USABLE = [name for name in PATHS if native.paths()[name] is None]


def by_reference(name, case):
    """The outputs of an operation, `None` where the reference refuses the case."""
    return outcome(lambda: getattr(reference, name)(**case), ValueError)


def check(name, path, plan, case, expected, planned=None):
    """A path and a plan give the outputs that are expected, or both raise; `planned` is the table if it is tuned."""
    planned = case["table"] if planned is None else planned
    with forced(path, plan):
        assert native.program(planned, len(planned).bit_length() - 1) == (path, plan)
        result = outcome(lambda: getattr(native, name)(**case), ValueError)
    assert (result is None) == (expected is None), path
    if name == CONVOLUTION:
        result, expected = [result], [expected]
    for ours, theirs in zip(result or (), expected or ()):
        np.testing.assert_array_equal(ours, theirs, err_msg=path)


def check_by_reference(path, plan, case):
    """A path and a plan give the outputs of the reference."""
    check(CONVOLUTION, path, plan, case, by_reference(CONVOLUTION, case))


def plans_of(table):
    return [plan.name for plan in plans.plans(table, len(table).bit_length() - 1)]


@settings(max_examples=100, deadline=None)
@given(convolutions())
def test_random_tables(case):
    expected = by_reference(CONVOLUTION, case)
    for path in USABLE:
        check(CONVOLUTION, path, "look_up", case, expected)


@settings(max_examples=150, deadline=None)
@given(convolutions(), st.sampled_from(CONSTRUCTIONS), st.data())
def test_structured_tables(case, construction, data):
    bits = case["num_bits"]
    if reference.is_signed(case["table"]):
        case["table"] = structured_table(data.draw(st.sampled_from(STRUCTURES)), 8, 1, signed=True)
    else:
        case["table"] = load_table(f"mul{bits}u_{construction}", bits)
    plan = data.draw(st.sampled_from(plans_of(case["table"])))
    expected = by_reference(CONVOLUTION, case)
    for path in USABLE:
        check(CONVOLUTION, path, plan, case, expected)


@pytest.mark.parametrize("name", SIGNED)
def test_all_pairs_of_signed_operands(path, shared_data, name):
    table = load_table(shared_data / "multipliers" / f"{name}.bin")
    case, products = all_pairs(table)
    for plan in plans_of(table):
        with forced(path, plan):
            assert native.program(table) == (path, plan)
            np.testing.assert_array_equal(native.approx_conv2d_with_min_max_vars(table=table, **case), products)


@settings(max_examples=60, deadline=None)
@given(quantised_convolutions(), st.sampled_from([*CONSTRUCTIONS, "random"]), st.data())
def test_ax_conv2d(case, construction, data):
    if construction != "random":
        case["table"] = load_table(f"mul8u_{construction}")
    tuned = reference.tune(case["table"]) if case["ax_tune"] else case["table"]
    plan = data.draw(st.sampled_from(plans_of(tuned)))
    expected = by_reference("ax_conv2d", case)
    for path in USABLE:
        check("ax_conv2d", path, plan, case, expected, tuned)


# Input [N, H, W, C], filter [H, W, F], strides, padding, dilations, format.
SHAPES = {
    "many blocks": ((3, 17, 19, 5), (3, 3, 70), 1, "SAME", 1, "NHWC"),
    "many blocks, NCHW": ((3, 17, 19, 5), (3, 3, 70), 1, "SAME", 1, "NCHW"),
    "1x1": ((2, 9, 17, 33), (1, 1, 17), 1, "VALID", 1, "NHWC"),
    "1x1, NCHW": ((2, 9, 17, 33), (1, 1, 17), 1, "SAME", 1, "NCHW"),
    "1x1, stride 2": ((3, 9, 11, 20), (1, 1, 5), 2, "SAME", 1, "NHWC"),
    "one channel": ((2, 12, 13, 1), (5, 5, 6), 1, "VALID", 1, "NHWC"),
    "three channels, stride 2": ((1, 37, 41, 3), (7, 7, 19), 2, "SAME", 1, "NHWC"),
    "stride 3, dilation": ((2, 23, 29, 6), (3, 2, 4), 3, "SAME", 2, "NCHW"),
    "dilation": ((2, 21, 20, 7), (3, 3, 5), 1, "SAME", 4, "NHWC"),
    "far taps": ((2, 40, 40, 2), (2, 3, 3), 1, "SAME", 17, "NHWC"),
    "long rows": ((1, 3, 700, 4), (3, 3, 3), 1, "SAME", 1, "NHWC"),
    "long rows, stride 2": ((2, 4, 601, 2), (3, 3, 3), 2, "SAME", 1, "NCHW"),
    "one pixel": ((1, 7, 7, 31), (7, 7, 40), 1, "VALID", 1, "NHWC"),
    "one pixel per image": ((70, 4, 4, 6), (4, 4, 9), 1, "VALID", 1, "NCHW"),
    "small images": ((9, 7, 7, 35), (3, 3, 18), 1, "SAME", 1, "NHWC"),
    "few pixels": ((2, 5, 5, 7), (3, 3, 300), 2, "SAME", 1, "NHWC"),
    "few pixels, dilation": ((3, 6, 5, 9), (2, 3, 90), 1, "SAME", 2, "NHWC"),
    "few pixels, several boxes": ((1, 3, 3, 5003), (2, 2, 70), 2, "SAME", 1, "NHWC"),
    "several boxes of channels": ((1, 2, 3, 20010), (1, 1, 3), 1, "SAME", 1, "NHWC"),
    "several boxes of channels, 2x2": ((1, 3, 3, 5003), (2, 2, 18), 1, "SAME", 1, "NHWC"),
    "several boxes of rows": ((1, 150, 140, 1), (150, 139, 3), 1, "VALID", 1, "NHWC"),
    "several boxes of columns": ((1, 1, 70001, 1), (1, 70000, 2), 1, "VALID", 1, "NHWC"),
}


@functools.lru_cache(maxsize=None)
def shaped(shape):
    """A convolution of one of SHAPES, without its table."""
    size, (height, width, filters), stride, padding, dilation, layout = SHAPES[shape]
    random = np.random.RandomState(len(shape))
    x, w = random.uniform(-1, 2, size), random.uniform(-1, 1, (height, width, size[3], filters))
    steps, dilations = [1, stride, stride, 1], [1, dilation, dilation, 1]
    if layout == "NCHW":
        x, steps, dilations = x.transpose(0, 3, 1, 2), [1, 1, stride, stride], [1, 1, dilation, dilation]
    return {
        **{"input": x, "filter": w, "input_min": -1, "input_max": 2, "filter_min": -1, "filter_max": 0.5},
        **{"strides": steps, "padding": padding, "dilations": dilations, "data_format": layout},
    }


@functools.lru_cache(maxsize=None)
def shaped_outputs(table, shape):
    """The outputs of this convolution by the reference."""
    return by_reference(CONVOLUTION, {**shaped(shape), "table": TABLES[table][1]})


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("table", TABLES)
def test_shapes(path, table, shape):
    size, (_, _, filters) = SHAPES[shape][:2]
    if "_model" in path and table != "error_plane" and np.prod(size) * filters > 100000:
        pytest.skip("the model is slow: of long sums, it computes those of one plan that looks up and multiplies")
    plan, entries = TABLES[table]
    check(CONVOLUTION, path, plan, {**shaped(shape), "table": entries}, shaped_outputs(table, shape))


@functools.lru_cache(maxsize=None)
def grouped(table, layout, channels, groups, filters):
    """A grouped convolution with a range for each filter and with NaN, and its outputs by the reference."""
    random = np.random.RandomState(0)
    x = random.uniform(-1, 1, (2, 13, 11, channels)).astype(np.float32)
    w = random.uniform(-1, 1, (3, 2, channels // groups, filters)).astype(np.float32)
    x[1, 4, 5, 1] = w[1, 1, 0, 2] = np.nan
    ends = np.sort(random.uniform(-1, 1, (2, filters)).astype(np.float32), 0)
    case = {"input": x, "filter": w, "input_min": -1, "input_max": 1, "filter_min": ends[0], "filter_max": ends[1]}
    case.update(strides=[1, 2, 1, 1], dilations=[1, 1, 2, 1], table=TABLES[table][1])
    if layout == "NCHW":
        case.update(input=x.transpose(0, 3, 1, 2), strides=[1, 1, 2, 1], dilations=[1, 1, 1, 2], data_format="NCHW")
    return case, by_reference(CONVOLUTION, case)


@pytest.mark.parametrize(
    ("channels", "groups", "filters"), [(40, 40, 40), (6, 6, 18), (48, 6, 24), (40, 2, 70), (300, 1, 3)]
)
@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
@pytest.mark.parametrize("table", TABLES)
def test_groups(path, table, layout, channels, groups, filters):
    """Groups have one, few or many channels, and several blocks of pixels."""
    if "_model" in path and (table != "look_up" or layout != "NHWC"):
        pytest.skip("the model is slow: of groups, it computes look-ups in one layout")
    check(CONVOLUTION, path, TABLES[table][0], *grouped(table, layout, channels, groups, filters))


@functools.lru_cache(maxsize=None)
def many_pixels(groups):
    """A convolution of 16,510 pixels with a range for each filter and with NaN, and its output by the reference."""
    random, channels = np.random.RandomState(groups), 36
    x = random.uniform(-1, 1, (1, 127, 130, channels if groups > 1 else 2)).astype(np.float32)
    w = random.uniform(-1, 1, (3, 3, x.shape[3] // groups, channels if groups > 1 else 5)).astype(np.float32)
    x[0, 61, 129, 1] = w[2, 1, 0, 3] = np.nan
    ends = np.sort(random.uniform(-1, 1, (2, w.shape[3])).astype(np.float32), 0)
    case = {"input": x, "filter": w, "input_min": -1, "input_max": 1, "filter_min": ends[0], "filter_max": ends[1]}
    case.update(strides=ONES, table=TABLES["error_plane"][1])
    return case, reference.approx_conv2d_with_min_max_vars(**case)


@pytest.mark.parametrize("plan", ["look_up", "error_plane"])
@pytest.mark.parametrize("groups", [1, 36])
def test_blocks_of_many_pixels(path, groups, plan):
    """Blocks are wider than 256 pixels where windows overlap and there are enough blocks."""
    if "_model" in path:
        pytest.skip("the model is slow")
    case, expected = many_pixels(groups)
    with forced(path, plan):
        np.testing.assert_array_equal(native.approx_conv2d_with_min_max_vars(**case, threads=2), expected)


@pytest.mark.parametrize("table", ["look_up", "constant"])
def test_totals_just_below_two_to_the_31(path, table):
    """There are 16,384 taps, whose products and zero points are all as large as they can be."""
    plan, entries = TABLES[table]
    entries = entries.copy()
    entries[0, 0] = 65535
    x, w = np.full((1, 1, 3, 16384), -1, np.float32), np.full((1, 1, 16384, 2), -1, np.float32)
    case = {"input": x, "filter": w, "input_min": -1, "input_max": 0, "filter_min": -1, "filter_max": 0}
    check_by_reference(path, plan, {**case, "strides": ONES, "table": entries})


@functools.lru_cache(maxsize=None)
def several_boxes(table):
    """A convolution of several boxes and of more pixels than are written at a time, and its output by the reference."""
    random = np.random.RandomState(0)
    x, w = (random.uniform(-1, 1, (1, 1, *size)).astype(np.float32) for size in [(300, 16390), (16390, 2)])
    x[0, 0, 270, 16389] = np.nan
    case = {"input": x, "filter": w, "input_min": -1, "input_max": 1, "filter_min": -1, "filter_max": 1}
    case.update(strides=ONES, padding="SAME", table=TABLES[table][1])
    return case, by_reference(CONVOLUTION, case)


@pytest.mark.parametrize("table", ["look_up", "signed error_plane"])
def test_several_boxes_of_many_pixels(path, table):
    if "_model" in path:
        pytest.skip("the model is slow")
    check(CONVOLUTION, path, TABLES[table][0], *several_boxes(table))


@pytest.mark.parametrize("path", [name for name in native.paths() if f"{name}_rows" in native.paths()])
def test_a_path_takes_the_faster_of_its_ways(path):
    """Few pixels cannot share a transposed table; with AVX2, many pixels are looked up by rows."""
    if native.paths()[path]:
        pytest.skip(f"path {path}: {native.paths()[path]}")

    def used(size):
        with forced(path, "look_up"):
            tensors = np.zeros((1, size, size, 8), np.uint8), np.zeros((1, 1, 8, 64), np.uint8)
            with native.Execution(_operation.ax_conv2d(*tensors, 0, 1, 0, 1, ONES, "VALID", table=None)) as execution:
                return execution.program()

    assert used(1) == (f"{path}_columns", "look_up")
    assert used(64)[0] in (f"{path}_columns", f"{path}_rows")
    assert path != "avx2" or used(64) == ("avx2_rows", "look_up")


def test_the_family_of_this_cpu():
    """The family that the core reads from the CPU is that of the numbers that Linux shows."""
    if platform.machine() != "x86_64":
        pytest.skip("only x86 has these numbers; under qemu-user, Linux shows those of the host")
    lines = [line.partition(":") for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()]
    fields = {name.strip(): value.strip() for name, _, value in lines}
    key = (fields.get("vendor_id"), fields.get("cpu family"), fields.get("model"))
    families = {
        ("AuthenticAMD", "23", "49"): "zen3",
        ("AuthenticAMD", "25", "1"): "zen3",
        ("AuthenticAMD", "25", "17"): "zen4",
        ("AuthenticAMD", "26", "2"): "zen5",
        ("GenuineIntel", "6", "85"): "skylake-x",
        ("GenuineIntel", "6", "106"): "ice-lake",
        ("GenuineIntel", "6", "143"): "sapphire-rapids",
        (None, None, None): "other",
    }
    if key not in families:
        pytest.skip(f"the test does not know the family of {key}")
    assert native.cpu_family() == families[key]


def test_roles_are_swapped_where_pixels_are_few(path):
    def is_swapped(size):
        with forced(path, "look_up"):
            operation = _operation.ax_conv2d(
                *(np.zeros((1, size, size, 8), np.uint8), np.zeros((3, 3, 8, 100), np.uint8), 0, 1, 0, 1, ONES, "VALID")
            )
            with native.Execution(operation) as execution:
                return execution.work.lanes == WEIGHTS_IN_LANES

    assert is_swapped(4)
    assert not is_swapped(20)


def roles_and_plan(table, pixels, filters):
    """Whether the weights are in lanes, and the plan, for a product of `pixels` and `filters` vectors of 600 codes."""
    codes = np.zeros((1, 1, pixels, 600), np.uint8), np.zeros((1, 1, 600, filters), np.uint8)
    operation = _operation.ax_conv2d(*codes, 0, 1, 0, 1, ONES, "VALID", table=table, ax_tune=False)
    with native.Execution(operation) as execution:
        return execution.work.lanes == WEIGHTS_IN_LANES, execution.program()[1]


@pytest.mark.parametrize("pixels", [4, 2000])
def test_roles_and_plan_are_chosen_together(path, pixels):
    """With swapped roles, the plans of the table with exchanged operands count, and these may be others."""
    is_few = pixels < 300
    by_activation = classes(64)  # 64 different rows, and 256 different columns
    with forced(path, ""):
        assert roles_and_plan(by_activation.T.copy(), pixels, 300) == (is_few, "classes" if is_few else "look_up")
        is_swapped, plan = roles_and_plan(by_activation, pixels, 300)
    assert plan == ("look_up" if is_swapped else "classes")
    assert is_few or not is_swapped


def test_few_pixels_take_no_polynomial_of_many_terms(path):
    """Its coefficients would be made for few pixels; look-ups with swapped roles cost less."""
    table = load_table("mul8u_trunc6")
    assert "polynomial" in plans_of(table)
    with forced(path, ""):
        is_swapped, plan = roles_and_plan(table, 8, 300)
        assert is_swapped
        assert plan in ("error_plane", "look_up")
        assert roles_and_plan(reference.exact_table(8), 8, 300)[1] == "exact"


@pytest.mark.parametrize("table", ["look_up", "signed error_plane"])
def test_nan_of_swapped_operands(path, table):
    """There are few pixels and many filters, and some filters have a NaN."""
    plan, entries = TABLES[table]
    random = np.random.RandomState(0)
    x, w = random.uniform(-1, 1, (2, 3, 2, 5)), random.uniform(-1, 1, (2, 2, 5, 90))
    x[1, 0, 0, 3] = w[1, 1, 4, 17] = w[0, 0, 0, 89] = np.nan
    case = {"input": x, "filter": w, "input_min": -1, "input_max": 1, "filter_min": -1, "filter_max": 1}
    check_by_reference(path, plan, {**case, "strides": ONES, "table": entries})


@functools.lru_cache(maxsize=None)
def long_sum(table):
    """A convolution whose sum is longer than 32 bits, and its outputs by the reference."""
    x, w = np.full((1, 1, 1, 70000), 255, np.uint8), np.full((1, 1, 70000, 1), 255, np.uint8)
    case = {"input": x, "filter": w, "strides": ONES, "padding": "SAME", "table": TABLES[table][1], "ax_tune": False}
    case.update(min_input=-3, max_input=1, min_filter=0, max_filter=1)
    return case, by_reference("ax_conv2d", case)


@pytest.mark.parametrize("table", UNSIGNED)
def test_long_sums_wrap_around(path, table):
    check("ax_conv2d", path, TABLES[table][0], *long_sum(table))


@pytest.mark.parametrize("filters", [8, 64])
def test_sums_whose_upper_bits_are_rounded_up_most(path, filters):
    """Look-ups by rows estimate sums of 16 bits: each quad of entries here makes the estimate as high as it can be."""
    table = np.random.RandomState(0).randint(0, 65536, [256, 256])
    table[[10, 11, 12, 13], 7] = 253, 255, 0, 509
    quad, rest = [10, 12, 11, 12], [13, 12, 13]
    for codes in (quad * 125 + rest, quad * 126, quad * 126 + rest, quad * 127 + rest, quad * 252):
        x, w = np.full((1, 4, 16, len(codes)), codes, np.float32), np.full((1, 1, len(codes), filters), 7, np.float32)
        case = {"input": x, "filter": w, "input_min": 0, "input_max": 255, "filter_min": 0, "filter_max": 255}
        check_by_reference(path, "look_up", {**case, "strides": ONES, "table": table})


def test_threads_share_the_tiles(path):
    random = np.random.RandomState(0)
    x, w = random.uniform(-1, 1, (3, 17, 19, 5)), random.uniform(-1, 1, (3, 3, 5, 130))
    case = (x, w, -1, 1, -1, 1, ONES)
    expected = reference.approx_conv2d_with_min_max_vars(*case)
    with forced(path, ""):
        for threads in (1, 2, 7):
            np.testing.assert_array_equal(native.approx_conv2d_with_min_max_vars(*case, threads=threads), expected)


def test_the_best_path_is_the_default(monkeypatch):
    usable = [name for name, reason in native.paths().items() if not reason]
    assert "scalar" in usable
    monkeypatch.setenv("TFAPPROX_FORCE_PATH", "")
    assert native.path() == usable[0]
    monkeypatch.delenv("TFAPPROX_FORCE_PATH")
    assert native.path() == usable[0]


def test_unknown_path(monkeypatch):
    monkeypatch.setenv("TFAPPROX_FORCE_PATH", "avx1024")
    message = r"TFAPPROX_FORCE_PATH must be one of (avx512vbmi.*, avx2|neondot.*, neon).*, scalar.*; received 'avx1024'"
    with pytest.raises(ValueError, match=message):
        native.path()
    with pytest.raises(ValueError, match="received 'avx1024'"):
        native.approx_conv2d_with_min_max_vars(np.ones(ONES), np.ones(ONES), 0, 1, 0, 1, ONES)


@pytest.mark.parametrize("name", native.paths())
def test_a_path_that_cannot_run(monkeypatch, name):
    reason = native.paths()[name]
    if reason is None:
        pytest.skip(f"path {name} can run here")
    monkeypatch.setenv("TFAPPROX_FORCE_PATH", name)
    shown = {"not built": "not built", "not supported by this CPU": "not on this CPU"}[reason]
    with pytest.raises(ValueError, match=rf"{name} \({shown}\).*; received '{name}'"):
        native.path()
