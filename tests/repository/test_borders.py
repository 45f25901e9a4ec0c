"""The borders between the rooms: what they import and include, and whose files their strings name."""

import re
import subprocess
from pathlib import Path

import pytest
from sources import PRODUCT, ROOMS, strings

REGISTRY = Path("src/tfapprox/backends.py")  # the only place that knows the plugins of all rooms


def imports(packages):
    """Expression for an import of one of the packages of tfapprox, by its full name or a relative one."""
    direct = rf"^\s*(import|from) +(tfapprox\.|\.\.+)({packages})\b"
    return rf"{direct}|^\s*from +(tfapprox|\.\.+) +import .*\b({packages})\b"


ABOVE = imports("command_line|health|operations")  # the packages that know the rooms
TENSORFLOW = r"#include *[<\"](tensorflow|tsl|xla)/|^\s*(import|from) +(tensorflow|keras)\b"
FORBIDDEN = {
    "common": f"{TENSORFLOW}|{imports('tf[12]')}|{ABOVE}",
    "tf1": rf"{imports('tf2')}|#include *\"[./]*tf2/|{ABOVE}",
    "tf2": rf"{imports('tf1')}|#include *\"[./]*tf1/|{ABOVE}",
}
# Names of another room, or of its plugin, that no string of a room may have.
FOREIGN = {
    "common": r"\btf[12]\b|axqconv|ApproxGPUOpsTF",
    "tf1": r"\btf2\b|ApproxGPUOpsTF",
    "tf2": r"\btf1\b|axqconv",
    "src": r"axqconv|ApproxGPUOpsTF",
}


def foreign_names(path, text):
    """Strings of a file in a room that name the files of another room."""
    if path == REGISTRY:
        return []
    return [string for string in strings(path, text) if re.search(FOREIGN.get(path.parts[0], r"(?!)"), string)]


def test_all_rooms_are_read():
    assert {path.parts[0] for path in PRODUCT} == set(ROOMS)
    assert {path.suffix for path in PRODUCT} >= {".c", ".cc", ".cu", ".cuh", ".h", ".py", ".txt"}


@pytest.mark.parametrize("room", FORBIDDEN)
def test_imports_and_includes(room):
    for path, text in PRODUCT.items():
        if path.parts[0] == room:
            assert not re.search(FORBIDDEN[room], text, re.MULTILINE), path


@pytest.mark.parametrize(
    ("room", "text"),
    [
        ("common", '#include "tensorflow/core/framework/op.h"'),
        ("common", "import os\n    import tensorflow as tf"),
        ("common", "from tfapprox import health"),
        ("tf1", "from tfapprox.tf2.library import load"),
        ("tf1", "from ..tf2 import library"),
        ("tf2", "from .. import __version__, tf1"),
    ],
)
def test_a_forbidden_import_or_include_is_found(room, text):
    assert re.search(FORBIDDEN[room], text, re.MULTILINE)


def test_strings_name_no_file_of_another_room():
    crossing = [f"{path}: {name!r}" for path, text in PRODUCT.items() for name in foreign_names(path, text)]
    assert crossing == [], "\n".join(crossing)


@pytest.mark.parametrize(
    ("path", "text", "names"),
    [
        ("tf1/x.py", 'find("tf2", f"{folder}/libApproxGPUOpsTF.so")', ["tf2", "/libApproxGPUOpsTF.so"]),
        ("tf1/x.py", '"""Not of tf2."""\nfind("tf1", "axqconv.so")  # as tf2', []),
        ("tf2/x.cc", 'Load("axqconv.so");  // "tf1"', ['"axqconv.so"']),
        ("tf2/CMakeLists.txt", "# as in tf1\nadd(${ROOT}/tf1/x.cc)", ["\nadd(${ROOT}/tf1/x.cc)"]),
        ("common/x.py", 'ROOMS = "tf1 or tf2"', ["tf1 or tf2"]),
        ("src/tfapprox/x.py", 'PLUGIN = "axqconv.so"', ["axqconv.so"]),
        (str(REGISTRY), 'PLUGINS = {"tf1": "axqconv.so"}', []),
    ],
)
def test_foreign_names(path, text, names):
    assert foreign_names(Path(path), text) == names


def test_the_core_exports_only_its_interface():
    """A symbol that leaks from the core can clash with one of TensorFlow's in the same process."""
    from tfapprox.common import library

    symbols = subprocess.run(
        ["nm", "-D", "--defined-only", library.find("common", "libtfapprox_core.so")], capture_output=True, text=True
    )
    exported = [line.split()[-1] for line in symbols.stdout.splitlines() if " T " in line]
    assert exported
    assert [name for name in exported if not name.startswith("tfapprox_")] == []
