"""Compares compiled packages byte for byte: `python tools/same_bytes.py WHEEL OTHER...`.

OTHER is a second wheel, which must be equal as a whole, or a folder in which a wheel is installed, whose compiled
libraries must be equal. The program prints the SHA-256 of each. It names what differs, and then ends with status 1.
"""

import hashlib
import re
import sys
import zipfile
from pathlib import Path


def contents(path):
    """Bytes by name: the members of a wheel, and the wheel itself by the name `""`; or the libraries in a folder."""
    if path.is_dir():
        return {str(file.relative_to(path)): file.read_bytes() for file in path.glob("tfapprox/*/*.so")}
    with zipfile.ZipFile(str(path)) as wheel:
        return {"": path.read_bytes(), **{name: wheel.read(name) for name in wheel.namelist()}}


def compilers(files):
    """The compilers whose names are in the libraries, as a set of bytes."""
    return {match for content in files.values() for match in re.findall(rb"GCC: \(.+?\) [\d.]+", content)}


def compare(first, path, expected):
    """Prints the hashes of `path`, and whether it is equal to `first`, whose contents are `expected`; returns that."""
    files = contents(path)
    for name, content in files.items():
        if not name or name.endswith(".so"):
            print(hashlib.sha256(content).hexdigest(), name or path)
    if compilers(files) - compilers(expected):
        print(f"{path} was built by another compiler than {first}, and is not compared")
        return True
    names = {*files, *expected} if path.is_file() else {name for name in expected if name.endswith(".so")}
    differing = sorted(name for name in names if files.get(name) != expected.get(name))
    differs = f"differs from {first} in: {', '.join(name or 'the archive' for name in differing)}"
    print(f"{path} {differs if differing else f'has the bytes of {first}'}")
    return not differing


def main(first, *paths):
    """Compares all paths with the first; returns the exit status."""
    expected = contents(Path(first))
    results = [compare(first, Path(path), expected) for path in paths]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
