"""Says which known circuit a file is, also with the usual mistakes of tables that are made by hand."""

from typing import Any, Dict, List, NamedTuple, Optional

import numpy as np

from .. import native, regular_files
from ..argument_error import ArgumentError
from ..paths import expanded
from ..truth_table import TruthTable
from . import kinds, losses, mistakes, readings, registry, storage
from .arrays import WIDTHS, to_table
from .identity import known_circuits


class Match(NamedTuple):
    """A known circuit that a file holds.

    Attributes:
        circuit: the known circuit.
        mistakes: how the file differs from its table.
        loss: how its products were cut, in words, which no option can mend; `""` if they were not.
        options: the arguments of `import_multiplier` with which the file gives the table of the circuit; `None` if none
            can.
    """

    circuit: storage.Multiplier
    mistakes: mistakes.Mistakes
    loss: str
    options: Optional[Dict[str, Any]]

    @property
    def difference(self) -> str:
        """How the file differs from the table of the circuit, in words; `""` if it does not."""
        return self.loss or str(self.mistakes)


class Identification(NamedTuple):
    """What a file is.

    Attributes:
        sha256: SHA-256 of the products as they are.
        num_bits: width of both operands.
        matches: the known circuits, with as few mistakes as possible.
        nearer: a reading in which the file is far nearer to the exact product; `None` if there is none, or a circuit is
            known.
    """

    sha256: str
    num_bits: int
    matches: List[Match]
    nearer: Optional[mistakes.Nearer]


def identify(source: Any) -> Identification:
    """Says which known circuit a file is, also with the usual mistakes of tables that are made by hand.

    The mistakes are exchanged operands, an offset of 32768, rows or columns of signed operands that run from -128 to
    127, the other order of bytes, and products that were cut to 8 bits.

    Args:
        source: path of a file with a circuit or products, `"ariths-gen:CLASS"`, a Python function of two integers, an
            integer array of products, or the name of a multiplier.

    Returns:
        The `Identification`.

    Raises:
        FileNotFoundError: if there is no such file or multiplier.
        ImportError: if ariths-gen is needed and is not installed.
        OSError: if the file cannot be read.
        ValueError: if the source gives no table of 2 to 8 bits.

    Example:
        >>> transposed = storage.load("mul8u_drum4").table.entries.T + np.uint16(32768)
        >>> [(match.circuit.name, match.difference, match.options) for match in identify(transposed).matches]
        [('mul8u_drum4', 'with an offset of 32768', {'offset': 32768})]
    """
    products, takes_bytes = _products(source)
    words = (products.astype(np.int64) & 0xFFFF).astype(np.uint16)
    num_bits = len(words).bit_length() - 1
    circuits = [circuit for circuit in known_circuits() if circuit.num_bits == num_bits]
    by_words: Dict[bytes, List[storage.Multiplier]] = {}
    for circuit in circuits:
        by_words.setdefault(_bytes(circuit.table.entries), []).append(circuit)
    matches: List[Match] = []
    for combination in mistakes.all_mistakes(num_bits):
        if matches and len(combination.options) > len(matches[0].mistakes.options):
            break
        for circuit in by_words.get(_bytes(combination.mend(words)), []):
            options = _options(combination, circuit, products, takes_bytes)
            matches.append(Match(circuit, combination, "", options))
    if not matches:
        for circuit in circuits:
            for loss, products in losses.cuts(circuit.table.entries).items():
                if np.array_equal(products, words):
                    matches.append(Match(circuit, mistakes.Mistakes(), loss, None))
    table = TruthTable(words)
    return Identification(table.sha256, num_bits, _once(matches), None if matches else mistakes.nearer(table))


def _once(matches):
    """The matches without further files of the same name and content."""
    seen: Dict[Any, Match] = {}
    for match in matches:
        seen.setdefault((match.circuit.name, match.circuit.table, match.difference), match)
    return list(seen.values())


def _bytes(words):
    return words.astype("<u2").tobytes()


def _options(combination, circuit, products, takes_bytes):
    """The options that mend mistakes, as an import of `products` proves; `None` if no options do."""
    if combination.big_endian:
        if not takes_bytes:
            return None
        products = (products.astype(np.int64) & 0xFFFF).astype(np.uint16).byteswap()
    for offset in (combination.offset or None, combination.offset):
        order, swap = combination.order, combination.swap
        try:
            table = to_table(products, signed=circuit.signed, order=order, swap=swap, offset=offset)
        except ValueError:
            continue
        if table == circuit.table:
            words = {} if offset is None else {"offset": offset}
            return {**combination.options, **words, **({"signed": True} if circuit.signed else {})}
    return None


def _products(source):
    """The products of a source, and whether the order of its bytes can be given."""
    try:
        kind = kinds.kind_of(source)
    except ArgumentError:
        if native.table_source(source, "source") == "path":
            raise
        return storage.load(source, warn=False).table.entries, False
    if kind is kinds.FILES[".bin"] and expanded(source).stat().st_size == 4**8:
        content = regular_files.read(source, 4**8, "source")
        return np.frombuffer(content, np.uint8).reshape(256, 256), False
    circuit = kinds.read(source)
    width = circuit.num_bits or registry.width_of(circuit.name) or 8
    try:
        products = np.asarray(readings.choose(circuit, width, bool(circuit.signed)).products)
    except readings.UndecidedError:
        products = np.asarray(circuit.products(width, bool(circuit.signed)))
    if products.shape not in [(1 << bits, 1 << bits) for bits in WIDTHS]:
        rule = "must have 2^bits x 2^bits products, for 2 to 8 bits"
        raise ArgumentError("source", rule, "x".join(map(str, products.shape)) or "a single number")
    if not np.issubdtype(products.dtype, np.integer):
        raise ArgumentError("source", "must have integer products", f"dtype {products.dtype}")
    takes_bytes = "big_endian" in kind.options
    if takes_bytes and products.min() >= 0 and products.max() <= 0xFFFF:  # an option gives the words their sign
        products = products.astype(np.uint16)
    return products, takes_bytes
