"""Arguments of a type that is never right: an `ArgumentError` that names the argument, and no other exception."""

import numpy as np
import pytest

from tfapprox.common import (
    TruthTable,
    load_table,
    load_truth_table,
    metrics,
    multipliers,
    native,
    pin_table,
    plans,
    reference,
    save_table,
    truth_table,
)
from tfapprox.common.argument_error import ArgumentError

TABLE = TruthTable.exact(4)
TENSORS = {"input": np.ones((1, 4, 4, 1)), "filter": np.ones((2, 2, 1, 2)), "strides": [1, 1, 1, 1]}
CODES = {name: value if name == "strides" else value.astype(np.uint8) for name, value in TENSORS.items()}
RANGES = {"input_min": 0.0, "input_max": 1.0, "filter_min": 0.0, "filter_max": 1.0}
AX_RANGES = {"min_input": 0.0, "max_input": 1.0, "min_filter": 0.0, "max_filter": 1.0}

FRACTION, OBJECT = 8.0, object()
NO_INTEGER = [FRACTION, np.float32(8), True, np.bool_(True), "8", None, [], {}, OBJECT, 1j, b"8", 2**70, -(2**70)]
NO_BOOLEAN = [FRACTION, 1, np.int64(0), "False", "", [], OBJECT, b""]
NO_NAME = [FRACTION, True, None, 3, np.int64(3), [], {}, OBJECT, "\ud800", "a\0b", b"a\0b"]
NO_TEXT = [FRACTION, True, 3, [], OBJECT, b"name"]
NO_TABLE = [FRACTION, True, "mul8u_exact", 3, [], {}, OBJECT, b"", 1j, [[1, 2], [3]], np.ones((16, 16))]
NO_TENSOR = [FRACTION, True, "x", None, 3, [], {}, OBJECT, b"x", 1j, [[1, 2], [3]], np.array("x")]
NO_NUMBER = [True, "1", None, [], {}, OBJECT, b"1", 1j, 10**400]
NO_CHOICE = [FRACTION, True, None, 3, [], {}, OBJECT, b"NHWC", "nhwc", np.array(["NHWC"])]
NO_INTEGERS = [FRACTION, True, None, 3, "1111", b"1111", {}, OBJECT, [1.0] * 4, [True] * 4, [None] * 4, [2**70] * 4]

