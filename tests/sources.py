"""The files of the repository, and their comments and strings, for the tests in tests/repository."""

import ast
import io
import os
import re
import tokenize
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("common", "tensorflow_ops", "src", "tf1", "tf2")  # the folders that the product is built from

C_SUFFIXES = {".c", ".cc", ".cu", ".cuh", ".h"}
HASH_SUFFIXES = {".cmake", ".def", ".sh", ".toml", ".yaml"}
HASH_NAMES = {"CMakeLists.txt", "Dockerfile", "run"}

# A literal, or a comment, of C and C++. Literals must be matched too, because they may contain the start of a comment.
C_TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\\w+|\\.|[^\'\\\n])\'|//[^\n]*|/\*.*?\*/', re.DOTALL)


def _list_files():
    """Paths, relative to the root, of all files that .gitignore does not exclude; links are not followed."""
    excluded = {".git", *(line.strip("/") for line in (ROOT / ".gitignore").read_text().split())}
    paths = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(set(folders) - excluded)
        paths += [Path(folder, name).relative_to(ROOT) for name in sorted(set(names) - excluded)]
    return paths


def language(path):
    """`"python"`, `"c"` (with C++ and CUDA), `"hash"` (comments start with `#`), `"markdown"`, or `None` for data."""
    if path.suffix in C_SUFFIXES:
        return "c"
    if path.suffix in HASH_SUFFIXES or path.name in HASH_NAMES:
        return "hash"
    return {".py": "python", ".md": "markdown"}.get(path.suffix)


FILES = _list_files()
TEXT = {path: (ROOT / path).read_text(encoding="utf-8") for path in FILES if language(path)}
PRODUCT = {path: text for path, text in TEXT.items() if path.parts[0] in ROOMS}


def _python_strings(text):
    """The docstrings of a Python file and its other strings, as two lists."""
    nodes = list(ast.walk(ast.parse(text)))
    literals = [node for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    alone = {node.value for node in nodes if isinstance(node, ast.Expr)}  # statements that are only a literal
    docstrings = [node.value for node in literals if node in alone]
    return docstrings, [node.value for node in literals if node not in alone]


def comments(path, text):
    """What a file says to its reader: a list of its comments and docstrings, or the whole text of a document."""
    if language(path) == "c":
        return [token for token in C_TOKEN.findall(text) if token.startswith("/")]
    if language(path) == "python":
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        return [token.string for token in tokens if token.type == tokenize.COMMENT] + _python_strings(text)[0]
    return re.findall(r"(?:^|\s)#.*", text) if language(path) == "hash" else [text]


def strings(path, text):
    """The strings of a file that are not docstrings; a CMake file is one string, without its comments."""
    if language(path) == "c":
        return [token for token in C_TOKEN.findall(text) if token.startswith('"')]
    if language(path) == "python":
        return _python_strings(text)[1]
    return [re.sub(r"(?m)(^|\s)#.*", "", text)] if language(path) == "hash" else []
