"""The registry of backends: for each room the operation that is checked, and the plugin and TensorFlow that have it.

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


class Backend(NamedTuple):
    """One operation that multiplies by a truth table.

    Attributes:
        room: where its Python function is: `"tf1"`, `"tf2"`, or `"core"`, which needs no TensorFlow.
        operation: its name, as TensorFlow registers it.
        tensorflow: the major versions of TensorFlow that have it.
        unsigned_8_bits_only: whether it refuses signed multipliers and other widths than 8 bits.
    """

    room: str
    operation: str
    tensorflow: Tuple[int, ...]
    unsigned_8_bits_only: bool

    def takes(self, multiplier: "Union[Multiplier, TruthTable]") -> bool:
        """Whether the operation can use a multiplier of this width and sign."""
        return not self.unsigned_8_bits_only or (multiplier.num_bits == 8 and not multiplier.signed)


PLUGINS = {1: Plugin(1, "tf1", "axqconv.so"), 2: Plugin(2, "tf2", "libApproxGPUOpsTF.so")}

BACKENDS = {
    backend.room: backend
    for backend in (
        Backend("tf2", "ApproxConv2DWithMinMaxVars", tensorflow=(2,), unsigned_8_bits_only=False),
        Backend("tf1", "AxConv2D", tensorflow=(1, 2), unsigned_8_bits_only=True),
        Backend("core", "core", tensorflow=(), unsigned_8_bits_only=False),
    )
}


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


def backends_for(tensorflow_version: str) -> List[Backend]:
    """The backends whose operations a TensorFlow has; raises the `ImportError` of `plugin_for` if it has none."""
    major = plugin_for(tensorflow_version).tensorflow
    return [backend for backend in BACKENDS.values() if major in backend.tensorflow]
