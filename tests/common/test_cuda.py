"""The CUDA kernels against the reference, bit for bit: every plan, layout and geometry, on the CPU and on a GPU."""

import contextlib
import re

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cases import (
    GOLDEN_TF1,
    GOLDEN_TF2,
    SIGNED,
    STRUCTURES,
    all_pairs,
    arguments,
    ax_arguments,
    convolutions,
    matrix_products,
    outcome,
    quantised_convolutions,
    random_table,
    structured_table,
    transposed_convolutions,
)
from tfapprox.common import cuda, load_table, plans, reference

ONES = [1, 1, 1, 1]
CASE = ["input", "filter", "input_min", "input_max", "filter_min", "filter_max", "strides"]
# Examples are not shrunk, which would take a GPU's time.
FEW = settings(max_examples=60, deadline=None, phases=[Phase.generate])


@contextlib.contextmanager
def forced(plan):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TFAPPROX_PLAN", plan)
        yield


def plan_names(gpu, table, num_bits):
    """The plans that the GPU carries out; on the CPU, those whose matrix products do not take minutes."""
    terms = 50 if gpu.name == "a host's model of a GPU" else 10000
    few = [plan.name for plan in plans.plans(table, num_bits) if len(plan.shift) <= terms]

    def is_carried_out(plan):
        with forced(plan):
            return outcome(lambda: gpu.plan(table, num_bits), ValueError) == plan

    return [plan for plan in few if is_carried_out(plan)]


def test_plans(gpu):
    """The plans that this file tests, by the kind of table."""
    names = {kind: plan_names(gpu, structured_table(kind, 8, 1), 8) for kind in STRUCTURES}
    assert names["exact"] == ["exact", "polynomial", "error_plane", "look_up"]
    assert "polynomial" in names["bits of activations"]
    assert "polynomial" in names["bits of weights"]
    assert "error_plane" in names["errors"]
    assert "classes" in names["classes"]
    assert names["random"] == ["look_up"]
    with forced("polynomial"), pytest.raises(ValueError, match="TFAPPROX_PLAN"):
        gpu.plan(structured_table("random", 8, 1))  # this table needs more terms than a plan may have


def test_this_build():
    """With or without CUDA, with or without a GPU, the core loads, and says what is missing."""
    missing = ""
    try:
        cuda.Gpu()
    except (ImportError, RuntimeError) as error:
        missing = str(error)
    assert re.match("$|the core was built without CUDA|no NVIDIA GPU with a driver|no kernel for this GPU", missing)


def assert_equal_to_reference(gpu, case, operation="approx_conv2d_with_min_max_vars"):
    expected = outcome(lambda: getattr(reference, operation)(**case), ValueError)
    result = outcome(lambda: getattr(gpu, operation)(**case), ValueError)
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("name", GOLDEN_TF2)
def test_golden(gpu, shared_data, golden_table, name):
    golden = np.load(shared_data / "golden" / "tf2" / name)
    case = arguments(golden)
    case["table"] = golden_table(str(golden["table"]), case["num_bits"])
    for plan in plan_names(gpu, case["table"], case["num_bits"]):
        with forced(plan):
            assert_equal_to_reference(gpu, case)


@FEW
@given(convolutions(), st.sampled_from(STRUCTURES), st.data())
def test_random(gpu, case, kind, data):
    signed = reference.is_signed(case["table"])
    case["table"] = structured_table(kind, case["num_bits"], data.draw(st.integers(0, 1000)), signed)
    plan = data.draw(st.sampled_from(plan_names(gpu, case["table"], case["num_bits"])))
    with forced(plan):
        assert gpu.plan(case["table"], case["num_bits"]) == plan
        assert_equal_to_reference(gpu, case)


