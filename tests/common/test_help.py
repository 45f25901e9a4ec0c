"""`help(tfapprox)` is true, and an installed package has the pages that it names."""

import doctest
import importlib
import re
from pathlib import Path

from sources import ROOT

import tfapprox
from tfapprox import health
from tfapprox.command_line import doctor


def test_the_example_runs():
    assert doctest.testmod(tfapprox) == (0, 2)


def test_what_it_names_exists():
    for name in re.findall(r"`(\w+\.\w+)`", tfapprox.__doc__):
        if name.startswith("common."):
            importlib.import_module(f"tfapprox.{name}")
    public = "".join((ROOT / room / "__init__.py").read_text(encoding="utf-8") for room in ("tf1", "tf2"))
    names = re.findall(r"`(Fake\w+|\w+_\w+)`", tfapprox.__doc__)
    assert len(names) > 5
    assert [name for name in names if f'"{name}"' not in public] == []


def test_the_package_has_the_documentation():
    package = Path(tfapprox.__file__).parent
    report = health.examine(with_tensorflow=False)
    assert Path(report["documentation"]).samefile(package / "docs")
    assert ("documentation", report["documentation"]) in doctor._rows(report)
    for name in ("docs/networks.md", "docs/tutorial.ipynb", "docs/demo-accuracy.png", "tf1/README.md", "tf2/README.md"):
        assert (package / name).is_file(), name
