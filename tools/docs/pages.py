"""A hook of MkDocs: gives the site its pages outside of docs/, and makes links between files links between pages.

The Markdown files stay readable where they are, with links to files of the repository. The site also has the README
files, a page for each public module, whose docstrings mkdocstrings reads, and the tutorial.
"""

import os
import pathlib
import re
import sys

from mkdocs.structure.files import File

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import notebook_page

ROOT = pathlib.Path(__file__).parents[2]
# The pages of the site that are files outside of docs/.
OUTSIDE = {
    "README.md": "index.md",
    "tf1/README.md": "tensorflow1.md",
    "tf2/README.md": "tensorflow2.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
}
NOTEBOOK = "tutorial.ipynb"
EXECUTED = ROOT / "build" / NOTEBOOK  # made by `nox -s "docs(tutorial)"`
API = ["tf2", "tf1", "common"]
API_OF_COMMON = ["multipliers", "netlists", "metrics", "reference", "native", "cuda", "vectors"]
# Fenced code and code in the text are left as they are; the rest is a link or an image.
LINK = re.compile(r"^ *```.*?^ *```$|`[^`]*`|(!?)\[((?:`[^`]*`|[^\]`])*)\]\(([^)\s]+)\)", re.MULTILINE | re.DOTALL)


def on_config(config):
    """Adds each page of docs/ without a line in the navigation to the guides, under its heading."""
    guides = next(entry["Guides"] for entry in config.nav if "Guides" in entry)
    named = {name for name, _ in _titles(config.nav)}
    for path in sorted((ROOT / "docs").glob("*.md")):
        if path.name not in named:
            guides.append({path.read_text(encoding="utf-8").partition("\n")[0].lstrip("# "): path.name})


def on_files(files, config):
    """Adds the pages outside of docs/, those of the modules, and the tutorial with its figures."""
    for source, page in OUTSIDE.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
    modules = {name: f"tfapprox.{name}" for name in API}
    modules.update({name: f"tfapprox.common.{name}" for name in API_OF_COMMON})
    for name, module in modules.items():
        files.append(File.generated(config, f"api/{name}.md", content=_reference(module)))
    notebook = ROOT / "docs" / NOTEBOOK
    for name, content in notebook_page.page(notebook_page.newest(notebook, EXECUTED), "tutorial").items():
        files.append(File.generated(config, name, content=content))
    return files


def _reference(module):
    """The page of a module. mkdocstrings leaves out functions with the name of a file; they are added at the end."""
    folder = ROOT.joinpath("src", *module.split("."))
    source = (folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")).read_text(encoding="utf-8")
    imports = re.findall(r"^from \.(\w+) import (.*)$", source, re.MULTILINE)
    imported = [(file, name) for file, names in imports for name in names.split(", ")]
    options = "    options: { show_root_heading: true, show_root_full_path: false, show_root_toc_entry: true }\n"
    hidden = [(file, name) for file, name in imported if folder.joinpath(f"{name}.py").exists()]
    parts = [f"::: {module}.{file}.{name}\n{options}" for file, name in hidden]
    return "\n".join([f"# {module}\n\n::: {module}\n", *parts])


def on_page_markdown(markdown, page, config, files):
    """Rewrites the links of a page from files of the repository to pages of the site."""
    source = {page: source for source, page in OUTSIDE.items()}.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    titles = dict(_titles(config.nav))
    return LINK.sub(lambda match: _link(match, source, titles, files), markdown)


def _titles(nav):
    """The titles of the navigation, by the names of their pages."""
    for entry in nav:
        for title, content in entry.items():
            if isinstance(content, list):
                yield from _titles(content)
            else:
                yield content, title


def _link(match, source, titles, files):
    """The link for the site: to a page, or, where the site has no such file, the name of the file as text."""
    image, text, target = match.groups()
    if target is None or re.match(r"\w+:|#", target):
        return match[0]
    name, _, anchor = target.partition("#")
    path = os.path.normpath(os.path.join(os.path.dirname(source), name))
    page = OUTSIDE.get(path, "tutorial.md" if path == f"docs/{NOTEBOOK}" else path.replace("docs/", "", 1))
    if files.get_file_from_path(page) is None:
        if not (ROOT / path).exists():
            return match[0]  # MkDocs warns of it
        return f"`{path}`" if text.strip("`") in (path, name) else f"{text} (`{path}`)"
    if text.strip("`") in (name, path):
        text = titles.get(page, text)
    # Every page of a repository file is at the top of the site.
    return f"{image}[{text}]({page}{'#' + anchor if anchor else ''})"
