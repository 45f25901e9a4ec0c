"""What must agree in several files, and what no file of the repository may have."""

import re

from sources import FILES, ROOT, TEXT

# Home folders, and the working folders of machines that build software.
MACHINE = re.compile(r"(?<![\w.$}~-])/(?:home|root|Users|work)/\w|\.\./\.library\b")


def test_every_source_file_says_what_it_is():
    for path, text in TEXT.items():
        if path.suffix not in {".md", ".toml"}:
            assert re.match(r'(#!.*\n)?("""[`\w]|// \w|/\* \w|# \w)', text.lstrip()), path


def test_versions_agree():
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)[1]
    assert f'__version__ = "{version}"' in (ROOT / "src" / "tfapprox" / "__init__.py").read_text()
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text()


def test_lock_files_have_hashes():
    """Each package of a lock file has a version and its files' hashes, and no file names a host."""
    entry = r"[\w.-]+==[\w.!+]+( ;[^\\]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+\s*"
    locks = sorted((ROOT / "requirements").glob("*.txt"))
    assert len(locks) > 5
    for path in locks:
        for text in re.split(r"\n(?=\S)", path.read_text()):
            assert re.fullmatch(entry, text), (path, text)


def test_files_are_small():
    assert {str(path): (ROOT / path).stat().st_size for path in FILES if (ROOT / path).stat().st_size > 10**6} == {}


def test_no_file_names_a_path_of_a_machine():
    for path in FILES:
        names = MACHINE.findall((ROOT / path).read_text(encoding="utf-8", errors="replace"))
        assert names == [], path


def test_a_path_of_a_machine_is_found():
    for planted in ("see @home/me/tfapprox", "PATH=@root/bin", '"@work/tree"', "..@.library/env"):
        assert MACHINE.search(planted.replace("@", "/")), planted
    for allowed in ("WORKDIR /work", "-v $PWD:/work", '"$root/etc"', "../shared/data", "/opt/tfapprox/bin"):
        assert not MACHINE.search(allowed), allowed
