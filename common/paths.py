"""The type of what is accepted as a path, and the file that one means."""

import os
import pathlib
from typing import Union

Path = Union[str, "os.PathLike[str]"]
# The name of a multiplier, or the path of its table.
NameOrPath = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]


def expanded(path: Path) -> pathlib.Path:
    """A path with the user's folder in place of `~`; `~NAME` of an unknown user stays as it is."""
    return pathlib.Path(os.path.expanduser(os.fspath(path)))
