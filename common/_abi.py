"""The structures and functions of `core/tfapprox.h`, field by field, for ctypes; used by native.py and plans.py."""

from ctypes import (
    POINTER,
    Structure,
    c_char,
    c_char_p,
    c_double,
    c_float,
    c_int8,
    c_int32,
    c_int64,
    c_uint8,
    c_uint16,
    c_uint64,
    c_void_p,
)
from typing import Any


class Error(Structure):
    """`tfapprox_error`."""

    _fields_ = [("message", c_char * 8192)]


class Settings(Structure):
    """`tfapprox_settings`."""

    _fields_ = [(name, c_char_p) for name in ["force_path", "plan", "multiplier_path", "data_home", "home"]]


class Quantiser(Structure):
    """`tfapprox_quantiser`."""

    _fields_ = [
        ("scale", c_float),
        ("inverse_scale", c_float),
        ("nudged_min", c_float),
        ("zero_point", c_int32),
        ("min_code", c_int32),
        ("max_code", c_int32),
    ]


class Problem(Structure):
    """`tfapprox_problem`."""

    _fields_ = [
        *[
            (name, c_int64)
            for name in [
                *["batch", "in_height", "in_width", "in_channels"],
                *["filter_height", "filter_width", "out_channels", "groups"],
                *["stride_height", "stride_width", "dilation_height", "dilation_width"],
                *["out_stride_height", "out_stride_width"],
                *["out_first_row", "out_first_column", "out_tensor_height", "out_tensor_width"],
            ]
        ],
        ("padding", c_int32),
        ("layout", c_int32),
        *[(name, c_int64) for name in ["pad_top", "pad_bottom", "pad_left", "pad_right", "out_height", "out_width"]],
    ]


class Operand(Structure):
    """`tfapprox_operand`."""

    _fields_ = [("elements", c_int32), ("quantiser", Quantiser), ("per_filter", POINTER(Quantiser))]


class FilterSteps(Structure):
    """`tfapprox_filter_steps`."""

    _fields_ = [(name, c_int64) for name in ["row", "column", "channel", "filter", "first"]]


class Operation(Structure):
    """`tfapprox_operation`."""

    _fields_ = [
        ("problem", Problem),
        ("activation", Operand),
        ("weight", Operand),
        ("output", c_int32),
        ("table", c_void_p),
        ("cancelled", POINTER(c_int32)),
        ("items", c_int64),
        ("activation_items", POINTER(c_int64)),
        ("weight_items", POINTER(c_int64)),
        ("filter_steps", FilterSteps),
    ]


class Work(Structure):
    """`tfapprox_work`."""

    _fields_ = [
        ("program", c_void_p),
        ("problem", Problem),
        ("lanes", c_int32),
        ("threads", c_int32),
        *[
            (name, c_int64)
            for name in [
                *["tiles", "tiles_per_unit", "prepare_parts", "run_parts", "item_prepare_parts", "item_run_parts"],
                *["cycles_per_prepare_part", "cycles_per_run_part"],
                *["prepared_bytes", "item_prepared_bytes", "workspace_bytes"],
            ]
        ],
    ]


class TableGradient(Structure):
    """`tfapprox_table_gradient`."""

    _fields_ = [("operation", Operation), ("is_transposed", c_int32), ("half_window", c_int32)]


class GradientWork(Structure):
    """`tfapprox_gradient_work`."""

    _fields_ = [
        ("path", c_int32),
        ("threads", c_int32),
        *[
            (name, c_int64)
            for name in [
                *["shared_bytes", "workspace_bytes", "prepare_parts", "run_parts", "finish_parts"],
                *["cycles_per_prepare_part", "cycles_per_run_part", "cycles_per_finish_part"],
            ]
        ],
    ]


class Plan(Structure):
    """`tfapprox_plan`."""

    _fields_ = [
        ("name", c_char_p),
        ("activation", POINTER(c_int32)),
        ("weight", POINTER(c_int32)),
        ("terms", c_int32),
        ("taps_per_flush", c_int32),
        ("classes", c_int32),
        ("class_stride", c_int32),
        ("error", POINTER(c_uint8)),
        ("class_of", POINTER(c_uint8)),
        ("class_columns", POINTER(c_uint16)),
    ]


class PlanCosts(Structure):
    """`tfapprox_plan_costs`."""

    _fields_ = [(name, c_double) for name in ["term", "error_plane", "classes_64", "classes_128", "look_up"]]


