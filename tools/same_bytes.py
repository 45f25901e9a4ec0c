"""Compares compiled packages byte for byte: `python tools/same_bytes.py WHEEL OTHER...`.

OTHER is a second wheel, of which everything is compared, or a folder in which a wheel is installed, of which the
compiled libraries are. Prints their SHA-256; ends with 1, and the names of what differs, if one is not like WHEEL.
"""

import hashlib
import re
import sys
import zipfile
from pathlib import Path


def contents(path):
    """Bytes by name: of a wheel, `""`, and its members, or of the libraries in a folder."""
    if path.is_dir():
        return {str(file.relative_to(path)): file.read_bytes() for file in path.glob("tfapprox/*/*.so")}
    with zipfile.ZipFile(str(path)) as wheel:
        return {"": path.read_bytes(), **{name: wheel.read(name) for name in wheel.namelist()}}


def compiler(found):
    """The compiler that the libraries name."""
    return {match for content in found.values() for match in re.findall(rb"GCC: \(.+?\) [\d.]+", content)}


def compare(first, path, expected):
    """Whether `path` is like `first`, whose contents are `expected`; prints it with the hashes."""
    found = contents(path)
    for name, content in found.items():
        if not name or name.endswith(".so"):
            print(hashlib.sha256(content).hexdigest(), name or path)
    if compiler(found) - compiler(expected):
        print(f"{path} has another compiler than {first}: not compared")
        return True
    names = {*found, *expected} if path.is_file() else {name for name in expected if name.endswith(".so")}
    differing = sorted(name for name in names if found.get(name) != expected.get(name))
    differs = f"differs from {first} in: {', '.join(name or 'the archive' for name in differing)}"
    print(f"{path} {differs if differing else f'has the bytes of {first}'}")
    return not differing


def main(first, *others):
    """Compares all with the first; returns the exit code."""
    expected = contents(Path(first))
    results = [compare(first, Path(path), expected) for path in others]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
