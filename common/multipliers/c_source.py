"""Finds the function of a C file that is the circuit, in the output of the preprocessor."""

import pathlib
import re
import string
from typing import Iterator, List, NamedTuple, Optional, Tuple

from .. import regular_files
from ..argument_error import ArgumentError
from ..paths import Path
from . import c_comments
from .c_compiler import preprocess

MAX_BYTES = 1 << 20
_WORD = string.ascii_letters + string.digits + "_"
_BODY = "{}"
_NO_INTEGER = {"void", "float", "double", "struct", "union", "_Bool", "bool"}


class Function(NamedTuple):
    """A C function of two integers.

    Attributes:
        name: its name.
        result: the type of its result.
        parameters: the types of its two parameters.
    """

    name: str
    result: str
    parameters: Tuple[str, ...]


def _top_level(text):
    """The code outside of braces, without strings; each pair of outermost braces is left as `{}`."""
    text = c_comments.without_literals(text)
    kept, depth = [], 0
    for character in text:
        depth += character == "{"
        if depth == 0 or (depth == 1 and character in "{}"):
            kept.append(character)
        depth -= character == "}"
    return "".join(kept)


def headings(top_level: str) -> Iterator[Tuple[str, str, str]]:
    """The result, the name and the parameters of each function definition.

    The time is proportional to the length of the text, whatever the text is.

    Args:
        top_level: C code in which the outermost braces are empty.
    """
    for declarations in top_level.split(_BODY)[:-1]:
        heading = declarations.rpartition(";")[2].rstrip()
        before, opening, parameters = heading.rpartition("(")
        if not opening or parameters.find(")") != len(parameters) - 1:
            continue
        words = before.rstrip()
        words = words[len(words.rstrip(_WORD + string.whitespace)) :]
        result = words.rstrip(_WORD)
        name = words[len(result) :]
        result = result.strip().lstrip(string.digits)
        if result and name and not name[0].isdigit():
            yield result, name, parameters[:-1]


def _without_includes(text):
    """The lines of preprocessed standard input that stand in the file itself, not in a header."""
    own, lines = True, []
    for line in text.splitlines():
        marker = re.match(r'#\s*(?:line\s+)?\d+\s+"(.*)"', line)
        if marker:
            own = marker.group(1) == "<stdin>"
        elif own and not line.startswith("#"):
            lines.append(line)
    return "\n".join(lines)


def read(path: Path) -> str:
    """The text of a C file, with replacement characters for bytes that are not UTF-8.

    Raises:
        OSError: if the file cannot be read.
        ArgumentError: if it is not a regular file, or has more than `MAX_BYTES`.
    """
    return regular_files.read(path, MAX_BYTES, "source").decode("utf-8", errors="replace")


def functions(path: Path) -> List[Function]:
    """The functions of two integers that a C file defines, in the order of the file.

    Args:
        path: path of the file. Functions of the headers that it includes are not listed.

    Returns:
        The functions that are not `static`; the `static` ones if there are no others.

    Raises:
        FileNotFoundError: if there is no compiler.
        OSError: if the file cannot be read.
        ArgumentError: if the preprocessor refuses the file.
    """
    path = pathlib.Path(path).resolve()
    text = preprocess(path)
    external: List[Function] = []
    static: List[Function] = []
    for result, name, parameters in headings(_top_level(_without_includes(text))):
        words = result.split()
        types = [parameter.split()[:-1] for parameter in parameters.split(",")]
        if len(types) != 2 or not all(types) or re.search(r"[*\[]", parameters):
            continue
        if _NO_INTEGER & {*words, *types[0], *types[1]}:
            continue
        kinds = [" ".join(word for word in kind if word not in ("const", "register", "volatile")) for kind in types]
        kept = [word for word in words if word not in ("static", "inline", "extern", "__inline", "__inline__")]
        (static if "static" in words else external).append(Function(name, " ".join(kept) or "int", tuple(kinds)))
    return external or static


def choose(path: Path, name: Optional[str] = None) -> Function:
    """The function of a C file that is the circuit.

    Args:
        path: path of the file.
        name: name of the function. By default it is the only function of two integers, or among several the one that
            has the name of the file.

    Raises:
        FileNotFoundError: if there is no compiler.
        OSError: if the file cannot be read.
        ArgumentError: if no function or more than one fits; the message lists the functions.
    """
    candidates = functions(path)
    by_name = {function.name: function for function in candidates}
    listed = ", ".join(f"{f.result} {f.name}({', '.join(f.parameters)})" for f in candidates) or "none"
    if name is not None:
        if name not in by_name:
            received = f"{name!r}, and there: {listed}"
            raise ArgumentError("function", f"must be one of two integers in {path}", received)
        return by_name[name]
    if len(candidates) > 1 and pathlib.Path(path).stem in by_name:
        return by_name[pathlib.Path(path).stem]
    if len(candidates) != 1:
        count, remedy = ("one", ("function", "chooses one")) if candidates else ("a", None)
        rule = f"must have {count} function of two integers that returns their product"
        raise ArgumentError("source", rule, f"{path} with {listed}", remedy)
    return candidates[0]
