"""What a reader finds in a source: the products of a circuit, and what the source says about it."""

from typing import Any, Callable, Dict, NamedTuple, Optional, Tuple

import numpy as np


class Circuit(NamedTuple):
    """A source that was opened and whose products can be asked for when width and sign of the operands are settled.

    Attributes:
        name: the name that the source suggests, such as that of the C function; `""` where it suggests none.
        products: function of `(num_bits, signed)` that returns an integer array `[2**num_bits, 2**num_bits]`,
            activation code first. A source with a width of its own returns an array of that width.
        known: entries of NAME.json that the source provides (`sidecar.KEYS`); `source` is among them.
        signed: whether the source says that its operands are signed; `None` where the name decides.
        num_bits: the width of the operands that the source or the caller says; `None` where the name decides.
        either_sign: whether the products can be asked for with either sign, because nothing in the source proves one.
            `signed` is then only a hint, such as the prototype of a C function.
        reversed_products: the same function with a third argument, the names of the ports whose bits are read in the
            reverse order: some of `"activation"`, `"weight"` and `"product"`. `None` where no order can be doubted.
        ports: which ports were taken for which operand, in words; `""` where the source has no named ports.
    """

    name: str
    products: Callable[[int, bool], np.ndarray]
    known: Dict[str, Any]
    signed: Optional[bool] = None
    num_bits: Optional[int] = None
    either_sign: bool = False
    reversed_products: Optional[Callable[[int, bool, Tuple[str, ...]], np.ndarray]] = None
    ports: str = ""
