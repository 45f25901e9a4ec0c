"""Reads `.npz` archives of arrays."""

import contextlib
import warnings
import zipfile
from typing import Any, Dict, Iterator, List, Optional, Sequence

import numpy as np

from . import regular_files
from .argument_error import ArgumentError
from .paths import Path


def names(path: Path, argument: str = "path") -> List[str]:
    """The names of the arrays in a `.npz` archive.

    Args:
        path: path of the archive.
        argument: the name of the caller's argument, with which an error begins.

    Raises:
        OSError: if the file cannot be read.
        ArgumentError: if it is not a regular file, or no such archive.
    """
    with _opened(path, argument) as archive:
        return list(archive.files)


def read(path: Path, argument: str = "path", required: Optional[Sequence[str]] = None) -> Dict[str, np.ndarray]:
    """Arrays of a `.npz` archive, which must not need pickle.

    Args:
        path: path of the archive.
        argument: the name of the caller's argument, with which an error begins.
        required: names of the arrays; `None` reads all.

    Returns:
        A dictionary from name to array.

    Raises:
        OSError: if the file cannot be read.
        ArgumentError: if it is not a regular file, is no such archive, or lacks one of the arrays.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "data.npz"
        >>> np.savez(path, images=np.zeros((2, 4)), labels=[0, 1])
        >>> names(path)
        ['images', 'labels']
        >>> read(path, required=["labels"])["labels"].tolist()
        [0, 1]
    """
    with _opened(path, argument) as archive:
        chosen = archive.files if required is None else required
        missing = [name for name in chosen if name not in archive.files]
        if not missing:
            return {name: np.asarray(archive[name]) for name in chosen}
    raise ArgumentError(argument, f"must have an array {missing[0]}", f"{str(path)!r} with {', '.join(archive.files)}")


@contextlib.contextmanager
def _opened(path: Path, argument: str) -> Iterator[Any]:
    with regular_files.opened(path, argument) as (file, _):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # numpy warns of headers that no program writes
                with zipfile.ZipFile(file):
                    pass  # the destructor of an NpzFile of numpy 1.18 prints an error if this one fails in it
                with np.lib.npyio.NpzFile(file, allow_pickle=False) as archive:
                    yield archive
        except MemoryError:
            raise
        except Exception as error:  # the readers of zip files and of numpy's headers raise exceptions of ten kinds
            raise ArgumentError(argument, "must be a .npz archive of arrays", f"{str(path)!r}: {error}") from error
