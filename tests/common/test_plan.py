"""The planner: every plan of every table gives the table's products, and the cheapest or the forced one is chosen."""

import ctypes
import pathlib
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import random_table
from tfapprox.common import load_table, multipliers, native, plans
from tfapprox.common._abi import Error, Plan
from tfapprox.common._bindings import core
from tfapprox.common.reference import exact_table, is_signed

# The least number of terms of the polynomial among its four variants without any further reduction.
MOST_TERMS = {
    **{"199Z": 0, "1JFF": 1, "1446": 2, "Y48": 2, "17C8": 3, "17QU": 4, "125K": 5, "13QR": 5, "EXZ": 5, "JQQ": 5},
    **{"18DU": 6, "2P7": 7, "GS2": 8, "2AC": 11, "CK5": 11, "14VP": 12, "150Q": 12, "QJD": 12, "7C1": 13, "1AGV": 14},
    **{"KEM": 16, "FTA": 21, "96D": 24, "17KS": 26, "JV3": 30, "PKY": 42, "NGR": 53, "2HH": 67, "QKX": 68, "DM1": 86},
    **{"19DB": 96, "ZFB": 121, "YX7": 185, "185Q": 200, "L40": 247, "12N4": 249},
}
# For each signed multiplier, the terms of the polynomial, and whether there is an error plane.
SIGNED_PLANS = {
    **{"1KR3": (1, False), "1KR6": (3, True), "1KTY": (1, False), "1KV8": (1, True), "1KVA": (3, True)},
    **{"1KVB": (4, True), "1KX2": (5, True), "1L1G": (1, False), "1L2H": (1, True)},
}
COSTS = {"term": 0.25, "error_plane": 0.5, "classes_64": 0.5, "classes_128": 0.75, "look_up": 1.0}


@pytest.fixture(autouse=True)
def _no_forced_plan(monkeypatch):
    monkeypatch.delenv("TFAPPROX_PLAN", raising=False)


def verified(table, num_bits=8):
    """The plans of a table by name, each checked on all pairs of codes, and for what the kernels rely on."""
    exact = exact_table(num_bits, is_signed(table))
    found = {plan.name: plan for plan in plans.plans(table, num_bits)}
    assert list(found) == [name for name in plans.NAMES if name in found]
    for plan in found.values():
        np.testing.assert_array_equal(plan.products(table), table, err_msg=plan.name)
        assert sorted(plan.shift) == list(plan.shift)
        assert all(0 <= shift < 24 for shift in plan.shift)
        assert plan.taps_per_flush >= 65536 // max(plan.terms, 1)
        for shift in set(plan.shift):
            terms = plan.shift == shift
            sums = plan.feature[terms].astype(np.int64).T @ plan.coefficient[terms]
            assert np.abs(sums).max() * plan.taps_per_flush < 2**31
        for array in (plan.activation, plan.weight, *plan.feature, *plan.coefficient):
            assert not array[len(table) :].any()
    assert "look_up" in found
    assert num_bits > 6 or "polynomial" in found
    assert all(plan.terms <= 256 for plan in found.values())
    assert ("exact" in found) == np.array_equal(table, exact)
    rows = len(np.unique(table, axis=0))
    assert ("classes" in found) == (rows <= 128)
    if "classes" in found:
        assert found["classes"].classes == rows
        assert found["classes"].class_columns.shape[1] == (64 if rows <= 64 else 128)
    if "error_plane" in found:
        assert found["error_plane"].terms == 1
    error = table.astype(int) - exact
    assert "error_plane" in found or np.ptp(error) > 255
    return found


@pytest.mark.parametrize("name", multipliers.built_in_descriptions())
def test_built_in(name):
    verified(load_table(name))


@pytest.mark.parametrize("construction", ["exact", "trunc3", "bam_h1_v3", "mitchell", "drum2", "kulkarni"])
@pytest.mark.parametrize("num_bits", range(2, 8))
def test_other_widths(construction, num_bits):
    verified(load_table(f"mul{num_bits}u_{construction}", num_bits), num_bits)


