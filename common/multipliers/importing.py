"""From a circuit in any form to a truth table with a name, in a folder where every operation finds it."""

import pathlib

import numpy as np

from .. import metrics, native
from . import arrays, c_circuit, c_source, headers, registry, storage

_READERS = {".npy": arrays.read_npy, ".txt": arrays.read_text, ".csv": arrays.read_text, ".bin": arrays.read_raw}
_SIGNED_TYPES = {"int8_t", "signed char"}


def import_products(products, name, known=None, signed=None, swap=False, ascending=False, **options):
    """Stores an array of products as a multiplier.

    Args:
        products: integer array `[2**num_bits, 2**num_bits]`, activation code first.
        name: its name; of signed operands, one that begins with `mul8s_`.
        known: dictionary of what NAME.json is to say: `source`, `power_mW`, `area_um2`, `delay_ns`, `licence`.
        signed: whether the operands are signed; by default as the name says.
        swap: whether the first index is the weight.
        ascending: whether the indices of signed operands run from -128 to 127, instead of being their codes in two's
            complement.
        **options: `folder` and `force` of `storage.store`.

    Returns:
        A `storage.Multiplier`.

    Raises:
        FileExistsError: if the folder has a table of this name.
        ValueError: if shape, type, a product or the name does not fit, or the products are clearly those of another
            reading of the operands.

    Example:
        >>> import tempfile
        >>> a, w = np.mgrid[0:256, 0:256]
        >>> import_products((a & ~1) * w, "mul8u_EVEN", folder=tempfile.mkdtemp()).num_bits
        8
    """
    signed = native.name_is_signed(name) if signed is None else signed
    if ascending and not signed:
        raise ValueError("--ascending is for signed operands; received unsigned ones (--signed, or a name mul8s_...)")
    products = np.asarray(products)
    table = arrays.to_table(products, signed)
    table = arrays.from_ascending(table) if ascending else table
    table = np.ascontiguousarray(table.T if swap else table)
    storage.check_name(name, table, signed)
    arrays.check_reading(table, signed)
    return storage.store(name, table, known or {}, **options)


def _name(stem, signed):
    """The name of a circuit that was given none: what it is called, with `mul8s_` before it if that is missing."""
    if signed and registry.width_of(stem) is None:
        return f"mul8s_{stem}"
    return stem


def import_callable(function, name=None, num_bits=8, signed=None, arrays_at_once=False, **options):
    """Stores what a Python function answers for every pair of operands.

    Args:
        function: takes activation and weight, integers, and returns their product.
        name: as `import_products` takes it; by default that of the function.
        num_bits: width of both operands.
        signed: whether they are signed, from -128 to 127; by default as the name says.
        arrays_at_once: whether the function takes and returns integer arrays.
        **options: as `import_products` takes them.

    Raises:
        ValueError: if the function raises an exception or answers with something that is no integer; else as
            `import_products`.

    Example:
        >>> import tempfile
        >>> import_callable(lambda a, w: a * w, "mul8u_MINE", folder=tempfile.mkdtemp()).name
        'mul8u_MINE'
    """
    called = getattr(function, "__name__", type(function).__name__)
    signed = native.name_is_signed(name or called) if signed is None else signed
    values, codes = metrics.operands(num_bits, signed), 1 << num_bits
    pairs = [(slice(None), slice(None))] if arrays_at_once else np.ndindex(codes, codes)
    products = np.empty((codes, codes), np.int64)
    for pair in pairs:
        a, w = (values[:, None], values[None, :]) if arrays_at_once else (int(values[code]) for code in pair)
        try:
            answer = np.asarray(function(a, w) if not arrays_at_once else function(*np.broadcast_arrays(a, w)))
        except Exception as error:
            where = "arrays" if arrays_at_once else f"{called}({a}, {w})"
            raise ValueError(
                f"{called} must return a product for every pair; received {type(error).__name__} for {where}: {error}"
            ) from error
        if not np.issubdtype(answer.dtype, np.integer):
            raise ValueError(f"{called} must return integers; received {answer.dtype} ({str(answer)[:40]})")
        products[pair] = answer
    known = {"source": f"Python function {called}", **options.pop("known", {})}
    return import_products(products, name or _name(called, signed), known, signed, **options)


def import_c(path, name=None, function=None, num_bits=None, signed=None, seconds=10, known=None, **options):
    """Stores what a C function answers for every pair of operands; this compiles the file and runs its code.

    Args:
        path: of the C file.
        name: as `import_products` takes it; by default that of the function.
        function: its name, where the file has several of two integers. The first parameter is the activation,
            whatever it is called.
        num_bits: width of the operands; by default what the name says, else 8.
        signed: whether the operands are signed; by default, whether the name begins with `mul8s_` or the first
            parameter is an `int8_t`.
        seconds: time limit of the circuit.
        known: as `import_products` takes it; the comments of the file add figures of EvoApproxLib.
        **options: as `import_products` takes them.

    Raises:
        FileNotFoundError: if there is no file or no compiler.
        ValueError: as `c_source.choose` and `c_circuit.products`, and as `import_products`.
    """
    path = pathlib.Path(path).expanduser()
    text = path.read_text(encoding="utf-8", errors="replace")
    chosen = c_source.choose(path, function)
    if signed is None:
        signed = native.name_is_signed(name or chosen.name) or chosen.parameters[0] in _SIGNED_TYPES
    name = name or _name(chosen.name, signed)
    if num_bits is None:
        num_bits = registry.width_of(name) or 8
    if num_bits not in arrays.WIDTHS:
        raise ValueError(f"operands must have 2 to 8 bits; received {name!r}, with {num_bits}")
    products = c_circuit.products(path, chosen.name, num_bits, signed, seconds)
    known = {"source": f"{path.name}, function {chosen.name}", **headers.read(text), **(known or {})}
    return import_products(products, name, known, signed, **options)


def import_file(path, name=None, signed=None, known=None, **options):
    """Stores the products of a file: `.c` as `import_c`, `.npy`, text (`.txt`, `.csv`) or raw (`.bin`).

    Args:
        path: of the file.
        name: as `import_products` takes it; by default that of the file.
        signed: as `import_products` takes it.
        known: as `import_products` takes it.
        **options: as `import_c` takes them for `.c`, else as `import_products`.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is of no kind that is known; else as above.
    """
    path = pathlib.Path(path).expanduser()
    suffix = path.suffix.lower()
    if suffix == ".c":
        return import_c(path, name, signed=signed, known=known, **options)
    if suffix not in _READERS:
        raise ValueError(
            f"SOURCE must be a folder or a file of the kind .c, .py, {', '.join(_READERS)}; received '{path}'"
        )
    signed = native.name_is_signed(name or path.stem) if signed is None else signed
    reader = _READERS[suffix]
    products = reader(path, signed) if suffix == ".bin" else reader(path)
    known = {"source": path.name, **(known or {})}
    return import_products(products, name or _name(path.stem, signed), known, signed, **options)
