"""The package as static tools see it in a checkout, and as the source distribution has it."""

import re
from fnmatch import fnmatch

import pytest
from sources import FILES, ROOT, TEXT, strings

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


def test_an_image_has_each_file_that_a_test_names():
    """pytest stops in the image, where a test module reads a file that .dockerignore kept out when it is imported."""
    patterns = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    names = {str(path) for path in FILES}
    for path, text in TEXT.items():
        if path.suffix == ".py" and str(path).startswith(("tests/common", "tests/tf1", "tests/tf2")):
            for name in names & set(strings(path, text)):
                kept = any(fnmatch(name, pattern) or name.startswith(pattern + "/") for pattern in patterns)
                assert kept, f"{path} reads {name}, which .dockerignore keeps out of the images"