@pytest.mark.parametrize("num_bits", range(2, 9))
def test_any_table(num_bits):
    verified(random_table(num_bits, num_bits), num_bits)


def test_any_signed_table():
    assert list(verified(random_table(8, 1, signed=True))) == ["look_up"]


def test_shared_tables(shared_data):
    for name, most in MOST_TERMS.items():
        found = verified(load_table(shared_data / "multipliers" / f"mul8u_{name}.bin"))
        assert found["polynomial"].terms <= most, name


def test_shared_signed_tables(shared_data):
    for name, (terms, has_plane) in SIGNED_PLANS.items():
        found = verified(load_table(shared_data / "multipliers" / f"mul8s_{name}.bin"))
        assert found["polynomial"].terms == terms, name
        assert ("error_plane" in found) == has_plane, name


def test_the_page_lists_the_built_in_multipliers():
    page = (pathlib.Path(__file__).parents[2] / "docs" / "plans.md").read_text(encoding="utf-8")
    lines = []
    for name in multipliers.built_in_descriptions():
        found = {plan.name: plan for plan in plans.plans(load_table(name))}
        plane = "yes" if "error_plane" in found else ""
        classes = found["classes"].classes if "classes" in found else ""
        lines.append(f"| `{name}` | {found['polynomial'].terms} | {plane} | {classes} |")
    assert page.endswith("\n".join(["|---|---|---|---|", *lines, ""])), "\n".join(lines)


