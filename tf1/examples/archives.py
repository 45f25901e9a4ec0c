"""Reads .npz archives of arrays."""

import zipfile
import zlib

import numpy as np

from tfapprox.common import regular_files


def read(path, argument, names, everything=False):
    """Arrays of an .npz.

    Args:
        path: path of the archive.
        argument: what the user calls the path, with which errors about the file begin.
        names: list of the arrays that the archive must have.
        everything: whether the result has all arrays of the archive, instead of these.

    Returns:
        A dictionary from name to array.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is not a regular file or not such an archive; says what is wrong.
    """
    with regular_files.opened(path, argument) as (file, _):
        try:
            with np.load(file) as archive:
                missing = sorted(set(names) - set(archive.files))
                if missing:
                    raise ValueError(f"it must have arrays {' and '.join(names)}; it has no {missing[0]}")
                return {name: archive[name] for name in (archive.files if everything else names)}
        except (ValueError, EOFError, AttributeError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
            raise ValueError(f"{path} cannot be used: {error}") from error
