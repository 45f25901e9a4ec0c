"""The site of the documentation: its navigation has every page, and what the pages name exists."""

import ast
import json
import re

import pytest
from sources import ROOT, TEXT

from tfapprox.command_line import app

typer_main = pytest.importorskip("typer.main")
SITE = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
DOCUMENTS = [path for path in TEXT if path.suffix == ".md" and path.parts[0] != "tests"]


def constant(name):
    """The value of a constant of tools/docs/pages.py, which imports MkDocs and so cannot be imported here."""
    for statement in ast.parse((ROOT / "tools/docs/pages.py").read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and statement.targets[0].id == name:
            return ast.literal_eval(statement.value)
    raise NameError(name)


def pages():
    """The names of all pages of the site."""
    names = {path.name for path in (ROOT / "docs").glob("*.md")} | set(constant("OUTSIDE").values())
    names |= {f"api/{name}.md" for name in [*constant("API"), *constant("API_OF_COMMON")]}
    return names | {"tutorial.md"}


def test_the_navigation_has_every_page_once():
    """A document of docs/ may be missing, because the site adds it to the guides."""
    nav = re.findall(r"^ +- .+: (\S+\.md)$", SITE[SITE.index("\nnav:") :], re.MULTILINE)
    assert len(nav) == len(set(nav)) > 20
    assert set(nav) <= pages()
    assert pages() - set(nav) <= {path.name for path in (ROOT / "docs").glob("*.md")}


def test_nothing_is_loaded_from_another_host():
    assert "font: false" in SITE
    assert not re.search(r"https?:", SITE)


def words(text):
    """The words of every `tfapprox` command in fenced code, with lines that end in a backslash joined."""
    for block in re.findall(r"^ *```(?:\w*)\n(.*?)```", text, re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            command = re.match(r" *(?:\$ )?tfapprox (.*?)(?: #|$)", line)
            if command:
                yield command[1].split()


def unknown(command):
    """The first word of a command that its `--help` does not have; `None` if there is none."""
    place = typer_main.get_command(app)
    for word in command:
        if hasattr(place, "commands"):
            if word in place.commands:
                place = place.commands[word]
            elif word != "--help":
                return word
        elif re.match("--?[a-z]", word):
            options = {name for parameter in place.params for name in [*parameter.opts, *parameter.secondary_opts]}
            if word not in options | {"--help"}:
                return word
    return None


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_commands_exist(path):
    assert [command for command in words(TEXT[path]) if unknown(command)] == []


def test_a_command_that_does_not_exist_is_found():
    text = "Words.\n\n```\ntfapprox multiplier import x.c --no-such --signed  # words\ntfapprox nothing\n```\n"
    assert [unknown(command) for command in words(text)] == ["--no-such", "nothing"]
    assert sum(len(list(words(TEXT[path]))) for path in DOCUMENTS) > 20


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_sessions_exist(path):
    sessions = set(re.findall(r"^def (\w+)\(session|^@nox.session\(name=\"([\w-]+)\"", TEXT_OF_NOX, re.MULTILINE))
    names = {name.replace("_", "-") for pair in sessions for name in pair if name}
    assert set(re.findall(r"nox -s '?\"?([\w-]+)", TEXT[path])) <= names


TEXT_OF_NOX = (ROOT / "noxfile.py").read_text(encoding="utf-8")


def test_the_tutorial_is_stored_with_its_outputs():
    notebook = json.loads((ROOT / "docs/tutorial.ipynb").read_text(encoding="utf-8"))
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert not any(output["output_type"] == "error" or output.get("name") == "stderr" for output in outputs)


def test_the_software_is_cited_with_its_version():
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)[1]
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text()
    cite = (ROOT / "docs/cite.md").read_text()
    assert f"version {version}." in cite
    assert f"{{Version {version}}}" in cite
