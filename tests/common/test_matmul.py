"""The matrix product: the reference against loops, and every CPU path, plan and number of threads against it."""

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import SIGNED, STRUCTURES, forced, matrix_products, outcome, random_table, structured_table
from tfapprox.common import _operation, load_table, native, plans, reference

NAME = "approx_matmul_with_min_max_vars"


@pytest.mark.parametrize("per_column", [False, True])
def test_the_reference_is_the_equation(per_column):
    """Three loops compute (3.8) for two operands, the second of which has no batch dimension."""
    random, table = np.random.RandomState(0), random_table(8, 1)
    a, b = random.uniform(-1, 1, (2, 3, 4)).astype(np.float32), random.uniform(-1, 1, (4, 5)).astype(np.float32)
    b_min, b_max = np.sort(random.uniform(-1, 1, (2, 5)), 0).astype(np.float32) if per_column else (-0.5, 0.75)
    result = reference.approx_matmul_with_min_max_vars(a, b, -1, 0.5, b_min, b_max, table=table)
    qa = reference.quantiser("a", -1, 0.5)
    for item, i, j in np.ndindex(2, 3, 5):
        qw = reference.quantiser("b", *([b_min[j], b_max[j]] if per_column else [b_min, b_max]))
        total = 0
        for t in range(4):
            x, w = (int(reference.codes(q, number)) for q, number in [(qa, a[item, i, t]), (qw, b[t, j])])
            total += int(table[x, w]) - qw.zero_point * x - qa.zero_point * w + qa.zero_point * qw.zero_point
        assert result[item, i, j] == np.float32(float(qa.scale) * float(qw.scale) * total)


def test_the_exact_product_is_that_of_integers():
    random = np.random.RandomState(0)
    a, b = random.randint(0, 256, (3, 1, 4, 6)), random.randint(0, 256, (2, 5, 6))
    expected = np.matmul(a, b.swapaxes(1, 2)).astype(np.float32)
    for module in (reference, native):
        result = module.approx_matmul_with_min_max_vars(a, b, 0, 255, 0, 255, transpose_b=True)
        np.testing.assert_array_equal(result, expected)


@settings(max_examples=300, deadline=None)
@given(matrix_products(), st.integers(1, 5))
def test_random(case, threads):
    expected = outcome(lambda: reference.approx_matmul_with_min_max_vars(**case), ValueError)
    result = outcome(lambda: native.approx_matmul_with_min_max_vars(threads=threads, **case), ValueError)
    np.testing.assert_array_equal(result, expected)
    assert expected is None or result.shape == expected.shape


@functools.lru_cache(maxsize=None)
def products_of(kind, shapes):
    """Matrix products with a signed table, ranges of the columns and NaN, and their outputs by the reference."""
    random = np.random.RandomState(0)
    a, b = (random.uniform(-1, 1, shape).astype(np.float32) for shape in shapes)
    a.flat[7] = b.flat[-9] = np.nan
    ends = np.sort(random.uniform(-1, 1, (2, b.shape[-1])), 0).astype(np.float32)
    cases = []
    for signed, (b_min, b_max) in [(False, (-0.9, 0.8)), (True, (-0.9, 0.8)), (False, ends)]:
        case = dict(zip(["a", "b", "a_min", "a_max", "b_min", "b_max"], [a, b, -1.0, 0.7, b_min, b_max]))
        case.update(table=structured_table(kind, 8, 1, signed))
        cases.append((case, reference.approx_matmul_with_min_max_vars(**case)))
    return cases


@pytest.mark.parametrize("shapes", [((3, 70, 19), (19, 37)), ((4, 1, 5, 19), (2, 19, 90)), ((2, 3, 130, 21), (21, 6))])
@pytest.mark.parametrize("kind", STRUCTURES)
def test_paths_and_plans(path, kind, shapes):
    """The cases are rows of one product and items, some with swapped roles."""
    if "_model" in path and kind != "random":
        pytest.skip("the models of AVX-512 are slow: they look up one table")
    for case, expected in products_of(kind, shapes):
        for plan in [plan.name for plan in plans.plans(case["table"])]:
            with forced(path, plan):
                assert native.program(case["table"]) == (path, plan)
                np.testing.assert_array_equal(native.approx_matmul_with_min_max_vars(**case), expected)