@FEW
@given(convolutions(), st.sampled_from([1, 2, 3]))
def test_depthwise_random(gpu, case, multiplier):
    del case["explicit_paddings"]
    case["padding"] = "VALID" if case["padding"] == "VALID" else "SAME"
    channels = case["input"].shape[case["data_format"].index("C")]
    case["filter"] = np.resize(case["filter"], [*case["filter"].shape[:2], channels, multiplier])
    if np.ndim(case["filter_min"]):
        case.update({end: np.resize(case[end], channels * multiplier) for end in ("filter_min", "filter_max")})
    assert_equal_to_reference(gpu, case, "approx_depthwise_conv2d_with_min_max_vars")


def test_tables_that_come_and_go(gpu):
    """There are more tables than are kept, so that a new one may lie where another one was."""
    a, b = np.random.RandomState(0).uniform(0, 1, (2, 3, 3)).astype(np.float32)
    for seed in range(200):
        case = {"a": a, "b": b, "a_min": 0, "a_max": 1, "b_min": 0, "b_max": 1, "num_bits": 4}
        assert_equal_to_reference(gpu, {**case, "table": random_table(4, seed)}, "approx_matmul_with_min_max_vars")


@FEW
@given(matrix_products())
def test_matmul_random(gpu, case):
    assert_equal_to_reference(gpu, case, "approx_matmul_with_min_max_vars")


def matmul_case(a_shape, b_shape, per_column=True, **options):
    random = np.random.RandomState(0)
    a, b = (random.uniform(-1, 1, shape).astype(np.float32) for shape in (a_shape, b_shape))
    a.flat[5] = b.flat[-7] = np.nan
    ends = np.sort(random.uniform(-1, 1, (2, b_shape[-1])), 0) if per_column else (-1.0, 0.8)
    named = zip(["a", "b", "a_min", "a_max", "b_min", "b_max"], (a, b, -0.9, 1, *ends))
    return {**dict(named), "table": random_table(8, 1), **options}


@pytest.mark.parametrize("per_column", [False, True])
@pytest.mark.parametrize("kind", STRUCTURES)
def test_plans_of_matrix_products(gpu, kind, per_column):
    """Every plan computes rows of one product, and items, some of which share a matrix."""
    for shapes in [((2, 130, 33), (33, 17)), ((3, 1, 9, 18), (2, 18, 5))]:
        case = matmul_case(*shapes, per_column, table=structured_table(kind, 8, 1))
        for plan in plan_names(gpu, case["table"], 8):
            with forced(plan):
                assert_equal_to_reference(gpu, case, "approx_matmul_with_min_max_vars")


@pytest.mark.parametrize("shapes", [((7, 18), (18, 5)), ((3, 7, 18), (3, 18, 5))])
def test_sanitized_matrix_products(gpu, shapes):
    """Small cases of one product and of items run under compute-sanitizer, too."""
    assert_equal_to_reference(gpu, matmul_case(*shapes), "approx_matmul_with_min_max_vars")


@FEW
@given(transposed_convolutions())
def test_transpose_random(gpu, case):
    assert_equal_to_reference(gpu, case, "approx_conv2d_transpose_with_min_max_vars")


def transposed_case(strides, data_format="NHWC", per_channel=True, **options):
    random = np.random.RandomState(0)
    x, w = random.uniform(-1, 1, (3, 5, 4, 18)).astype(np.float32), random.uniform(-1, 1, (3, 4, 17, 18))
    x[1, 2, 3, 4] = w[1, 2, 3, 4] = np.nan
    ends = np.sort(random.uniform(-1, 1, (2, 17)), 0) if per_channel else (-1.0, 0.8)
    shape, steps = [3, 5 * strides[0], 4 * strides[1] - 1, 17], [1, *strides, 1]
    if data_format == "NCHW":
        x, shape, steps = x.transpose(0, 3, 1, 2), [3, 17, *shape[1:3]], [1, 1, *strides]
    named = dict(zip([*CASE[:2], "output_shape", *CASE[2:]], (x, w, shape, -0.9, 1, *ends, steps)))
    return {**named, "data_format": data_format, "table": random_table(8, 1), **options}


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
@pytest.mark.parametrize("kind", STRUCTURES)
def test_plans_of_transposed_convolutions(gpu, kind, data_format):
    """Every plan computes parts of different filters, and writes outputs with steps."""
    for per_channel in (False, True):
        case = transposed_case((2, 3), data_format, per_channel, table=structured_table(kind, 8, 1))
        for plan in plan_names(gpu, case["table"], 8):
            with forced(plan):
                assert_equal_to_reference(gpu, case, "approx_conv2d_transpose_with_min_max_vars")


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
def test_passes_of_transposed_convolutions(gpu, monkeypatch, data_format):
    """The sums of passes over images and taps lie in the workspace between two passes."""
    divide(monkeypatch, gpu, images=1, filter_chunks=4)
    case = transposed_case((1, 2), data_format)
    assert_equal_to_reference(gpu, case, "approx_conv2d_transpose_with_min_max_vars")


