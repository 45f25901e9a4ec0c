"""The pieces of `tf.contrib` that scripts around AxConv2D use, for TensorFlow 2, which has no `tf.contrib`."""

from __future__ import annotations

import os
import urllib.request
from typing import Any


def maybe_download(filename: str, work_directory: str, source_url: str) -> str:
    """`tf.contrib.learn.datasets.base.maybe_download`: downloads a file unless it exists.

    Args:
        filename: name of the file.
        work_directory: folder of the file, which is made if it does not exist.
        source_url: address from which the file is downloaded.

    Returns:
        The path of the file.

    Raises:
        OSError: if the file cannot be downloaded or written. There is no file `filename` then, even if a part
            of it was downloaded.
    """
    os.makedirs(work_directory, exist_ok=True)
    path = os.path.join(work_directory, filename)
    if not os.path.exists(path):
        partial, _ = urllib.request.urlretrieve(source_url, f"{path}.partial")
        os.replace(partial, path)
    return path


class HParams:
    """`tf.contrib.training.HParams`: values by name, as attributes.

    Args:
        **values: the values.

    Example:
        >>> HParams(rate=0.1).rate
        0.1
    """

    def __init__(self, **values: Any) -> None:
        vars(self).update(values)

    def __contains__(self, name: str) -> bool:
        return name in vars(self)

    def add_hparam(self, name: str, value: Any) -> None:
        """Adds a value.

        Raises:
            ValueError: if there is a value of this name.
        """
        if name in self:
            raise ValueError(f"name must be new; received {name!r}")
        setattr(self, name, value)

    def set_hparam(self, name: str, value: Any) -> None:
        """Changes a value.

        Raises:
            KeyError: if there is no value of this name.
        """
        if name not in self:
            raise KeyError(name)
        setattr(self, name, value)

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a name, or the default."""
        return vars(self).get(name, default)

    def values(self) -> dict[str, Any]:
        """All values by name."""
        return dict(vars(self))


# From the names of modules below `tensorflow` to what they contain.
MODULES: dict[str, dict[str, Any]] = {
    "contrib": {},
    "contrib.learn": {},
    "contrib.learn.datasets": {},
    "contrib.learn.datasets.base": {"maybe_download": maybe_download},
    "contrib.training": {"HParams": HParams},
}
