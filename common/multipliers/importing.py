"""Imports: a circuit in any form becomes a truth table with a name, in a folder where every operation finds it."""

import re
from typing import Any, Callable, Mapping, Optional, Sequence

from .. import _validation, native, table_doubts
from ..argument_error import ArgumentError
from ..paths import Path
from ..truth_table import MAX_BITS, MIN_BITS
from . import arrays, caring, identity, kinds, mistakes, readings, registry, storage


def import_multiplier(
    source: Any,
    name: Optional[str] = None,
    *,
    function: Optional[str] = None,
    num_bits: Optional[int] = None,
    signed: Optional[bool] = None,
    swap: bool = False,
    ascending: bool = False,
    order: Optional[str] = None,
    offset: Optional[int] = None,
    big_endian: Optional[bool] = None,
    array: Optional[str] = None,
    arrays_at_once: bool = False,
    parameters: Optional[Mapping[str, Any]] = None,
    activation_port: Optional[str] = None,
    weight_port: Optional[str] = None,
    output_port: Optional[str] = None,
    top: Optional[str] = None,
    cells: Sequence[Path] = (),
    reverse: Optional[Sequence[str]] = None,
    tie: Optional[Mapping[str, int]] = None,
    latency: Optional[int] = None,
    seconds: float = 10,
    known: Optional[Mapping[str, Any]] = None,
    folder: Optional[Path] = None,
    force: bool = False,
    warn: bool = True,
    progress: Optional[Callable[[int, int], None]] = None,
) -> storage.Multiplier:
    """Makes the truth table of a circuit, and stores it as `NAME.bin` with what is known of it in `NAME.json`.

    A `.c` file is compiled and its code is run in another process; a `.py` file is run in this one.

    Sign and order of bits of a C function or a netlist are proved. If `signed` is not given and the name says no sign,
    the sign is the one with which the measured errors are the published ones in the comments of the source, or with
    which the products are far nearer to the exact ones (with an MAE that is more than 8 times smaller). The order of
    the bits of a netlist is found in the same way. `multiplier.sidecar["reading"]` says what was taken, and why.

    Args:
        source: one of

            * path of a `.c` file that defines a function of two integers, activation first;
            * path of a `.py` file that defines a function of two integers or a circuit of ariths-gen;
            * path of a netlist in Verilog (`.v`, `.sv`, `.vg`), BLIF (`.blif`), AIGER (`.aag`, `.aig`) or CGP (`.cgp`,
              `.chr`);
            * path of a `.npy`, `.npz` or `.mat` file of products, activation down, weight to the right;
            * path of a text file of products (`.txt`, `.csv`, `.tsv`, `.dat`, `.out`, `.log`): a matrix, one product
              after another, or lines of activation, weight and product, as a test bench prints them;
            * path of a memory image (`.mem`, `.hex`) of `$writememh`;
            * path of a `.bin` file of uint16 (int16 if signed) or int32, little-endian, activation code first;
            * `"ariths-gen:CLASS"`, a circuit that ariths-gen generates;
            * a function of activation and weight, or an object of ariths-gen;
            * an integer array `[2**num_bits, 2**num_bits]`, activation code first.
        name: name of the multiplier, which begins with `mul8s_` if it is signed; by default the name of the function,
            of the file or of the generated circuit.
        function: name of the function in a `.c` or `.py` file that defines several.
        num_bits: width of both operands of a function or a generated circuit, 2 to 8; by default what the name says,
            such as 7 for `mul7u_X`, else 8.
        signed: whether the operands are signed, from -128 to 127. By default, a circuit of ariths-gen or the name says
            it (`mul8s_X`, `mul8u_X`); for a C function or a netlist it is proved, and else they are unsigned.
        swap: whether the first operand of a function, or the first index of an array, is the weight.
        ascending: whether rows and columns of signed operands run from -128 to 127, instead of being codes in two's
            complement.
        order: which of rows and columns of signed operands run from -128 to 127: `"ascending"` for both, as `ascending`
            says, `"ascending-rows"`, `"ascending-columns"`, or `"codes"` for none.
        offset: what was added to every product, such as 32768, and is subtracted modulo 65536. `0` reads products as
            words of 16 bits, in two's complement if they are signed. By default the products have their sign.
        big_endian: whether the first byte of each word of a `.bin` file is its most significant one.
        array: name of the array in a `.npz` or `.mat` file that has several.
        arrays_at_once: whether a Python function takes and returns integer arrays instead of single integers.
        parameters: parameters of the class of ariths-gen, such as `{"horizontal_cut": 2}`.
        activation_port: name of the input of a netlist that is the activation, or bits of it, such as `"in[7:0]"`. By
            default it is the first of two inputs with usual names, such as A and B, or the first of the only two.
        weight_port: name of the input of a netlist that is the weight; it must be given with `activation_port`.
        output_port: name of the output of a netlist that is the product; by default the only one, or the only one with
            a usual name.
        top: name of the module of a netlist at the top; by default the only one that no other module contains.
        cells: paths of libraries of cells for a netlist, as Verilog, BLIF or genlib.
        reverse: operands of a netlist whose most significant bit comes first: some of `"activation"`, `"weight"` and
            `"product"`. By default the order is proved, and `()` says that no operand is reversed.
        tie: from names of inputs of Verilog, such as resets, to the constant 0 or 1 that replaces them.
        latency: number of registers on each path from operands to product, for a pipeline in Verilog.
        seconds: time limit of all calls of a C function together, and of Yosys, which reads Verilog that is more than
            gates and logic where the extra `verilog` of tfapprox is installed.
        known: entries of NAME.json: `source`, `power_mW`, `area_um2`, `delay_ns`, `licence`. They replace what the
            source says.
        folder: folder of NAME.bin, which is made if it does not exist; by default `user_folder()`.
        force: whether a table of this name in the folder is replaced.
        warn: whether products that look like a usual mistake are an error or cause a warning. With `False`, they are
            imported as they are, and NAME.json says that they are meant, so that later loads give no warning either.
        progress: function of the number of gates of a netlist that were computed so far and the number of all its
            gates, which is called now and then, for a progress bar.

    Returns:
        The `Multiplier` that was stored. Its `notes` name another circuit of this name, a known circuit whose operands
        seem to be exchanged, and what the products seem to have lost. If the folder had this table, it is `unchanged`;
        entries of `known` are then added to its NAME.json.

    Raises:
        FileExistsError: if the folder has another table of this name and `force` is not set.
        FileNotFoundError: if there is no such file, no C compiler, or no folder to write to.
        ImportError: if ariths-gen or Yosys is needed and is not installed.
        OSError: if a file cannot be read or written, or the source is a folder.
        ValueError: if the source is of no known kind or has no products to give; if the name, the shape, the dtype or
            a product does not fit; or if the products clearly belong to another sign or order of the operands. An error
            that concerns one argument is an `ArgumentError`.

    Warns:
        TableWarning: if the products seem to have lost something, such as their high bytes.

    Example:
        >>> import tempfile
        >>> folder = tempfile.mkdtemp()
        >>> import_multiplier(lambda a, w: (a & ~1) * w, "mul4u_EVEN", folder=folder).table
        TruthTable(mul4u_EVEN, 4 bits, unsigned, sha256 4ee3795649be5fcb)
    """
    if num_bits is not None:
        num_bits = _validation.integer("num_bits", num_bits, MIN_BITS, MAX_BITS)  # numpy's integers overflow
    signed = _validation.optional_boolean("signed", signed)
    swap, ascending = _validation.boolean("swap", swap), _validation.boolean("ascending", ascending)
    force = _validation.boolean("force", force)
    circuit = kinds.read(
        source,
        function=function,
        num_bits=num_bits,
        parameters=parameters or None,
        arrays_at_once=arrays_at_once or None,
        activation_port=activation_port,
        weight_port=weight_port,
        output_port=output_port,
        top=top,
        cells=cells or None,
        reverse=reverse,
        tie=tie or None,
        latency=latency,
        big_endian=big_endian,
        array=array,
        seconds=seconds,
        progress=progress,
    )
    given_sign = signed
    known_sign = signed
    if signed is None:
        signed = native.name_is_signed(name or circuit.name) if circuit.signed is None else circuit.signed
        known_sign = signed if not circuit.either_sign or _name_says_sign(name or circuit.name) else None
    given_order, order = _checked_order(ascending, order, signed)
    width = circuit.num_bits
    if width is None:
        width = registry.width_of(name or _default_name(circuit.name, signed)) or 8
    if width not in arrays.WIDTHS:
        raise ValueError(f"operands must have 2 to 8 bits; received {name or circuit.name!r}, with {width}")
    choice = readings.choose(circuit, width, signed, sign_is_known=known_sign is not None)
    signed = choice.reading.signed
    name = name or _default_name(circuit.name, signed)
    table = arrays.to_table(choice.products, name, signed=signed, order=order, swap=swap, offset=offset)
    takes_bytes = "big_endian" in kinds.kind_of(source).options
    given = {"signed": given_sign, "order": given_order, "offset": offset, "big_endian": big_endian}
    settled = {key for key, value in given.items() if value is not None} | (set() if takes_bytes else {"big_endian"})
    loss = mistakes.check(table, settled) if warn else None
    by = "" if known_sign is None else ", as the name says" if given_sign is None else ", as the option says"
    meant = {"meant": True} if loss is None and table_doubts.doubt(table) else {}  # the caller settled the doubt
    described = {**circuit.known, **_reading(circuit, choice, by), **meant, **(known or {})}
    try:
        stored = identity.store(table, described, folder=folder, force=force)
    except FileExistsError:
        there = caring.unchanged(table, {**meant, **(known or {})}, folder=folder)
        if there is None:
            raise
        stored = there
    notes = list(stored.notes)
    if warn and not swap:
        remedy = "if that is a mistake, swap=True (--swap) mends it"
        notes += [
            f"the products are those of {other} with activation and weight exchanged; {remedy}"
            for other in identity.exchanged(table)
        ]
    if loss is not None:
        notes.append(f"the products seem to {loss.what}. {loss.remedy}")
        table_doubts.tell(f"{name}: {notes[-1]}")
    return stored._replace(notes=tuple(notes))


def _checked_order(ascending, order, signed):
    """The order of rows and columns that was given, `None` if none was, and the one that follows."""
    if order is not None and order not in arrays.ORDERS:
        raise ArgumentError("order", f"must be one of {', '.join(arrays.ORDERS)}", repr(order))
    if ascending and order not in (None, "ascending"):
        raise ArgumentError("order", "must not contradict ascending", repr(order))
    given = "ascending" if ascending else order
    if given not in (None, "codes") and not signed:
        remedy = ("signed=True", "says that they are signed")
        raise ArgumentError("ascending" if ascending else "order", "is for signed operands", "unsigned ones", remedy)
    return given, given or "codes"


def _name_says_sign(name):
    return re.match(r"mul\d+[us]_", name) is not None


def _reading(circuit, choice, by):
    """The entry `reading` of NAME.json, for sources whose sign or order of bits is doubted."""
    if not circuit.either_sign:
        return {}
    return {"reading": "; ".join(filter(None, [circuit.ports, choice.reading.describe(by), choice.reason]))}


def _default_name(stem, signed):
    """The name of a circuit that was given none: `stem`, with `mul8s_` before it if it is signed and says no width."""
    return f"mul8s_{stem}" if signed and registry.width_of(stem) is None else stem
