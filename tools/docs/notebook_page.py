"""A notebook as a page of the site: its text, its code, and what the code printed and drew."""

import base64
import json
import re


def newest(notebook, executed):
    """The notebook with the outputs of its last run, if that was a run of the same cells; else the stored one.

    Args:
        notebook: path of the notebook in docs/.
        executed: path where a run writes it; it need not exist.
    """
    stored = json.loads(notebook.read_text(encoding="utf-8"))
    if executed.exists():
        run = json.loads(executed.read_text(encoding="utf-8"))
        if _sources(run) == _sources(stored):
            return run
    return stored


def _sources(notebook):
    return [(cell["cell_type"], "".join(cell["source"])) for cell in notebook["cells"]]


def page(notebook, name):
    """A dictionary from file names to contents: the Markdown of the page, and its figures."""
    files, parts = {}, []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        for output in cell["outputs"]:
            data = output.get("data", {})
            if "image/png" in data:
                figure = f"{name}-{len(files) + 1}.png"
                files[figure] = base64.b64decode(data["image/png"])
                parts.append(f"![A figure that the code above draws]({figure})")
            else:
                parts.append(_fenced(data.get("text/plain", output.get("text", ""))))
    return {f"{name}.md": "\n\n".join(filter(None, parts)) + "\n", **files}


def _fenced(lines):
    """Printed lines as a block of text, as a terminal shows them: a carriage return begins the line again."""
    text = "".join(lines).rstrip("\n")
    lines = [re.sub(r".*\r(?=.)", "", line).rstrip() for line in text.split("\n")]
    return "```text\n" + "\n".join(lines) + "\n```" if text.strip() else ""
