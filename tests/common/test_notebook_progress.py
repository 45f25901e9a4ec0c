"""The progress bar in a notebook: what it displays, without a notebook."""

import pytest
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

from tfapprox import notebook_progress
from tfapprox.notebook_progress import NotebookProgress


class Output:
    """The output of a cell: every text that was displayed in one place."""

    def __init__(self):
        self.texts = []

    def display(self, content, raw, display_id):
        assert raw
        assert display_id is True
        self.texts.append(content["text/plain"])
        return self

    def update(self, content, raw):
        assert raw
        self.texts.append(content["text/plain"])


@pytest.fixture
def output():
    return Output()


def bar(output):
    return NotebookProgress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), display=output.display)


def test_a_bar_is_displayed_once_and_updated(output, monkeypatch):
    monkeypatch.setattr(notebook_progress, "SECONDS", -1)
    with bar(output) as progress:
        task = progress.add_task("checking", total=3)
        for _ in range(3):
            progress.advance(task)
    assert output.texts[0] == ""
    assert [text.split()[-1] for text in output.texts[1:]] == ["0/3", "1/3", "2/3", "3/3", "3/3"]
    assert all(text.startswith("checking ") and "\n" not in text for text in output.texts[1:])


def test_updates_are_rare(output, monkeypatch):
    monkeypatch.setattr(notebook_progress, "SECONDS", 3600)
    monkeypatch.setattr(notebook_progress.time, "monotonic", lambda: 5000.0)
    with bar(output) as progress:
        task = progress.add_task("checking", total=1000)
        for number in range(1000):
            progress.update(task, advance=1, description=f"checking {number}")
    assert len(output.texts) == 3
    assert output.texts[-1].startswith("checking 999 ")
    assert output.texts[-1].endswith("1000/1000")


def test_nothing_is_updated_after_the_end(output):
    with bar(output) as progress:
        task = progress.add_task("checking", total=2)
    count = len(output.texts)
    progress.update(task, completed=2)
    progress.refresh()
    assert len(output.texts) == count