_FUNCTIONS = {
    "tfapprox_status_string": (c_char_p, [c_int32]),
    "tfapprox_settings_reload": (c_int32, [POINTER(Settings), POINTER(Error)]),
    "tfapprox_table_acquire": (c_int32, [c_void_p, c_int32, c_int32, POINTER(c_void_p), POINTER(Error)]),
    "tfapprox_table_acquire_tuned": (c_int32, [c_void_p, c_int32, POINTER(c_void_p), POINTER(Error)]),
    "tfapprox_table_release": (None, [c_void_p]),
    "tfapprox_table_num_bits": (c_int32, [c_void_p]),
    "tfapprox_table_is_signed": (c_int32, [c_void_p]),
    "tfapprox_name_is_signed": (c_int32, [c_char_p]),
    "tfapprox_table_load": (c_int32, [c_char_p, c_char_p, c_int32, c_void_p, POINTER(c_int32), POINTER(Error)]),
    "tfapprox_table_source": (c_int32, [c_char_p]),
    "tfapprox_table_open": (
        c_int32,
        [c_char_p, c_char_p, c_int32, c_int32, POINTER(c_void_p), POINTER(Error)],
    ),
    "tfapprox_table_hash": (c_uint64, [c_void_p, c_int32]),
    "tfapprox_table_hash_of": (c_uint64, [c_void_p]),
    "tfapprox_multiplier_folder": (c_int32, [c_int32, c_char_p, c_int32]),
    "tfapprox_multiplier_describe": (c_int32, [c_int32, POINTER(c_char_p), POINTER(c_char_p)]),
    "tfapprox_plan_describe": (c_int32, [c_void_p, c_int32, POINTER(Plan), POINTER(Error)]),
    "tfapprox_plan_term": (
        c_int32,
        [
            *[c_void_p, c_int32, c_int32],
            *[POINTER(POINTER(c_uint8)), POINTER(POINTER(c_int8)), POINTER(c_int32), POINTER(Error)],
        ],
    ),
    "tfapprox_plan_choose": (c_int32, [c_void_p, POINTER(PlanCosts), POINTER(c_int32), POINTER(Error)]),
    "tfapprox_quantiser_init": (c_int32, [c_char_p, c_float, c_float, c_void_p, POINTER(Quantiser), POINTER(Error)]),
    "tfapprox_problem_resolve": (c_int32, [POINTER(Problem), POINTER(Error)]),
    "tfapprox_ax_conv2d_fill": (
        c_int32,
        [
            *[POINTER(Problem), *[c_float] * 4, c_void_p],
            *[POINTER(Operation), POINTER(c_float), POINTER(c_float), POINTER(Error)],
        ],
    ),
    "tfapprox_conv2d_transpose_fill": (
        c_int32,
        [POINTER(Problem), c_int64, c_int64, c_int64, POINTER(Operation), POINTER(Error)],
    ),
    "tfapprox_matmul_fill": (
        c_int32,
        [
            *[POINTER(c_int64), c_int32, POINTER(c_int64), c_int32],
            *[POINTER(Operation), POINTER(c_int64), POINTER(c_int64), POINTER(Error)],
        ],
    ),
    "tfapprox_matmul_set_items": (
        None,
        [
            *[POINTER(c_int64), c_int32, POINTER(c_int64), c_int32],
            *[c_int64, POINTER(c_int64), POINTER(c_int64), POINTER(Operation)],
        ],
    ),
    "tfapprox_operation_check": (c_int32, [POINTER(Operation), POINTER(Error)]),
    "tfapprox_operation_init": (c_int32, [POINTER(Operation), c_int32, POINTER(Work), POINTER(Error)]),
    "tfapprox_operation_prepare": (None, [POINTER(Operation), POINTER(Work), *[c_void_p] * 3, c_int64, c_int64]),
    "tfapprox_operation_run": (
        None,
        [POINTER(Operation), POINTER(Work), *[c_void_p] * 4, c_int64, c_int64, c_void_p],
    ),
    "tfapprox_table_gradient_init": (
        c_int32,
        [POINTER(TableGradient), c_int32, POINTER(GradientWork), POINTER(Error)],
    ),
    "tfapprox_table_gradient_begin": (None, [POINTER(TableGradient), POINTER(GradientWork), *[c_void_p] * 3]),
    "tfapprox_table_gradient_prepare": (
        None,
        [POINTER(TableGradient), POINTER(GradientWork), *[c_void_p] * 3, c_int64, c_int64],
    ),
    "tfapprox_table_gradient_run": (
        None,
        [POINTER(TableGradient), POINTER(GradientWork), *[c_void_p] * 2, c_int64, c_int64, c_void_p],
    ),
    "tfapprox_table_gradient_finish": (
        None,
        [POINTER(TableGradient), POINTER(GradientWork), *[c_void_p] * 2, c_int64, c_int64],
    ),
    "tfapprox_table_tune": (None, [c_void_p, c_int32, c_void_p]),
    "tfapprox_path": (c_int32, [POINTER(c_char_p), POINTER(Error)]),
    "tfapprox_cpu_family": (c_char_p, []),
    "tfapprox_path_describe": (c_int32, [c_int32, POINTER(c_char_p), POINTER(c_int32), POINTER(c_int32)]),
    "tfapprox_program_describe": (None, [c_void_p, POINTER(c_char_p), POINTER(c_char_p)]),
}


def declare(library: Any) -> Any:
    """Gives every function of `library` its result and argument types, and returns it."""
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
