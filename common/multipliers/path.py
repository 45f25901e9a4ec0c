"""The type of what is accepted as a path."""

import os
from typing import Union

Path = Union[str, "os.PathLike[str]"]
