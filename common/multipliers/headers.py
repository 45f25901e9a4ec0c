"""Reads the comments of EvoApproxLib's C files: power, area, delay, error figures and licence.

Both generations of the library are read. EvoApproxLib (names such as `mul8u_1JFF`) writes `// PDK45_PWR = 0.391 mW`,
`// PDK45_AREA`, `// PDK45_DELAY`, `// MAE = 25` and `// EP% = 98.12 %`. EvoApprox8b (2017, names such as `mul8_002`)
writes `///  Power  (45) = 218.30`, `///  Area   (45)`, `///  Delay  (45)` and `///  EP = 98.5 %`. EvoApprox8b names no
units of power, area and delay. Its figures for the 45 nm process are read as uW, um2 and ns, because they then have the
magnitude of the figures of EvoApproxLib.
"""

import math
import re
from typing import Any, Dict

from ..argument_error import ArgumentError
from . import c_comments

_NUMBER = r"=\s*([-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)"
# Key of the sidecar, pattern in the comments, and the factor that converts the number to the unit of the key.
_COSTS = (
    ("power_mW", rf"PDK45_PWR\s*{_NUMBER}\s*mW", 1),
    ("area_um2", rf"PDK45_AREA\s*{_NUMBER}\s*um2", 1),
    ("delay_ns", rf"PDK45_DELAY\s*{_NUMBER}\s*ns", 1),
    ("power_mW", rf"Power\s*\(45\)\s*{_NUMBER}", 1e-3),
    ("area_um2", rf"Area\s*\(45\)\s*{_NUMBER}", 1),
    ("delay_ns", rf"Delay\s*\(45\)\s*{_NUMBER}", 1),
)
_FIGURES = (
    ("MAE", rf"MAE\s*{_NUMBER}"),
    ("WCE", rf"WCE\s*{_NUMBER}"),
    ("MSE", rf"MSE\s*{_NUMBER}"),
    ("EP%", rf"EP%?\s*{_NUMBER}\s*%"),
    ("MRE%", rf"MRE%?\s*{_NUMBER}\s*%"),
)


def _licence(comments):
    """One line with the name of the licence and the article to cite; `None` if there is neither."""
    spdx = re.search(r"SPDX-License-Identifier:\s*(\S+)", comments)
    named = re.search(r"distributed under (?:the|a)[ \t]+([^\s.][^.\n]*)", comments, re.IGNORECASE)
    cite = re.search(r"cite the following article(?:\(s\))?:\s*(\S.*\S)", comments)
    parts = [spdx.group(1) if spdx else named and named.group(1).strip(), cite and f"cite {cite.group(1)}"]
    return "; ".join(filter(None, parts)) or None


def _finite(key, text):
    number = float(text)
    if not math.isfinite(number):
        raise ArgumentError("source", f"must have a finite {key} in its comments", text[:40])
    return number


def read(source: str) -> Dict[str, Any]:
    """Figures and licence in the comments of a C source.

    Args:
        source: text of the file.

    Returns:
        A dictionary that has a key only if the comments have its value: `power_mW`, `area_um2`, `delay_ns`, `licence`,
        and `published`, a dictionary by the names of `sidecar.FIGURES`.

    Raises:
        ArgumentError: if a figure is larger than any float.

    Example:
        >>> read("/* EP% = 17.19 %  PDK45_PWR = 0.384 mW */")
        {'power_mW': 0.384, 'published': {'EP%': 17.19}}
    """
    comments = c_comments.split(source).comments
    known: Dict[str, Any] = {}
    for key, pattern, factor in _COSTS:
        match = re.search(rf"(?<![\w%]){pattern}", comments)
        if match and key not in known:
            known[key] = round(_finite(key, match.group(1)) * factor, 9)
    licence = _licence(comments)
    if licence:
        known["licence"] = licence
    published = {}
    for key, pattern in _FIGURES:
        match = re.search(rf"(?<![\w%]){pattern}", comments)
        if match:
            published[key] = _finite(key, match.group(1))
    if published:
        known["published"] = published
    return known
