"""Takes C sources apart into code and comments, in a time that is proportional to their length."""

import re
from typing import List, NamedTuple

# A literal without its closing quote ends with its line, so that no character is looked at twice.
_LITERAL = r'"(?:\\.|[^"\\\n])*"?|\'(?:\\.|[^\'\\\n])*\'?'
_LITERALS = re.compile(_LITERAL)
_PARTS = re.compile(rf"//[^\n]*|/\*|{_LITERAL}")


class Parts(NamedTuple):
    """A C source in two parts.

    Attributes:
        code: the source without its comments.
        comments: the comments, each of which begins a line.
    """

    code: str
    comments: str


def split(source: str) -> Parts:
    r"""The code and the comments of a C source. A comment without its end goes to the end of the source.

    Example:
        >>> split('int a; // one\nchar* b = "// none"; /* two */')
        Parts(code='int a; \nchar* b = "// none"; ', comments='// one\n/* two */')
    """
    code: List[str] = []
    comments: List[str] = []
    position = 0
    while True:
        part = _PARTS.search(source, position)
        if part is None:
            return Parts("".join([*code, source[position:]]), "\n".join(comments))
        end = part.end()
        if part.group().startswith("/*"):
            closing = source.find("*/", end)
            end = len(source) if closing < 0 else closing + 2
        if part.group()[0] == "/":
            code.append(source[position : part.start()])
            comments.append(source[part.start() : end])
        else:
            code.append(source[position:end])
        position = end


def without_literals(code: str) -> str:
    """C code with `0` in place of each text and character."""
    return _LITERALS.sub("0", code)