# The name of each function, the function, arguments that are right, and values of each argument that are not.
FUNCTIONS = {
    "load_table": (load_table, {"name_or_path": "mul8u_exact", "num_bits": 8}, {"num_bits": NO_INTEGER}),
    "native.load_table": (native.load_table, {"name_or_path": "mul8u_exact"}, {"num_bits": NO_INTEGER}),
    "load_truth_table": (load_truth_table, {"name_or_path": "mul8u_exact"}, {"num_bits": NO_INTEGER}),
    "pin_table": (pin_table, {"name_or_path": "mul8u_exact", "num_bits": 8}, {"num_bits": NO_INTEGER}),
    "save_table": (save_table, {"path": "x.bin", "table": TABLE}, {"path": NO_NAME, "table": [*NO_TABLE, None]}),
    "Table": (native.Table, {"table": None}, {"table": NO_TABLE, "num_bits": NO_INTEGER}),
    "program": (native.program, {"table": None}, {"table": NO_TABLE, "num_bits": NO_INTEGER}),
    "table_hash": (native.table_hash, {"table": TABLE}, {"table": NO_TABLE}),
    "plans": (plans.plans, {"table": TABLE, "num_bits": 4}, {"table": NO_TABLE, "num_bits": NO_INTEGER}),
    "plan": (
        plans.plan,
        {"table": TABLE, "num_bits": 4},
        {"table": NO_TABLE, "num_bits": NO_INTEGER, "costs": [FRACTION, "x", [], {"other": 1.0}, {"term": "1"}]},
    ),
    "native.quantiser": (
        native.quantiser,
        {"name": "input", "minimum": 0, "maximum": 1, "table": native.Table(None)},
        {"name": NO_TEXT, "table": [*NO_TABLE, None]},
    ),
    "quantiser": (
        reference.quantiser,
        {"name": "input", "minimum": 0, "maximum": 1},
        {"name": NO_TEXT, "num_bits": NO_INTEGER, "signed": NO_BOOLEAN},
    ),
    "filter_quantisers": (
        reference.filter_quantisers,
        {"filter_min": 0, "filter_max": 1, "filters": 2},
        {"filters": NO_INTEGER, "num_bits": NO_INTEGER, "signed": NO_BOOLEAN},
    ),
    "exact_table": (reference.exact_table, {"num_bits": 8}, {"num_bits": NO_INTEGER, "signed": NO_BOOLEAN}),
    "errors": (metrics.errors, {"table": TABLE}, {"table": NO_TABLE, "signed": NO_BOOLEAN}),
    "describe": (metrics.describe, {"table": TABLE}, {"table": NO_TABLE, "signed": NO_BOOLEAN}),
    "operands": (metrics.operands, {"num_bits": 4}, {"num_bits": [*NO_INTEGER, 0, 17], "signed": NO_BOOLEAN}),
    "is_signed": (truth_table.is_signed, {"table": TABLE}, {"table": [FRACTION, "x", [], {}, OBJECT, None, [[1], []]]}),
    "TruthTable": (
        TruthTable,
        {"entries": TABLE.entries},
        {"entries": [*NO_TABLE, None], "name": NO_TEXT, "signed": NO_BOOLEAN},
    ),
    "exact": (TruthTable.exact, {"num_bits": 8}, {"num_bits": NO_INTEGER, "signed": NO_BOOLEAN}),
    "from_bytes": (
        TruthTable.from_bytes,
        {"content": TABLE.to_bytes(), "num_bits": 4},
        {"content": [FRACTION, "x", None, [], OBJECT], "num_bits": NO_INTEGER, "signed": NO_BOOLEAN, "name": NO_TEXT},
    ),
    "construction_name": (
        multipliers.construction_name,
        {"construction": "drum", "k": 4},
        {"construction": NO_CHOICE, "num_bits": NO_INTEGER, "k": NO_INTEGER},
    ),
    "import_products": (
        multipliers.import_products,
        {"products": TABLE.entries, "name": "mul4u_x", "folder": ".", "force": True},
        dict.fromkeys(("signed", "swap", "ascending", "force"), NO_BOOLEAN),
    ),
    "import_callable": (
        multipliers.import_callable,
        {"function": lambda a, w: a * w, "name": "mul2u_x", "num_bits": np.uint8(2), "folder": ".", "force": True},
        {"num_bits": [value for value in NO_INTEGER if value is not None]},
    ),
}
for module in (native, reference):
    FUNCTIONS[f"{module.__name__}.tune"] = (module.tune, {"table": TABLE}, {"table": NO_TABLE})
    FUNCTIONS[f"{module.__name__}.ax_conv2d"] = (
        module.ax_conv2d,
        {**CODES, **AX_RANGES, "padding": "SAME"},
        {
            **dict.fromkeys(("input", "filter"), NO_TENSOR),
            **dict.fromkeys(AX_RANGES, NO_NUMBER),
            "table": NO_TABLE,
            "strides": NO_INTEGERS,
            "padding": NO_CHOICE,
            "ax_tune": [*NO_BOOLEAN, None],
        },
    )
    for depthwise in ("", "depthwise_"):
        name = f"approx_{depthwise}conv2d_with_min_max_vars"
        wrong = {
            **dict.fromkeys(("input", "filter"), NO_TENSOR),
            **dict.fromkeys(RANGES, NO_NUMBER),
            **dict.fromkeys(("strides", "dilations"), NO_INTEGERS),
            **dict.fromkeys(("padding", "data_format"), NO_CHOICE),
            "table": NO_TABLE,
            "num_bits": NO_INTEGER,
        }
        if not depthwise:
            wrong["explicit_paddings"] = [*NO_INTEGERS, ""]
        FUNCTIONS[f"{module.__name__}.{name}"] = (
            getattr(module, name),
            {**TENSORS, **RANGES, "padding": "SAME"},
            wrong,
        )
for function in (
    load_table,
    native.load_table,
    load_truth_table,
    pin_table,
    native.table_source,
    native.name_is_signed,
):
    key = f"{function.__module__}.{function.__name__} of a name"
    FUNCTIONS[key] = (function, {"name_or_path": "mul8u_exact"}, {"name_or_path": NO_NAME})


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_of_wrong_types(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    function, right, wrong = FUNCTIONS[name]
    function(**right)
    for argument, values in wrong.items():
        # The name that errors give the argument: `name_or_path` is `mul_map_file` in an operation.
        beginning = {"name_or_path": "mul_map_file", "entries": "table"}.get(argument, argument)
        for value in values:
            with pytest.raises(ArgumentError, match=f"^[^;]*\\b{beginning}\\b") as refused:
                function(**{**right, argument: value})
            assert "must " in str(refused.value), (argument, value)


@pytest.mark.parametrize("name", [3, None, [], 8.0])
def test_a_name_of_another_type_is_a_type_error(name):
    for function in (load_table, pin_table):
        with pytest.raises(TypeError, match="mul_map_file must be a name or a path"):
            function(name)
