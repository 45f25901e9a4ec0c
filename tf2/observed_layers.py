"""What a prediction needs to know of the layers of a Keras model: codes of operands, and gains."""

from __future__ import annotations

import contextlib
from typing import Any, Mapping

import keras
import numpy as np
import tensorflow as tf

from tfapprox.common.error_moments import Gains, Operands

from .operand_codes import PERTURBATION, OperandCounter, changed_outputs, perturbation

_BATCH = 100  # samples that are computed at once


def observed_layers(
    model: keras.Model, layers: Mapping[str, Any], x: np.ndarray
) -> dict[str, tuple[tuple[Operands, ...], Gains]]:
    """Operands and gains of layers, with the multipliers that they have.

    Args:
        model: a model with approximate layers.
        layers: the layers that the model calls, by path.
        x: sample inputs, of which the gains use the first ones only.
    """
    counters = {path: OperandCounter(layer) for path, layer in layers.items()}
    with contextlib.ExitStack() as restored:
        restored.callback(tf.config.run_functions_eagerly, tf.config.functions_run_eagerly())
        tf.config.run_functions_eagerly(True)
        with contextlib.ExitStack() as stack:
            for counter in counters.values():
                stack.enter_context(counter.counting())
            for start in range(0, len(x), _BATCH):
                _outputs(model, x[start : start + _BATCH])
        few = x[:_BATCH]
        exact = _outputs(model, few)
        return {
            path: (counter.result(), _gains(model, few, exact, layers[path], counter.variance))
            for path, counter in counters.items()
        }


def _outputs(model, x):
    return model(tf.convert_to_tensor(x), training=False).numpy().astype(np.float64)


def _gains(model, x, outputs, layer, variance):
    """The mean squared change of the outputs of the model by small errors of one layer."""
    spread = np.mean(np.var(outputs.reshape(len(outputs), -1), axis=0)) or 1.0
    changes = []
    for is_constant in (True, False):
        with changed_outputs(layer, perturbation(layer, variance, is_constant)):
            changes.append(float(np.mean((_outputs(model, x) - outputs) ** 2) / spread / PERTURBATION))
    return Gains(*changes)