@pytest.mark.parametrize("name", [*SIGNED, "random", "signed"])
def test_all_pairs(shared_data, name):
    """Every pair of operands is multiplied, as one product and as items of a batch, each of which is one product."""
    if name in ("random", "signed"):
        table = random_table(8, 5, name == "signed")
    else:
        table = load_table(shared_data / "multipliers" / f"{name}.bin")
    codes = np.arange(-127, 128) if reference.is_signed(table) else np.arange(256)
    products = table[codes[:, None], codes].astype(np.float32)
    ends = [codes[0], codes[-1]] * 2
    a, b = codes[:, None].astype(np.float32), codes[None].astype(np.float32)
    for module in (reference, native):
        np.testing.assert_array_equal(module.approx_matmul_with_min_max_vars(a, b, *ends, table=table), products)
        pairs = module.approx_matmul_with_min_max_vars(a[:, None], b[0][:, None, None], *ends, table=table)
        np.testing.assert_array_equal(pairs[:, 0, 0], table[codes, codes].astype(np.float32))


def test_items_are_used_where_b_has_several_matrices():
    def items(*shapes):
        tensors = [np.ones(shape, np.float32) for shape in shapes]
        return _operation.approx_matmul(*tensors, 0, 1, 0, 1).descriptor.items

    assert items((7, 3, 4), (4, 5)) == items((7, 3, 4), (1, 4, 5)) == items((0, 3, 4), (0, 4, 5)) == 0
    assert items((7, 3, 4), (7, 4, 5)) == items((3, 4), (7, 4, 5)) == 7
    assert items((6, 1, 3, 4), (7, 4, 5)) == 42


@pytest.mark.parametrize(("depth", "entry"), [(65537, 65535), (200000, 65535)])
def test_sums_beyond_32_bits(depth, entry):
    a, b = np.full((2, 1, depth), 255.0), np.full((2, depth, 1), 255.0)
    table = np.full((256, 256), entry, np.uint16)
    result = native.approx_matmul_with_min_max_vars(a, b, 0, 255, 0, 255, table=table)
    np.testing.assert_array_equal(result, np.full((2, 1, 1), np.float32(entry * depth)))


@pytest.mark.parametrize("module", [reference, native])
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"a": np.ones(4)}, r"a must have 2 dimensions or more; received shape \[4\]"),
        ({"b": np.ones(4)}, r"b must have 2 dimensions or more; received shape \[4\]"),
        ({"a": np.ones((3, 5))}, r"\[\.\.\., m, k\] and \[\.\.\., k, n\] .*; received a \[3, 5\] and b \[4, 2\]"),
        ({"a": np.ones((3, 0)), "b": np.ones((0, 2))}, r"k and n from 1; received a \[3, 0\] and b \[0, 2\]"),
        ({"b": np.ones((4, 0))}, r"k and n from 1; received a \[3, 4\] and b \[4, 0\]"),
        (
            {"a": np.ones((2, 3, 4)), "b": np.ones((3, 4, 2))},
            r"batch dimensions of a and b must be equal or 1; received a \[2, 3, 4\] and b \[3, 4, 2\]",
        ),
        ({"b_min": [0, 0, 0]}, r"b_min and b_max must be two numbers, or two arrays \[2\].*; received shapes \[3\]"),
        ({"b_min": [0, 1], "b_max": [1, -1]}, "b_min must not be greater than b_max; received b_min=1"),
        ({"a_max": np.nan}, "a_min, a_max and their difference must be finite"),
        ({"a_min": [0, 0]}, "a_min must be a real number"),
        ({"a": np.ones((3, 4), complex)}, "a must be an array of real numbers; received dtype complex128"),
        ({"transpose_a": 1}, "transpose_a must be True or False; received 1"),
        ({"num_bits": 9}, "num_bits"),
    ],
)
def test_bad_input(module, changed, message):
    case = dict(zip(["a", "b", "a_min", "a_max", "b_min", "b_max"], [np.ones((3, 4)), np.ones((4, 2)), 0, 1, 0, 1]))
    with pytest.raises(ValueError, match=message):
        module.approx_matmul_with_min_max_vars(**{**case, **changed})