@pytest.mark.parametrize("strides", [(1, 1), (2, 5)])
def test_sanitized_transposed_convolutions(gpu, strides):
    """Small cases, one of which leaves outputs without taps, run under compute-sanitizer, too."""
    assert_equal_to_reference(gpu, transposed_case(strides), "approx_conv2d_transpose_with_min_max_vars")


def grouped_case(shape, kernel, group_inputs, group_filters, data_format="NHWC", per_filter=True, **options):
    """Arguments of a grouped convolution; `shape` is batch, height, width and the number of groups."""
    random = np.random.RandomState(0)
    *sizes, groups = shape
    filters = groups * group_filters
    x = random.uniform(-1, 1, (*sizes, groups * group_inputs)).astype(np.float32)
    w = random.uniform(-1, 1, (*kernel, group_inputs, filters)).astype(np.float32)
    ends = np.sort(random.uniform(-1, 1, (2, filters)), 0) if per_filter else (-1.0, 0.8)
    case = dict(zip(CASE, (x if data_format == "NHWC" else x.transpose(0, 3, 1, 2), w, -0.9, 1, *ends, ONES)))
    return {**case, "data_format": data_format, "table": random_table(8, 1), **options}


# Numbers of groups, and of input channels and filters of a group. The look-ups by channel have blocks of 16 filters and
# 256 pixels, and stages of 3 taps; groups of at least 16 channels and filters are computed by the GEMM kernels.
GROUPS = [(1, 3, 5), (15, 1, 1), (16, 1, 1), (33, 1, 2), (4, 15, 16), (4, 16, 15), (2, 16, 16), (3, 33, 17)]


@pytest.mark.parametrize("per_filter", [False, True])
@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
@pytest.mark.parametrize("sizes", GROUPS)
def test_groups(gpu, sizes, data_format, per_filter):
    """There is one pixel more than a block has, and numbers of channels lie at the borders of chunks and blocks."""
    groups, *group = sizes
    assert_equal_to_reference(gpu, grouped_case((1, 1, 257, groups), (1, 2), *group, data_format, per_filter))


