"""What the examples show on the terminal: progress of Keras, and mistakes as one line."""

import contextlib

import keras
import tensorflow as tf
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

console = Console()
tf.get_logger().setLevel("ERROR")  # each multiplier has a model and so a graph of its own, which TensorFlow warns of


def progress_bar():
    """A bar with count and remaining time; gone when it is done."""
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    return Progress(*columns, console=console, transient=True)


class KerasProgress(keras.callbacks.Callback):
    """Shows the epochs of `fit` in a progress bar, with the accuracy so far."""

    def __init__(self, description):
        super().__init__()
        self.description = description

    def on_train_begin(self, logs=None):
        """Opens the bar."""
        self.bar = progress_bar()
        self.task = self.bar.add_task(self.description, total=self.params["epochs"])
        self.bar.start()

    def on_epoch_end(self, epoch, logs=None):
        """Moves the bar by one epoch."""
        self.bar.update(self.task, advance=1, description=f"{self.description}, accuracy {logs['accuracy']:.1%}")

    def on_train_end(self, logs=None):
        """Closes the bar."""
        self.bar.stop()


@contextlib.contextmanager
def stop_on_error():
    """Ends the program with the text of a user's mistake, and exit code 1."""
    try:
        yield
    except (OSError, ValueError) as error:
        console.print(f"error: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error
