"""A callback in place of Keras 2's TensorBoard callback, which fails without the package tensorboard."""

from __future__ import annotations

import sys
from typing import Any

import tf_keras


class TensorBoard(tf_keras.callbacks.Callback):
    """Takes the arguments of Keras' TensorBoard callback, says that it writes no log, and writes none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        print("note: the TensorBoard callback writes nothing, because tensorboard is missing", file=sys.stderr)
