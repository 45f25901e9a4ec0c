"""Which function of a C file is the circuit: the preprocessor reads the file, and the headings are searched."""

import pathlib
import re
import subprocess
from collections import namedtuple

from .c_compiler import compile_c

_HEADING = re.compile(r"([A-Za-z_][\w\s]*?)\b([A-Za-z_]\w*)\s*\(([^()]*)\)\s*\{\}")
_NO_INTEGER = {"void", "float", "double", "struct", "union", "_Bool", "bool"}

Function = namedtuple("Function", "name result parameters")
Function.__doc__ = "A C function of two integers: its name, the type of its result, the types of its parameters."


def _top_level(text):
    """The code outside of braces, without strings; each pair of outermost braces is left as `{}`."""
    text = re.sub(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', "0", text)
    kept, depth = [], 0
    for character in text:
        depth += character == "{"
        if depth == 0 or (depth == 1 and character in "{}"):
            kept.append(character)
        depth -= character == "}"
    return "".join(kept)


def functions(path):
    """The functions of two integers in a C file.

    Args:
        path: of the file; what it includes is not listed.

    Returns:
        A list of `Function` in the order of the file. `static` ones are listed only if there are no others.

    Raises:
        ValueError: if the file does not get through the preprocessor.
    """
    path = pathlib.Path(path).resolve()
    with open(str(path), "rb") as source:
        text = compile_c(path, ["-E", "-x", "c", "-"], stdin=source, stdout=subprocess.PIPE)
    own, lines = True, []
    for line in text.splitlines():
        marker = re.match(r'#\s*(?:line\s+)?\d+\s+"(.*)"', line)
        if marker:
            own = marker.group(1) == "<stdin>"
        elif own and not line.startswith("#"):
            lines.append(line)
    found, static = [], []
    for result, name, parameters in _HEADING.findall(_top_level("\n".join(lines))):
        words = result.split()
        types = [parameter.split()[:-1] for parameter in parameters.split(",")]
        if len(types) != 2 or not all(types) or re.search(r"[*\[]", parameters):
            continue
        if _NO_INTEGER & {*words, *types[0], *types[1]}:
            continue
        kinds = [" ".join(word for word in kind if word not in ("const", "register", "volatile")) for kind in types]
        kept = [word for word in words if word not in ("static", "inline", "extern", "__inline", "__inline__")]
        (static if "static" in words else found).append(Function(name, " ".join(kept) or "int", tuple(kinds)))
    return found or static


def choose(path, name=None):
    """The function of a C file that is the circuit.

    Args:
        path: of the file.
        name: of the function. By default the only one of two integers, or the one with the name of the file.

    Raises:
        ValueError: if there is none, or more than one; the message lists them.
    """
    candidates = functions(path)
    by_name = {function.name: function for function in candidates}
    listed = ", ".join(f"{f.result} {f.name}({', '.join(f.parameters)})" for f in candidates) or "none"
    if name is not None:
        if name not in by_name:
            raise ValueError(
                f"--function must be one of two integers in {path}; received {name!r}, and there: {listed}"
            )
        return by_name[name]
    if len(candidates) > 1 and pathlib.Path(path).stem in by_name:
        return by_name[pathlib.Path(path).stem]
    if len(candidates) != 1:
        rule = "have a function of two integers" if not candidates else "have one function of two integers"
        hint = "; choose one with --function" if candidates else ""
        raise ValueError(f"SOURCE must {rule} that returns their product; received {path} with {listed}{hint}")
    return candidates[0]
