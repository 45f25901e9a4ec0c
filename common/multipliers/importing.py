"""Imports: a circuit in any form becomes a truth table with a name, in a folder where every operation finds it."""

from typing import Any, Mapping, Optional

from .. import _validation, native
from ..argument_error import ArgumentError
from ..paths import Path
from ..truth_table import MAX_BITS, MIN_BITS
from . import arrays, kinds, registry, storage


def import_multiplier(
    source: Any,
    name: Optional[str] = None,
    *,
    function: Optional[str] = None,
    num_bits: Optional[int] = None,
    signed: Optional[bool] = None,
    swap: bool = False,
    ascending: bool = False,
    arrays_at_once: bool = False,
    parameters: Optional[Mapping[str, Any]] = None,
    seconds: float = 10,
    known: Optional[Mapping[str, Any]] = None,
    folder: Optional[Path] = None,
    force: bool = False,
) -> storage.Multiplier:
    """Makes the truth table of a circuit, and stores it as `NAME.bin` with what is known of it in `NAME.json`.

    A `.c` file is compiled and its code is run in another process; a `.py` file is run in this one.

    Args:
        source: one of

            * path of a `.c` file that defines a function of two integers, activation first;
            * path of a `.py` file that defines a function of two integers or a circuit of ariths-gen;
            * path of a `.npy`, `.txt` or `.csv` file of products, activation down, weight to the right;
            * path of a `.bin` file of little-endian uint16 (int16 if signed) or int32, activation code first;
            * `"ariths-gen:CLASS"`, a circuit that ariths-gen generates;
            * a function of activation and weight, or an object of ariths-gen;
            * an integer array `[2**num_bits, 2**num_bits]`, activation code first.
        name: name of the multiplier, which begins with `mul8s_` if it is signed; by default the name of the function,
            of the file or of the generated circuit.
        function: name of the function in a `.c` or `.py` file that defines several.
        num_bits: width of both operands of a function or a generated circuit, 2 to 8; by default what the name says,
            such as 7 for `mul7u_X`, else 8.
        signed: whether the operands are signed, from -128 to 127. By default, whether the source says so (a C function
            whose first parameter is an `int8_t`, a circuit of ariths-gen) or the name begins with `mul8s_`.
        swap: whether the first operand of a function, or the first index of an array, is the weight.
        ascending: whether rows and columns of signed operands run from -128 to 127, instead of being codes in two's
            complement.
        arrays_at_once: whether a Python function takes and returns integer arrays instead of single integers.
        parameters: parameters of the class of ariths-gen, such as `{"horizontal_cut": 2}`.
        seconds: time limit of all calls of a C function together.
        known: entries of NAME.json: `source`, `power_mW`, `area_um2`, `delay_ns`, `licence`. They replace what the
            source says.
        folder: folder of NAME.bin, which is made if it does not exist; by default `user_folder()`.
        force: whether a table of this name in the folder is replaced.

    Returns:
        The `Multiplier` that was stored.

    Raises:
        FileExistsError: if the folder has a table of this name and `force` is not set.
        FileNotFoundError: if there is no such file, no C compiler, or no folder to write to.
        ImportError: if ariths-gen is needed and is not installed.
        OSError: if a file cannot be read or written, or the source is a folder.
        ValueError: if the source is of no known kind or has no products to give; if the name, the shape, the dtype or
            a product does not fit; or if the products clearly belong to another sign or order of the operands. An error
            that concerns one argument is an `ArgumentError`.

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
        seconds=seconds,
    )
    if signed is None:
        signed = native.name_is_signed(name or circuit.name) if circuit.signed is None else circuit.signed
    if ascending and not signed:
        remedy = ("signed=True", "says that they are signed")
        raise ArgumentError("ascending", "is for signed operands", "unsigned ones", remedy)
    if not name:
        name = _default_name(circuit.name, signed)
    num_bits = (registry.width_of(name) or 8) if circuit.num_bits is None else circuit.num_bits
    if num_bits not in arrays.WIDTHS:
        raise ValueError(f"operands must have 2 to 8 bits; received {name!r}, with {num_bits}")
    products = circuit.products(num_bits, signed)
    table = arrays.to_table(products, name, signed=signed, ascending=ascending, swap=swap)
    arrays.check_reading(table)
    return storage.store(table, {**circuit.known, **(known or {})}, folder=folder, force=force)


def _default_name(stem, signed):
    """The name of a circuit that was given none: `stem`, with `mul8s_` before it if it is signed and says no width."""
    return f"mul8s_{stem}" if signed and registry.width_of(stem) is None else stem
