"""All 8-bit multipliers of an EvoApproxLib checkout, of either generation."""

import pathlib
import re
from collections import namedtuple

from . import registry
from .arrays import WIDTHS
from .importing import import_c

Outcome = namedtuple("Outcome", "path name status message")
Outcome.__doc__ = (
    """What became of one C file: `status` is `"imported"`, `"same"` (as one imported before) or `"failed"`."""
)


def circuits(folder):
    """The C files of multipliers in a folder and those below it, sorted; by their names, `mul8u_X.c` or `mul8_X.c`.

    Those of 2 to 7 bits are among them; adders, wider operands and operands of two widths (`mul8x2u_X.c`) are not.

    Raises:
        NotADirectoryError: if there is no such folder.
        FileNotFoundError: if there is none in it.
    """
    folder = pathlib.Path(folder).expanduser()
    if not folder.is_dir():
        raise NotADirectoryError(f"SOURCE must be a folder; received '{folder}'")
    found = [path for path in sorted(folder.rglob("mul*.c")) if registry.width_of(path.stem) in WIDTHS]
    if not found:
        raise FileNotFoundError(f"SOURCE must have files such as mul8u_X.c or mul8_X.c; received '{folder}' without")
    return found


def import_checkout(paths, progress=iter, **options):
    """Imports C files one after the other; a failure ends only its own.

    Args:
        paths: of the files, as `circuits` lists them.
        progress: function that is given the list and iterates it, such as `rich.progress.track`.
        **options: as `import_c` takes them.

    Returns:
        A list of `Outcome`. The same circuit lies in several folders of EvoApproxLib; it is imported once.
    """
    outcomes, imported = [], {}
    for path in progress(paths):
        text = re.sub(r"//.*|/\*[\s\S]*?\*/", "", path.read_text(encoding="utf-8", errors="replace"))
        if path.stem in imported and imported[path.stem][0] == text:
            outcomes.append(Outcome(path, path.stem, "same", f"as {imported[path.stem][1]}"))
            continue
        try:
            if path.stem in imported:
                raise ValueError(f"NAME must mean one circuit; received another one in {imported[path.stem][1]}")
            multiplier = import_c(path, **options)
        except (OSError, ValueError) as error:
            outcomes.append(Outcome(path, path.stem, "failed", str(error)))
            continue
        imported[path.stem] = text, path
        outcomes.append(Outcome(path, multiplier.name, "imported", ""))
    return outcomes
