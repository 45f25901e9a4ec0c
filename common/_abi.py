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


class Error(Structure):
    """`tfapprox_error`."""

    _fields_ = [("message", c_char * 8192)]


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


class Conv2D(Structure):
    """`tfapprox_conv2d`."""

    _fields_ = [
        *[
            (name, c_int64)
            for name in [
                "batch",
                "in_height",
                "in_width",
                "in_channels",
                "filter_height",
                "filter_width",
                "out_channels",
                "stride_height",
                "stride_width",
                "dilation_height",
                "dilation_width",
            ]
        ],
        ("padding", c_int32),
        ("layout", c_int32),
        *[(name, c_int64) for name in ["pad_top", "pad_bottom", "pad_left", "pad_right", "out_height", "out_width"]],
    ]


class Work(Structure):
    """`tfapprox_conv2d_work`."""

    _fields_ = [
        ("program", c_void_p),
        ("shape", Conv2D),
        ("is_exchanged", c_int32),
        ("tiles", c_int64),
        ("tiles_per_block", c_int64),
        ("cycles_per_tile", c_int64),
        ("filter_bytes", c_int64),
        ("workspace_bytes", c_int64),
    ]


class ApproxConv2D(Structure):
    """`tfapprox_approx_conv2d`."""

    _fields_ = [
        ("shape", Conv2D),
        ("input", Quantiser),
        ("filter", Quantiser),
        ("table", c_void_p),
        ("work", Work),
    ]


class AxConv2D(Structure):
    """`tfapprox_ax_conv2d`."""

    _fields_ = [
        ("shape", Conv2D),
        ("input_offset", c_int32),
        ("filter_offset", c_int32),
        ("min_output", c_float),
        ("max_output", c_float),
        ("table", c_void_p),
        ("work", Work),
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
    "tfapprox_table_acquire": (c_int32, [c_void_p, c_int32, c_int32, POINTER(c_void_p), POINTER(Error)]),
    "tfapprox_table_acquire_tuned": (c_int32, [c_void_p, c_int32, POINTER(c_void_p), POINTER(Error)]),
    "tfapprox_table_release": (None, [c_void_p]),
    "tfapprox_table_num_bits": (c_int32, [c_void_p]),
    "tfapprox_table_is_signed": (c_int32, [c_void_p]),
    "tfapprox_name_is_signed": (c_int32, [c_char_p]),
    "tfapprox_table_load": (c_int32, [c_char_p, c_char_p, c_int32, c_void_p, POINTER(c_int32), POINTER(Error)]),
    "tfapprox_table_source": (c_int32, [c_char_p]),
    "tfapprox_table_hash": (c_uint64, [c_void_p, c_int32]),
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
    "tfapprox_conv2d_resolve": (c_int32, [POINTER(Conv2D), POINTER(Error)]),
    "tfapprox_approx_conv2d_init": (
        c_int32,
        [POINTER(Conv2D), POINTER(Quantiser), POINTER(Quantiser), c_void_p, POINTER(ApproxConv2D), POINTER(Error)],
    ),
    "tfapprox_approx_conv2d_prepare": (None, [POINTER(ApproxConv2D), *[c_void_p] * 3, c_int64, c_int64]),
    "tfapprox_approx_conv2d_run": (
        None,
        [POINTER(ApproxConv2D), *[c_void_p] * 4, c_int64, c_int64, c_void_p],
    ),
    "tfapprox_table_tune": (None, [c_void_p, c_int32, c_void_p]),
    "tfapprox_ax_conv2d_init": (
        c_int32,
        [POINTER(Conv2D), *[c_float] * 4, c_void_p, POINTER(AxConv2D), POINTER(Error)],
    ),
    "tfapprox_ax_conv2d_prepare": (None, [POINTER(AxConv2D), *[c_void_p] * 3, c_int64, c_int64]),
    "tfapprox_ax_conv2d_run": (
        None,
        [POINTER(AxConv2D), *[c_void_p] * 4, c_int64, c_int64, c_void_p],
    ),
    "tfapprox_path": (c_int32, [POINTER(c_char_p), POINTER(Error)]),
    "tfapprox_path_describe": (c_int32, [c_int32, POINTER(c_char_p), POINTER(c_int32), POINTER(c_int32)]),
    "tfapprox_program_describe": (None, [c_void_p, POINTER(c_char_p), POINTER(c_char_p)]),
}


def declare(library):
    """Gives every function of `library` its result and argument types, and returns it."""
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
