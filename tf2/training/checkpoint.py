"""A checkpoint of each epoch, from which a run goes on as if it had not been interrupted."""

from __future__ import annotations

import json
import os
import tempfile
from typing import Any, Sequence

import keras
import numpy as np

from tfapprox.common import atomic_files
from tfapprox.common.argument_error import ArgumentError

from ..layer_paths import layers_by_path

_FILE = "checkpoint.json"


class TrainingCheckpoint(keras.callbacks.Callback):
    """Keeps everything that `fit` needs to go on after the last complete epoch.

    A folder has the weights of that epoch with the multipliers, ranges and corrections of layers, the state of the
    optimizer and of random layers such as `Dropout`, the figures of all epochs, and the state of callbacks that have
    `to_json` and `from_json`, such as `JointChoice`. A run that goes on ends in the same weights as one that was not
    interrupted, to the bit, if its data has the same order in each epoch, and TensorFlow computes the same bits twice
    (`tf.config.experimental.enable_op_determinism`). The state of callbacks without these methods is not kept.

    Args:
        folder: where the files are; it is made if it does not exist.
        run: values of JSON that say what is trained, on what and how. A folder of another run is refused.
        callbacks: the other callbacks of `fit`, whose state is kept.

    Raises:
        ArgumentError: if the folder has a checkpoint of another run.
        OSError: if a file cannot be read or written.
    """

    def __init__(self, folder: str, run: Any = None, callbacks: Sequence[keras.callbacks.Callback] = ()) -> None:
        super().__init__()
        self._folder, self._run = os.fspath(folder), json.loads(json.dumps(run))
        self._callbacks = [callback for callback in callbacks if hasattr(callback, "to_json")]
        self.history: list[dict[str, float]] = []
        self._state: dict[str, Any] | None = None
        path = os.path.join(self._folder, _FILE)
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                self._state = json.load(file)
            if self._state["run"] != self._run:
                raise ArgumentError("checkpoint", "must be of the same run, or a new folder", repr(self._folder))
            self.history = self._state["history"]

    @property
    def epoch(self) -> int:
        """The number of complete epochs, for `initial_epoch` of `fit`."""
        return len(self.history)

    def restore(self, model: keras.Model) -> None:
        """Puts the state of the checkpoint into a compiled model, if there is one.

        Args:
            model: the model that was trained, from the same code or file.
        """
        if self._state is None:
            return
        model.optimizer.build(model.trainable_variables)
        model.load_weights(os.path.join(self._folder, self._state["weights"]))
        for generator, values in zip(_seed_generators(model), self._state["seeds"]):
            generator.state.assign(np.array(values, generator.state.dtype))

    def on_train_begin(self, logs: Any = None) -> None:
        """Gives callbacks their state; called by Keras."""
        for callback, state in zip(self._callbacks, (self._state or {}).get("callbacks", [])):
            callback.from_json(state)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Writes the checkpoint of the epoch; called by Keras."""
        self.history.append({name: float(value) for name, value in (logs or {}).items()})
        os.makedirs(self._folder, exist_ok=True)
        old = self._state and self._state["weights"]
        state = {
            "run": self._run,
            "weights": f"epoch-{len(self.history):04d}.weights.h5",
            "seeds": [np.asarray(generator.state).tolist() for generator in _seed_generators(self.model)],
            "callbacks": [callback.to_json() for callback in self._callbacks],
            "history": self.history,
        }
        # The new weights have a name of their own, so that the small file always names weights that are complete.
        with tempfile.TemporaryDirectory(dir=self._folder) as unfinished:
            path = os.path.join(unfinished, str(state["weights"]))
            self.model.save_weights(path)
            os.replace(path, os.path.join(self._folder, str(state["weights"])))
        atomic_files.write(os.path.join(self._folder, _FILE), json.dumps(state).encode())
        self._state = state
        if old and old != state["weights"] and os.path.exists(os.path.join(self._folder, old)):
            os.remove(os.path.join(self._folder, old))


def _seed_generators(model: Any) -> list[Any]:
    layers = [model, *(layer for _, layer in layers_by_path(model))]
    return [generator for layer in layers for generator in getattr(layer, "_seed_generators", [])]
