"""A progress bar for notebooks, which needs no widgets: a text that is displayed once and then updated in its place."""

import io
import time
from typing import Any

from rich.console import Console
from rich.progress import Progress, ProgressColumn

SECONDS = 0.2  # time between two updates, each of which is a message to the browser


class NotebookProgress(Progress):
    """A `rich.progress.Progress` that shows itself in the output of a cell of a notebook.

    Args:
        *columns: the columns of the bar, each a `rich.progress.ProgressColumn`.
        display: the function `display` of IPython, or one with its arguments.
    """

    def __init__(self, *columns: ProgressColumn, display: Any) -> None:
        self._text = io.StringIO()
        console = Console(file=self._text, width=100, force_terminal=False, force_jupyter=False, color_system=None)
        super().__init__(*columns, console=console, auto_refresh=False)
        self._display = display
        self._handle: Any = None
        self._shown = 0.0

    def start(self) -> None:
        """Displays the bar in the output of the cell."""
        self._handle = self._display({"text/plain": self._drawn()}, raw=True, display_id=True)

    def stop(self) -> None:
        """Leaves the bar in the output as it is at the end."""
        self._show()
        self._handle = None

    def refresh(self) -> None:
        """Updates the bar in the output, if the last update was long enough ago."""
        if time.monotonic() - self._shown > SECONDS:
            self._show()

    def advance(self, *arguments: Any, **options: Any) -> None:
        """Moves a task forward by a number of steps, 1 by default, and updates the bar."""
        super().advance(*arguments, **options)
        self.refresh()

    def update(self, *arguments: Any, **options: Any) -> None:
        """Changes the state of a task, such as its number of completed steps, and updates the bar."""
        super().update(*arguments, **options)
        self.refresh()

    def _show(self) -> None:
        if self._handle is not None:
            self._handle.update({"text/plain": self._drawn()}, raw=True)
            self._shown = time.monotonic()

    def _drawn(self) -> str:
        self._text.seek(0)
        self._text.truncate()
        self.console.print(self.get_renderable())
        return self._text.getvalue().rstrip()
