"""Files of weights of a model in floating point, for its approximate twin."""

from __future__ import annotations

import functools
import os
import types
from typing import Any

import h5py
from keras.src.saving import saving_lib

from .approximate_products import ApproximateProducts
from .layer_paths import layers_by_path


def let_float_weights_load() -> None:
    """Lets `load_weights` of approximate models read `.weights.h5` files of models in floating point.

    In the file of a functional or sequential model, Keras names layers by their classes and counts those of a class. A
    model that is partly approximate would find other layers under these names, or none. Keras has no public function
    for the names, so this replaces its internal function that loads weights.
    """
    load = saving_lib.load_weights_only
    if hasattr(load, "__wrapped__"):
        return

    @functools.wraps(load)
    def load_weights_only(model: Any, filepath: Any, *args: Any, **arguments: Any) -> Any:
        if not _is_float_file(filepath) or not _is_approximate(model):
            return load(model, filepath, *args, **arguments)
        naming = saving_lib.naming
        saving_lib.naming = types.SimpleNamespace(to_snake_case=lambda name: naming.to_snake_case(_float_name(name)))
        try:
            return load(model, filepath, *args, **arguments)
        finally:
            saving_lib.naming = naming

    saving_lib.load_weights_only = load_weights_only


def _is_approximate(model):
    return any(isinstance(layer, ApproximateProducts) for _, layer in layers_by_path(model))


def _is_float_file(path):
    """Whether a file has weights, and no group with the name of an approximate layer."""
    if not os.fspath(path).endswith(".weights.h5") or not os.path.isfile(path):
        return False
    with h5py.File(path, "r") as file:
        return not file.visit(lambda name: True if "/fake_approx_" in f"/{name}" or "_table_state" in name else None)


def _float_name(name):
    """The name of the class that an approximate layer stands for."""
    exact = name[len("FakeApprox") :] if name.startswith("FakeApprox") else name
    return "GroupedQueryAttention" if exact == "GroupQueryAttention" else exact
