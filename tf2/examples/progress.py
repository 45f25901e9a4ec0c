"""The terminal output of the examples, which is that of tfapprox.terminal."""

import tensorflow as tf

from tfapprox.terminal import console, progress_bar, stop_on_error

__all__ = ["console", "progress_bar", "stop_on_error"]

tf.get_logger().setLevel("ERROR")  # TensorFlow would warn that there are many graphs; each multiplier needs a graph
