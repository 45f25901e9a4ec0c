"""The terminal output of the examples: that of tfapprox.terminal, and a progress bar for Keras."""

import keras
import tensorflow as tf

from tfapprox.terminal import console, progress_bar, stop_on_error

__all__ = ["KerasProgress", "console", "progress_bar", "stop_on_error"]

tf.get_logger().setLevel("ERROR")  # TensorFlow would warn that there are many graphs; each multiplier needs a graph


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
