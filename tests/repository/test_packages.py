"""The package as static tools see it in a checkout, and as the source distribution has it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ["common", "tf1", "tf2"]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="the source distribution has no links")
@pytest.mark.parametrize("room", ROOMS)
def test_a_link_shows_each_room_inside_of_the_package(room):
    link = ROOT / "src" / "tfapprox" / room
    assert link.is_symlink()
    assert link.resolve() == ROOT / room


@pytest.mark.parametrize("room", ROOMS)
def test_a_link_is_not_packed_beside_its_room(room):
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    excluded = re.search(r"^sdist\.exclude = \[(.*?)\]", settings, re.MULTILINE | re.DOTALL)[1]
    assert f'"/src/tfapprox/{room}"' in excluded
    assert f'"tfapprox/{room}" = "{room}"' in settings
