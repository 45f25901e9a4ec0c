"""The Python snippets of the README files run as they are."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SNIPPETS = [
    pytest.param(code, id=f"{name}-{number}")
    for name in ("README.md", "tf2/README.md")
    for number, code in enumerate(
        re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)
    )
]


# The snippets of this page build upon each other.
NETWORKS = re.findall(r"```python\n(.*?)```", (ROOT / "docs/networks.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.filterwarnings("ignore:layers that stay exact")
def test_the_page_of_networks(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile("\n".join(NETWORKS), "docs/networks.md", "exec"), {})
    assert "block_16_depthwise" in capsys.readouterr().out
    assert len(NETWORKS) == 7


@pytest.mark.parametrize("code", SNIPPETS)
def test_snippet(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})
