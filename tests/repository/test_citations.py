"""What comments and documents point to exists: equations, plans, files and folders."""

import re
from pathlib import Path

import pytest
from sources import FILES, PRODUCT, ROOT, TEXT, comments, language

# A source file or document, by its name or by the end of its path.
START = r"(?<![\w./*<{}$-])"
SUFFIX = r"\.(?:c|cc|cmake|cu|cuh|def|h|md|py|sh)\b(?![\w(*])"
FILE = re.compile(rf"{START}(?:\.\.?/)*(\w[\w.-]*(?:/[\w.-]+)*{SUFFIX})")
# A path from a folder of the root on: tests/host_cuda.
PATH = re.compile(rf"{START}\w+(?:/[\w.-]*\w)+(?![\w*<{{$(])")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
INCLUDE = re.compile(r'^ *# *include *"([^"]+)"', re.MULTILINE)
FOREIGN_HEADERS = ("tensorflow/", "tsl/", "xla/")

# Files of a user, in examples of commands, and names with a placeholder: NAME_op.cc, mul8u_X.c.
EXAMPLE = re.compile(r"^(?:script\.py|circuit\.(?:c|py)|mul\d\w*\.c)$|(?:^|[_/-])(?:NAME|LOCK|MODEL|N+|X)[_.]")

TREE = {str(path) for path in FILES}
TREE |= {str(folder) for path in FILES for folder in path.parents}
TOP = {path.parts[0] for path in FILES if len(path.parts) > 1}
ENDS = {"/".join(path.parts[start:]) for path in FILES for start in range(len(path.parts))}


def missing(path, text):
    """Files and folders that are included, linked or named in a comment of a file, and are not in the tree."""
    names = []
    if language(path) == "c":
        names += [name for name in INCLUDE.findall(text) if not name.startswith(FOREIGN_HEADERS) and name not in ENDS]
    for comment in comments(path, text):
        files = set(FILE.findall(comment))
        paths = {name for name in PATH.findall(comment) if name.split("/")[0] in TOP}
        names += [name for name in (files - ENDS) | (paths - TREE - files) if not EXAMPLE.search(name)]
        if language(path) == "markdown":
            names += [name for name in LINK.findall(comment) if not (ROOT / path.parent / name).exists()]
    return sorted(set(names))


def defined(page, number):
    """The numbers of a page's statements, each of which is printed as `**(NUMBER)**`."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return set(re.findall(rf"^\*\*\(({number})\)\*\*", text, re.MULTILINE))


@pytest.mark.parametrize(("page", "number"), [("arithmetic.md", r"[1-9]\.\d"), ("plans.md", r"P\d+")])
def test_equations(page, number):
    """Every number such as (3.2) or (P2) in the code is a statement of its page."""
    cited = {name: path for path, text in PRODUCT.items() for name in re.findall(rf"\(({number})\)", text)}
    assert len(cited) > 5
    assert {name: path for name, path in cited.items() if name not in defined(page, number)} == {}


def test_files_that_are_named_exist():
    absent = [f"{path}: {name}" for path, text in TEXT.items() for name in missing(path, text)]
    assert absent == [], "\n".join(absent)


@pytest.mark.parametrize(
    ("path", "text", "names"),
    [
        ("common/x.h", "// no_such.cu calls them", ["no_such.cu"]),
        ("common/x.cuh", '/* As\n * core/no_such.h. */ "other.cc"', ["core/no_such.h"]),
        ("common/x.c", '#include "no_such.h"\n#include "tfapprox.h"\n#include <stdio.h>', ["no_such.h"]),
        ("tf2/x.cc", '#include "tensorflow/core/framework/op.h"  // "tfapprox.h"', []),
        (
            "tf1/x.py",
            '"""Run by no_such.py."""\nNAME = "other.py"  # common/other.sh',
            ["common/other.sh", "no_such.py"],
        ),
        ("tf1/x.py", '"""Runs script.py on mul8u_X.c, NAME_op.cc, docs/gpu.md and tests/host_cuda."""', []),
        ("cmake/x.cmake", "set(x other.cmake) # see tests/no_such", ["tests/no_such"]),
        ("tools/x.sh", '#!/bin/sh\n# Calls tools/no_such.sh "$@"; see README.md.', ["tools/no_such.sh"]),
        ("docs/x.md", "`no_such.cc`, `common/no_such/`", ["common/no_such", "no_such.cc"]),
        ("docs/x.md", "[GPU](gpu.md#a), [map](../CONTRIBUTING.md), [b](../no_such.png)", ["../no_such.png"]),
    ],
)
def test_missing(path, text, names):
    assert missing(Path(path), text) == names
