"""The registry of backends: the operations of each room, and the plugin and the versions of TensorFlow that have them.

This is plain data. It imports neither TensorFlow nor a room, so both the rooms and the modules above them can read it.
"""

from typing import TYPE_CHECKING, List, NamedTuple, Tuple, Union

if TYPE_CHECKING:
    from .common import TruthTable
    from .common.multipliers import Multiplier


class Plugin(NamedTuple):
    """The compiled plugin for one major version of TensorFlow.

    Attributes:
        tensorflow: the major version.
        room: the room whose folder has the file.
        file: its name; old scripts load a plugin by this name.
    """

    tensorflow: int
    room: str
    file: str


class Operation(NamedTuple):
    """One operation that multiplies by a truth table.

    Attributes:
        room: where its Python function is: `"tf1"`, `"tf2"`, or `"core"`, which needs no TensorFlow.
        name: its name, as TensorFlow registers it; `"core"` for the convolution of the compiled core.
        tensorflow: the major versions of TensorFlow that have it.
        products: the function that runs it on all pairs of codes, as `module:function`. Its arguments are the name or
            path of a multiplier, the values of the codes, and the width of the operands in bits. It returns an array
            `[codes, codes]` of the products, activation first.
        unsigned_8_bits_only: whether it refuses signed multipliers and other widths than 8 bits.
    """

    room: str
    name: str
    tensorflow: Tuple[int, ...]
    products: str
    unsigned_8_bits_only: bool = False

    def takes(self, multiplier: "Union[Multiplier, TruthTable]") -> bool:
        """Whether the operation can use a multiplier of this width and sign."""
        return not self.unsigned_8_bits_only or (multiplier.num_bits == 8 and not multiplier.signed)


PLUGINS = {1: Plugin(1, "tf1", "axqconv.so"), 2: Plugin(2, "tf2", "libApproxGPUOpsTF.so")}

OPERATIONS = (
    Operation("tf2", "ApproxConv2DWithMinMaxVars", (2,), "tfapprox.tf2:products"),
    Operation("tf2", "ApproxDepthwiseConv2DWithMinMaxVars", (2,), "tfapprox.tf2:depthwise_products"),
    Operation("tf2", "ApproxConv2DTransposeWithMinMaxVars", (2,), "tfapprox.tf2:transposed_products"),
    Operation("tf2", "ApproxMatMulWithMinMaxVars", (2,), "tfapprox.tf2:matmul_products"),
    Operation("tf1", "AxConv2D", (1, 2), "tfapprox.tf1:products", unsigned_8_bits_only=True),
    Operation("core", "core", (), "tfapprox.common.multipliers:core_products"),
)


def plugin_for(tensorflow_version: str) -> Plugin:
    """The plugin that a TensorFlow loads.

    Args:
        tensorflow_version: `tf.__version__`.

    Raises:
        ImportError: if there is none for this version.

    Example:
        >>> plugin_for("1.14.0").file
        'axqconv.so'
    """
    major = tensorflow_version.split(".")[0]
    for plugin in PLUGINS.values():
        if str(plugin.tensorflow) == major:
            return plugin
    raise ImportError(f"TensorFlow must be version 1.14, 1.15 or 2; received {tensorflow_version}")


def operations_for(tensorflow_version: str) -> List[Operation]:
    """The operations that a TensorFlow has; raises the `ImportError` of `plugin_for` if it has none."""
    major = plugin_for(tensorflow_version).tensorflow
    return [operation for operation in OPERATIONS if major in operation.tensorflow]
