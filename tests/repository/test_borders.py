"""The borders between the rooms, and the bookkeeping that nothing else checks."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [path for room in ("common", "tensorflow_ops", "src", "tf1", "tf2") for path in sorted((ROOT / room).rglob("*.*"))]
TEXT = {
    path: path.read_text(encoding="utf-8") for path in SOURCES if path.suffix in {".py", ".cc", ".h", ".cu", ".txt"}
}

ABOVE = r"^\s*(import|from) +tfapprox\.(command_line|health|operations)"  # which know the rooms
FORBIDDEN = {
    "common": rf"#include *[<\"](tensorflow|tsl|xla)/|^\s*(import|from) +(tensorflow|keras|tfapprox\.tf[12])|{ABOVE}",
    "tf1": rf"^\s*(import|from) +tfapprox\.tf2|#include *\"[./]*tf2/|{ABOVE}",
    "tf2": rf"^\s*(import|from) +tfapprox\.tf1|#include *\"[./]*tf1/|{ABOVE}",
}


@pytest.mark.parametrize("room", FORBIDDEN)
def test_rooms(room):
    for path, text in TEXT.items():
        if path.relative_to(ROOT).parts[0] == room:
            assert not re.search(FORBIDDEN[room], text, re.MULTILINE), path


def test_the_rule_finds_what_it_forbids():
    assert re.search(FORBIDDEN["common"], '#include "tensorflow/core/framework/op.h"')
    assert re.search(FORBIDDEN["common"], "\n    import tensorflow as tf", re.MULTILINE)


def test_cited_equations_exist():
    """Every number such as (3.2) in code is an equation of docs/arithmetic.md."""
    page = (ROOT / "docs" / "arithmetic.md").read_text(encoding="utf-8")
    cited = {number for text in TEXT.values() for number in re.findall(r"\(([1-9]\.\d)\)", text)}
    assert len(cited) > 10
    defined = set(re.findall(r"^\*\*\((\d\.\d)\)\*\*", page, re.MULTILINE))
    assert cited <= defined


def test_cited_plans_exist():
    """The same for numbers such as (P2) and docs/plans.md."""
    page = (ROOT / "docs" / "plans.md").read_text(encoding="utf-8")
    cited = {number for text in TEXT.values() for number in re.findall(r"\((P\d+)\)", text)}
    assert len(cited) > 5
    assert cited <= set(re.findall(r"^\*\*\((P\d+)\)\*\*", page, re.MULTILINE))


def test_every_file_says_what_it_is():
    for path, text in TEXT.items():
        first = text.lstrip().splitlines()[0] if text.strip() else ""
        assert re.match(r'"""\w|// \w|/\* \w|# \w|#!', first) or re.match(r'"""`', first), path


def test_versions_agree():
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)[1]
    assert f'__version__ = "{version}"' in (ROOT / "src" / "tfapprox" / "__init__.py").read_text()
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text()


def test_lock_files_have_hashes():
    """Each package of a lock file has a version and its files' hashes, and no file names a host."""
    entry = r"[\w.-]+==[\w.!+]+( ;[^\\]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+\s*"
    locks = sorted((ROOT / "requirements").glob("*.txt"))
    assert len(locks) > 5
    for path in locks:
        for text in re.split(r"\n(?=\S)", path.read_text()):
            assert re.fullmatch(entry, text), (path, text)


def test_the_core_exports_only_its_interface():
    """A symbol that leaks from the core can clash with one of TensorFlow's in the same process."""
    from tfapprox.common import library

    symbols = subprocess.run(
        ["nm", "-D", "--defined-only", library.find("common", "libtfapprox_core.so")], capture_output=True, text=True
    )
    exported = [line.split()[-1] for line in symbols.stdout.splitlines() if " T " in line]
    assert exported
    assert [name for name in exported if not name.startswith("tfapprox_")] == []