@pytest.mark.parametrize("sizes", [(6, 1, 3), (2, 17, 18)])
@pytest.mark.parametrize("kind", STRUCTURES)
def test_plans_of_groups(gpu, kind, sizes):
    """Every plan computes dilated groups with strides and passes, for unsigned, signed and 4-bit tables."""
    groups, *group = sizes
    options = {"strides": [1, 2, 1, 1], "dilations": [1, 1, 2, 1]}
    for num_bits, signed in [(8, False), (8, True), (4, False)]:
        table = structured_table(kind, num_bits, 1, signed)
        case = grouped_case((2, 7, 6, groups), (3, 2), *group, table=table, num_bits=num_bits, **options)
        for plan in plan_names(gpu, table, num_bits):
            with forced(plan):
                assert_equal_to_reference(gpu, case)


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
@pytest.mark.parametrize("sizes", [(5, 2, 3), (3, 16, 16)])
def test_nan_touches_its_group_only(gpu, sizes, data_format):
    groups, *group = sizes
    case = grouped_case((2, 5, 4, groups), (3, 3), *group, data_format)
    case["input"] = case["input"].copy()
    case["input"][(1, 2, 2, group[0]) if data_format == "NHWC" else (1, group[0], 2, 2)] = np.nan
    case["filter"][1, 0, 0, 0] = np.nan
    expected = reference.approx_conv2d_with_min_max_vars(**case)
    channels = np.isnan(expected if data_format == "NHWC" else expected.transpose(0, 2, 3, 1)).any((0, 1, 2))
    assert channels.tolist() == [f == 0 or f // group[1] == 1 for f in range(groups * group[1])]
    assert_equal_to_reference(gpu, case)


def test_more_quantisers_than_kernel_arguments_hold(gpu):
    assert_equal_to_reference(gpu, grouped_case((1, 2, 2, 1), (1, 1), 3, 500))
    assert_equal_to_reference(gpu, grouped_case((1, 2, 2, 331), (1, 1), 1, 1))


@pytest.mark.parametrize("kind", STRUCTURES)
@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
def test_many_tiles(gpu, kind, data_format):
    """The case has more pixels, filters and taps than one block, whole chunks of channels, and several passes."""
    random = np.random.RandomState(0)
    x, w = random.uniform(-1, 1, (2, 19, 17, 48)), random.uniform(-1, 1, (3, 2, 48, 130))
    case = {"strides": ONES, "padding": "SAME", "data_format": data_format, "table": structured_table(kind, 8, 1)}
    case["input"] = x if data_format == "NHWC" else x.transpose(0, 3, 1, 2)
    case.update(filter=w, input_min=-0.9, input_max=1, filter_min=-1, filter_max=0.8)
    for plan in plan_names(gpu, case["table"], 8):
        with forced(plan):
            assert_equal_to_reference(gpu, case)


def divide(monkeypatch, gpu, **work):
    """Makes the GPU divide every call in one way, with 1 MiB more of workspace for sums between passes over taps."""
    call = gpu._call

    def divided(name, *operands):
        call(name, *operands)
        if name == "operation_init":
            operands[-1]._obj.workspace_bytes += 1 << 20
            for field, value in work.items():
                setattr(operands[-1]._obj, field, value)

    monkeypatch.setattr(gpu, "_call", divided)


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
@pytest.mark.parametrize("sizes", [(5, 1, 2), (2, 16, 17)])
def test_passes_of_groups(gpu, monkeypatch, sizes, data_format):
    divide(monkeypatch, gpu, images=1, filter_chunks=4)
    groups, *group = sizes
    assert_equal_to_reference(gpu, grouped_case((3, 5, 4, groups), (3, 3), *group, data_format))


def test_passes_over_images(gpu, monkeypatch):
    divide(monkeypatch, gpu, images=1)
    random = np.random.RandomState(0)
    x, w = random.uniform(-1, 1, (3, 5, 4, 3)), random.uniform(-1, 1, (3, 3, 3, 4))
    assert_equal_to_reference(gpu, {**dict(zip(CASE, (x, w, -1, 1, -1, 1, ONES))), "table": random_table(8, 0)})


@pytest.mark.parametrize("name", SIGNED)
def test_all_pairs_of_signed_operands(gpu, shared_data, name):
    table = load_table(shared_data / "multipliers" / f"{name}.bin")
    case, products = all_pairs(table)
    for plan in plan_names(gpu, table, 8):
        with forced(plan):
            np.testing.assert_array_equal(gpu.approx_conv2d_with_min_max_vars(table=table, **case), products)


@pytest.mark.parametrize("kind", STRUCTURES)
def test_passes_over_taps(gpu, monkeypatch, kind):
    """There are three passes. The second one begins within a row of the filter, and the last one is not whole."""
    divide(monkeypatch, gpu, filter_chunks=4)
    random = np.random.RandomState(0)
    x, w = random.uniform(-1, 1, (2, 5, 6, 18)), random.uniform(-1, 1, (1, 5, 18, 20))
    case = {**dict(zip(CASE, (x, w, -1, 1, -1, 1, ONES))), "table": structured_table(kind, 8, 1)}
    for plan in plan_names(gpu, case["table"], 8):
        with forced(plan):
            assert_equal_to_reference(gpu, case)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("kind", STRUCTURES)
def test_sanitized(gpu, kind, signed):
    """A small case of each kind of plan, which compute-sanitizer runs, too (tools/gpu_check.sh)."""
    random = np.random.RandomState(0)
    x, w = random.uniform(-1, 1, (1, 7, 6, 18)), random.uniform(-1, 1, (3, 2, 18, 5))
    case = {**dict(zip(CASE, (x, w, -1, 1, -1, 1, ONES))), "table": structured_table(kind, 8, 1, signed)}
    for plan in plan_names(gpu, case["table"], 8):
        with forced(plan):
            assert_equal_to_reference(gpu, case)


@pytest.mark.parametrize("sizes", [(1, 3, 5), (18, 1, 2), (2, 16, 16)])
def test_sanitized_groups(gpu, sizes):
    """Small cases of both ways to compute groups, with a range for each filter, run under compute-sanitizer, too."""
    groups, *group = sizes
    case = grouped_case((1, 7, 6, groups), (3, 2), *group)
    case["input"][0, 3, 3, 1] = np.nan
    assert_equal_to_reference(gpu, case)


@pytest.mark.parametrize(
    ("kind", "taps"),
    [("greatest", 65535), ("greatest", 65537), ("exact", 67000), ("errors", 67000)],
)
def test_sums_beyond_32_bits(gpu, kind, taps):
    x, w = np.full((1, 1, 2, taps), 255.0), np.full((1, 1, taps, 1), 255.0)
    table = np.full((256, 256), 65535, np.uint16) if kind == "greatest" else structured_table(kind, 8, 0)
    case = {**dict(zip(CASE, (x, w, 0, 255, 0, 255, ONES))), "table": table}
    assert_equal_to_reference(gpu, case)
    assert_equal_to_reference(gpu, {**case, "filter_min": [0], "filter_max": [255]})


@pytest.mark.parametrize("kind", ["greatest", "errors"])
@pytest.mark.parametrize("taps", [32768, 33000])
def test_sums_beyond_31_bits_per_filter(gpu, kind, taps):
    """The sums need the sign bit of 32 bits, which FinishOutputs reads."""
    x, w = np.full((1, 1, 2, taps), 255.0), np.full((1, 1, taps, 1), 255.0)
    table = np.full((256, 256), 65535, np.uint16) if kind == "greatest" else structured_table(kind, 8, 0)
    assert_equal_to_reference(gpu, {**dict(zip(CASE, (x, w, 0, 255, [0], [255], ONES))), "table": table})


def test_sums_beyond_32_bits_by_channel(gpu):
    x, w = np.full((1, 1, 1, 2 * 66000), 255.0), np.full((1, 1, 66000, 2), 255.0)
    table = np.full((256, 256), 65535, np.uint16)
    assert_equal_to_reference(gpu, {**dict(zip(CASE, (x, w, 0, 255, 0, 255, ONES))), "table": table})


@pytest.mark.parametrize("name", GOLDEN_TF1)
def test_ax_conv2d_golden(gpu, shared_data, name):
    golden = np.load(shared_data / "golden" / "tf1" / name)
    table = load_table(shared_data / "multipliers" / f"{golden['AxMult']}.bin")
    result = gpu.ax_conv2d(table=table, **ax_arguments(golden))
    for key in ("output", "min_output", "max_output"):
        np.testing.assert_array_equal(getattr(result, key), golden[key])


@FEW
@given(quantised_convolutions())
def test_ax_conv2d_random(gpu, case):
    expected = outcome(lambda: reference.ax_conv2d(**case), ValueError)
    result = outcome(lambda: gpu.ax_conv2d(**case), ValueError)
    assert (result is None) == (expected is None)
    for ours, theirs in zip(result or (), expected or ()):
        np.testing.assert_array_equal(ours, theirs)
