"""The Markdown documents: the files that they link to and name exist, and no line is too long."""

import functools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOT_SOURCES = re.compile(r"\.|(build|dist|demo)$")  # folders of tools, builds and results
FOLDERS = [path for path in sorted(ROOT.iterdir()) if path.is_dir() and not NOT_SOURCES.match(path.name)]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *(path for folder in FOLDERS for path in sorted(folder.rglob("*.md")))]

SOURCE_SUFFIX = r"\.(cc|cmake|cu|cuh|def|h|json|md|png|py|sh|toml)"
PATH = re.compile(r"\.?\w[\w.-]*(/[\w.-]+)*/?")
PATH_WITH_SUFFIX = re.compile(rf"(?<![\w./~$-])\w[\w.-]*(/[\w.-]+)+{SOURCE_SUFFIX}(?![\w/-])")
# Names in the documents that stand for a file of the reader, or for one that a build or an import makes.
PLACEHOLDER = re.compile(r"NAME|^(script|circuit)\.py$|^(layers|multipliers)\.json$|^(build|dist|demo)/")
ELSEWHERE = {"tfapprox/multipliers"}  # a folder in the user's XDG_DATA_HOME


def without_fences(text):
    """The text with every line of a fenced code block, and its fences, left empty."""
    lines, is_code = [], False
    for line in text.split("\n"):
        is_fence = line.lstrip().startswith("```")
        lines.append("" if is_code or is_fence else line)
        is_code ^= is_fence
    return "\n".join(lines)


def too_long(text):
    """Lines of more than 120 characters, except in tables and code."""
    return [line for line in without_fences(text).split("\n") if len(line) > 120 and not line.startswith("|")]


def anchors(path):
    """The anchors of a document's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ +(.+)$", without_fences(path.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def broken_links(text, folder):
    """Relative links whose file or heading does not exist; `folder` is that of the document."""
    broken = []
    prose = re.sub(r"`[^`]*`", "", without_fences(text))
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match(r"\w+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = folder / name if name else None
        if (path and not path.exists()) or (path and anchor and anchor not in anchors(path)):
            broken.append(target)
    return broken


def is_missing(word):
    """Whether a word has the form of a path or file name of this repository, but no such file or folder exists."""
    if not PATH.fullmatch(word) or PLACEHOLDER.search(word) or word in ELSEWHERE:
        return False
    if "/" in word:
        return not (ROOT / word).exists()
    return bool(re.search(rf"{SOURCE_SUFFIX}$", word)) and word not in file_names()


@functools.lru_cache(maxsize=None)
def file_names():
    """The names of all files of the repository, without their folders."""
    paths = [*ROOT.iterdir(), *(path for folder in FOLDERS for path in folder.rglob("*"))]
    return {path.name for path in paths if path.is_file()}


def missing_files(text):
    """Paths and file names in code marks, and paths of source files anywhere, that do not exist."""
    marked = [word for span in re.findall(r"`([^`]+)`", without_fences(text)) for word in span.split()]
    unmarked = [match[0] for match in PATH_WITH_SUFFIX.finditer(re.sub(r"\]\([^)]*\)", "", text))]
    return sorted({word for word in [*marked, *unmarked] if is_missing(word)})


def paths_of_the_map(text):
    """The paths of the tree in CONTRIBUTING.md: names, indented by two blanks under their folder."""
    tree = re.search(r"^## The map\n.*?```\n(.*?)```", text, re.MULTILINE | re.DOTALL)[1]
    paths, folders = [], {}
    for line in tree.splitlines():
        indent, name = re.match(r"( *)(\S+)", line).groups()
        parent = folders.get(len(indent) - 2, "") if indent else ""
        folders[len(indent)] = parent + name
        paths.append(parent + name)
    return paths


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_document(path):
    text = path.read_text(encoding="utf-8")
    assert too_long(text) == []
    assert broken_links(text, path.parent) == []
    assert missing_files(text) == []


def test_the_map():
    paths = paths_of_the_map((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_map_is_read_as_paths():
    text = "# X\n\n## The map\n\nWords.\n\n```\na/      one\n  b/    two\n    c.h three\n  d.py  four\ne/\n```\n"
    assert paths_of_the_map(text) == ["a/", "a/b/", "a/b/c.h", "a/d.py", "e/"]


def test_all_documents_are_tested():
    names = {str(path.relative_to(ROOT)) for path in DOCUMENTS}
    assert names >= {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "tf1/README.md", "tf2/README.md"}
    assert names >= {"docs/arithmetic.md", "docs/benchmarks.md", "docs/plans.md"}


@pytest.mark.parametrize(
    "planted",
    [
        "`common/core/no_such_file.h`",
        "`tests/no_such_folder/`",
        "`no_such_folder/tfapprox.h`",
        "run `python tf2/examples/no_such_example.py`",
        "`no_such_file.py`",
        "equations of docs/no_such_page.md",
        "two\nlines `common/reference.py and\ncommon/no_such_file.py`",
        "```\npython tf1/examples/no_such_example.py GRAPH\n```",
    ],
)
def test_the_rule_finds_a_missing_file(planted):
    assert missing_files("Before it `common/reference.py`.\n" + planted) != []


@pytest.mark.parametrize(
    "planted", ["[page](no_such_page.md)", "![plot](no_such_plot.png)", "[section](arithmetic.md#8-no-such-section)"]
)
def test_the_rule_finds_a_broken_link(planted):
    assert broken_links(f"See [plans](plans.md) and {planted}.", ROOT / "docs") != []


def test_the_rule_finds_a_long_line():
    assert too_long("x" * 121) != []
    assert too_long("```\nx\n```\n" + "x" * 121) != []


@pytest.mark.parametrize(
    "text",
    [
        "`script.py` `NAME.bin` `lut_gemm_NAME.cc` `../shared/data` `/multipliers` `~/.local/share` `dist/`",
        "`256 / 255` `x / 128 - 1` `tf.nn.conv2d` `--folder` `'../axqconv/axqconv.so'`",
        "/opt/examples/demo.py, $HOME/tests/x.py",
    ],
)
def test_the_rule_accepts(text):
    assert missing_files(text) == []
    assert too_long(f"| {'x' * 121} |\n```\n{'x' * 121}\n```\n{'x' * 120}") == []
    assert broken_links("[home](https://example.org/x.md) [sums](#6) `[a](b.md)`", ROOT) == []
