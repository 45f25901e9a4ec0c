"""The kinds of sources that can be imported. This is the only place that tells them apart.

A new kind of file is a reader in a module of its own and a line in `FILES`.
"""

import os
from typing import Any, Callable, Dict, Iterable, NamedTuple, Tuple

from .. import netlists
from ..argument_error import ArgumentError, ArgumentIsADirectoryError
from ..paths import expanded
from . import (
    archive_files,
    ariths_gen,
    array_files,
    arrays,
    c_circuit,
    memory_files,
    netlist_files,
    python_circuit,
    verilog_case,
    wide_files,
    wide_sources,
)
from .circuit import Circuit


class Kind(NamedTuple):
    """One kind of source.

    Attributes:
        read: function of the source, and of `options` by keyword, that returns a `Circuit`.
        options: the arguments of `import_multiplier` that `read` takes.
    """

    read: Callable[..., Circuit]
    options: Tuple[str, ...] = ()


def _refuse_folder(source):
    remedy = ("import_checkout", "imports all circuits of a folder")
    raise ArgumentIsADirectoryError("source", "must be one circuit", f"the folder {str(source)!r}", remedy)


TEXTS = (".txt", ".csv", ".tsv", ".dat", ".out", ".log")
_TEXT = Kind(array_files.reader(array_files.read_text))
_NETLIST_OPTIONS = ("activation_port", "weight_port", "output_port", "top", "cells", "reverse", "tie", "latency")
_NETLIST = Kind(netlist_files.read, (*_NETLIST_OPTIONS, "seconds", "progress"))
_C = Kind(c_circuit.read, ("function", "num_bits", "seconds"))
FILES: Dict[str, Kind] = {
    ".c": _C,
    ".h": _C,
    ".py": Kind(python_circuit.read_file, ("function", "num_bits")),
    ".npy": Kind(array_files.reader(array_files.read_npy)),
    ".npz": Kind(archive_files.read_npz, ("array",)),
    ".mat": Kind(archive_files.read_mat, ("array",)),
    **dict.fromkeys(TEXTS, _TEXT),
    ".bin": Kind(array_files.read_raw_file, ("big_endian",)),
    **dict.fromkeys((".mem", ".hex"), Kind(array_files.reader(memory_files.read_mem))),
    **dict.fromkeys(netlists.SUFFIXES, _NETLIST),
}
# From the suffix of a file to its reader for operands of two widths, or of more than 8 bits.
WIDE_FILES: Dict[str, Callable[..., wide_sources.WideSource]] = {
    **dict.fromkeys((".c", ".h"), wide_sources.read_c),
    ".py": wide_sources.read_python_file,
    ".npy": wide_files.read_npy,
    **dict.fromkeys(TEXTS, wide_files.read_text),
    ".npz": wide_files.read_archive(archive_files.read_npz),
    ".mat": wide_files.read_archive(archive_files.read_mat),
    ".bin": wide_files.read_raw,
    **dict.fromkeys((".mem", ".hex"), wide_files.read_mem),
    **dict.fromkeys(netlists.SUFFIXES, wide_sources.read_netlist),
    **dict.fromkeys((".v", ".sv", ".vg"), wide_files.read_verilog),
}
CASE_TABLE = Kind(verilog_case.read)
FOLDER = Kind(_refuse_folder)
GENERATOR = Kind(ariths_gen.read_class, ("num_bits", "parameters"))
OBJECT = Kind(python_circuit.read_object, ("num_bits", "arrays_at_once"))
ARRAY = Kind(arrays.read_array)

_TAKEN_BY = {  # from an option that only some kinds of sources take to these kinds, in words
    "function": "code",
    "num_bits": "code",
    "parameters": f"{ariths_gen.PREFIX}CLASS",
    "arrays_at_once": "functions",
    "big_endian": ".bin files",
    "array": ".npz and .mat files",
    **dict.fromkeys(_NETLIST_OPTIONS, "netlists"),
}


def kind_of(source: Any) -> Kind:
    """The kind of a source.

    Args:
        source: what `import_multiplier` was given.

    Raises:
        ArgumentError: if it is a path of no known kind.
    """
    if not isinstance(source, (str, os.PathLike)):
        return OBJECT if callable(source) else ARRAY
    if isinstance(source, str) and source.startswith(ariths_gen.PREFIX):
        return GENERATOR
    path = expanded(source)
    if path.is_dir():
        return FOLDER
    suffix = path.suffix.lower()
    if suffix not in FILES:
        raise ArgumentError("source", f"must be a folder or a file of the kind {', '.join(FILES)}", f"'{source}'")
    return CASE_TABLE if suffix in verilog_case.SUFFIXES and verilog_case.is_case_table(path) else FILES[suffix]


def check_options(source: Any, kind: Kind, options: Iterable[str]) -> None:
    """Checks that a kind of source takes the options that were given.

    Args:
        source: the source, for the message.
        kind: its kind.
        options: the names of the options.

    Raises:
        ArgumentError: if the kind does not take one of them.
    """
    for option in options:
        if kind is FOLDER:
            raise ArgumentError(option, "is for one circuit", f"the folder {str(source)!r}")
        if option in _TAKEN_BY and option not in kind.options:
            received = repr(str(source)) if isinstance(source, (str, os.PathLike)) else type(source).__name__
            raise ArgumentError(option, f"is for {_TAKEN_BY[option]}", received)


def read(source: Any, **options: Any) -> Circuit:
    """The `Circuit` of a source of any kind.

    Args:
        source: what `import_multiplier` was given.
        **options: `function`, `num_bits`, `parameters`, `arrays_at_once`, `seconds`, `big_endian`, `array`, and for
            netlists `activation_port`, `weight_port`, `output_port`, `top`, `cells`, `reverse`, `tie`, `latency` and
            `progress`; `None` means that an option is not given. The reader gets the options that its kind takes.
            `seconds` and `progress` may be given for every kind.

    Raises:
        ImportError: if ariths-gen is needed and is not installed.
        OSError: if the source cannot be read, is a folder, or there is no C compiler for a C file.
        ArgumentError: if the source is of no known kind, its kind does not take an option, or its reader refuses it.
    """
    kind, given = kind_of(source), {option: value for option, value in options.items() if value is not None}
    if kind is not FOLDER:
        check_options(source, kind, given)
    return kind.read(source, **{option: value for option, value in given.items() if option in kind.options})


def open_wide(source: Any, widths: Tuple[int, int], signed: bool, **options: Any) -> wide_sources.WideSource:
    """A source whose operands have two widths, or more than 8 bits, or are signed with another width than 8.

    Args:
        source: path of a file of C, of a netlist, or of products; a Python function of two integers; or an array.
        widths: widths of the first and of the second operand in bits, 2 to 16.
        signed: whether operands and products are two's complement numbers.
        **options: `function`, for C and Python, and `seconds`, for C.

    Raises:
        OSError: if the source cannot be read.
        ArgumentError: if the source is of another kind, or its operands have other widths.
    """
    if not isinstance(source, (str, os.PathLike)):
        read = wide_sources.read_function if callable(source) else wide_sources.read_array
        return read(source, widths, signed)
    suffix = expanded(source).suffix.lower()
    if suffix not in WIDE_FILES:
        rule = f"must be a file of the kind {', '.join(WIDE_FILES)} where operands have two widths or more than 8 bits"
        raise ArgumentError("source", rule, f"'{source}'")
    return WIDE_FILES[suffix](expanded(source), widths, signed, **options)