def degenerate(num_bits):
    """Tables that have no structure of a multiplier left."""
    exact = exact_table(num_bits)
    codes = len(exact)
    one_off, offset = exact.copy(), exact.astype(int) + 510
    one_off[codes - 1, codes - 2] ^= 0x8000
    a, w = np.mgrid[:codes, :codes]
    extremes = np.where((a ^ w) & 1, 65535, 0)
    return {
        "zero": np.zeros_like(exact),
        "greatest": np.full_like(exact, 65535),
        "of a": 200 * a,
        "sum": a + 255 * w,
        "one off": one_off,
        "offset": offset,
        "extremes": extremes,
        "step": np.where(a >= codes // 2, 65535, 0),
        "falling": 65025 - exact,
    }


@pytest.mark.parametrize("num_bits", [2, 5, 8])
@pytest.mark.parametrize("kind", degenerate(2))
def test_degenerate(num_bits, kind):
    found = verified(degenerate(num_bits)[kind].astype(np.uint16), num_bits)
    least = {"zero": 0, "greatest": 0, "of a": 0, "sum": 0, "extremes": 2, "step": 0, "falling": 1, "offset": 1}
    assert found["polynomial"].terms <= least.get(kind, 256)


@pytest.mark.parametrize("kind", degenerate(2))
def test_degenerate_signed(kind):
    verified(degenerate(8)[kind].astype(np.uint16).view(np.int16))


def test_offsets_of_the_operands_are_no_error():
    random = np.random.RandomState(1)
    offset, noise = random.randint(0, 20000, (2, 128)), random.randint(0, 200, (128, 128))
    table = exact_table(7) + np.add.outer(*offset) + noise
    assert "error_plane" in verified(table.astype(np.uint16), 7)


@st.composite
def structured_tables(draw):
    """Sums of products of anything with anything, of truncated operands, and of noise: what circuits are like."""
    num_bits = draw(st.integers(2, 8))
    random, codes = np.random.RandomState(draw(st.integers(0, 2**32 - 1))), 2**num_bits
    table = exact_table(num_bits, num_bits == 8 and draw(st.booleans())).astype(np.int64) * draw(st.integers(0, 1))
    for _ in range(draw(st.integers(0, 3))):
        x, y = random.randint(0, draw(st.sampled_from([2, 256])), (2, codes))
        keep = draw(st.sampled_from([0xFF, 0xF0, 0x88, 0x07]))
        table += np.multiply.outer(x & keep, y) * draw(st.sampled_from([-16, -3, 1, 5, 256]))
    noise = draw(st.sampled_from([1, 2, 200, 256, 65536]))
    table += random.randint(0, noise, (codes, codes)) * (random.rand(codes, codes) < draw(st.floats(0, 1)))
    table = (table % 65536).astype(np.uint16)
    return table.view(np.int16) if num_bits == 8 and draw(st.booleans()) else table, num_bits


@settings(max_examples=150, deadline=None)
@given(structured_tables())
def test_structured_tables(case):
    verified(*case)


@pytest.mark.parametrize(
    ("name", "costs", "expected"),
    [
        ("mul8u_exact", {}, "exact"),
        ("mul8u_exact", {"term": 0}, "look_up"),
        ("mul8u_drum4", {}, "polynomial"),
        ("mul8u_drum4", {"term": 0}, "classes"),
        ("mul8u_trunc4", {}, "error_plane"),
        ("mul8u_trunc4", {"error_plane": 0}, "look_up"),
        ("mul8u_trunc8", {}, "classes"),
        ("mul8u_trunc8", {"classes_128": 0}, "look_up"),
        ("mul8u_trunc8", {"classes_64": 0}, "classes"),
        ("mul8u_trunc8", {"term": 0.1}, "polynomial"),
        ("mul8u_mitchell", {}, "look_up"),
        ("mul8u_mitchell", {"term": 0.001}, "polynomial"),
        ("mul8s_exact", {}, "exact"),
        ("mul8s_exact", {"term": 0}, "look_up"),
    ],
)
def test_least_cost(name, costs, expected):
    assert plans.plan(load_table(name), costs={**COSTS, **costs}) == expected


def test_the_path_can_carry_out_its_plan():
    assert plans.plan(load_table("mul8u_mitchell")) in plans.NAMES


@pytest.mark.parametrize("forced", ["exact", "polynomial", "error_plane", "classes", "look_up"])
def test_forced(monkeypatch, forced):
    monkeypatch.setenv("TFAPPROX_PLAN", forced)
    table = exact_table(6)
    assert plans.plan(table, 6, COSTS) == forced


@pytest.mark.parametrize(
    ("forced", "costs", "message"),
    [
        ("fastest", COSTS, "exact (not of this table), polynomial, error_plane (not of this table), "),
        ("exact", COSTS, "exact (not of this table), polynomial, "),
        ("polynomial", {"look_up": 1}, "polynomial (not on this path), "),
    ],
)
def test_forced_in_vain(monkeypatch, forced, costs, message):
    monkeypatch.setenv("TFAPPROX_PLAN", forced)
    pattern = f"^TFAPPROX_PLAN must be one of .*{re.escape(message)}.*look_up; received '{forced}'$"
    with pytest.raises(ValueError, match=pattern):
        plans.plan(load_table("mul8u_mitchell"), costs=costs)


@pytest.mark.parametrize("costs", [{}, {"look_up": -1}, {**COSTS, "term": -0.5}, {**COSTS, "classes_64": float("nan")}])
def test_impossible_costs(costs):
    with pytest.raises(ValueError, match=r"costs must be at least 0, and look_up above 0; received term=.*look_up="):
        plans.plan(exact_table(8), costs=costs)


def test_threads_that_ask_first():
    shared = native.Table(random_table(8, 7))  # its plans are found anew, because no other test keeps this table
    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(lambda _: [plan.name for plan in plans.plans(random_table(8, 7))], range(16)))
    assert shared.handle
    assert names == 16 * [["look_up"]]


def test_numbers_of_plans_and_terms():
    shared, error = native.Table(exact_table(8)), Error()
    for function, arguments in [
        ("describe", [4, ctypes.byref(Plan())]),
        ("describe", [-1, ctypes.byref(Plan())]),
        ("term", [0, 1, None, None, None]),
        ("term", [3, 0, None, None, None]),
    ]:
        status = getattr(core(), f"tfapprox_plan_{function}")(shared.handle, *arguments, ctypes.byref(error))
        assert status == 2
        assert re.search(r"(index|term) must be .*; received (4|-1|1|0)$", error.message.decode())


def test_an_empty_variable_forces_nothing(monkeypatch):
    monkeypatch.setenv("TFAPPROX_PLAN", "")
    assert plans.plan(exact_table(8), costs=COSTS) == "exact"
