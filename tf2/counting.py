"""Counts the multiplications of a whole model: by formulas for Keras' layers, by TensorFlow's graph for other code."""

from __future__ import annotations

import contextlib
from typing import Any, Iterator, NamedTuple

import keras
import tensorflow as tf

from .copying import is_graph
from .graph_products import products_of_operation
from .inline_functions import inline_functions
from .layer_paths import layers_by_path
from .macs import formula, macs_of_call


class Multiplying(NamedTuple):
    """A layer or operation of a model that multiplies.

    Attributes:
        path: the names of the layer and of the layers that hold it, such as `"block/conv"`.
        layer: the layer, or the operation of `keras.ops`.
        macs: multiply-accumulate operations for one sample; `None` if they depend on a size that is not known.
    """

    path: str
    layer: Any
    macs: int | None


def count_macs(model: keras.Model, input_shape: Any = None) -> list[Multiplying]:
    """The layers and operations of a model that multiply, in the order of their first call.

    The model is traced by TensorFlow, and not run. Layers of Keras are counted by formulas; taps in the padding count.
    What a custom layer, a `Lambda` or an operation of `keras.ops` multiplies is counted by the convolutions and
    products of matrices in the graph. In custom layers, models of your own and operations of `keras.ops`, products and
    quotients of single elements, and squares of differences, count, too, if they are summed afterwards. A layer that is
    called twice has the sum of both calls.
    Other products of single elements, such as those of batch normalisation, `Rescaling` and `Multiply`, are no
    multiply-accumulate operations, and do not count.

    Args:
        model: a built model.
        input_shape: shape of one sample without the batch, or a list or dictionary of shapes if there are several
            inputs; by default that of the model. It is needed if the model leaves sizes open.

    Returns:
        A list of `Multiplying`.

    Raises:
        ValueError: if the shape of the input is not known.

    Example:
        >>> model = keras.Sequential([keras.Input([8, 8, 1]), keras.layers.Conv2D(4, 3, name="conv")])
        >>> [(row.path, row.macs) for row in count_macs(model)]
        [('conv', 1296)]
    """
    specs = _input_specs(model, input_shape)
    batch = tf.nest.flatten(specs)[0].shape[0] if tf.nest.flatten(specs) else 1
    tracer = _Tracer(model)
    with tracer.recording(), inline_functions():
        tf.function(lambda inputs: model(inputs, training=False), autograph=False).get_concrete_function(specs)
    return [Multiplying(path, layer, None if macs is None else macs // batch) for path, layer, macs in tracer.results()]


def _input_specs(model, input_shape):
    if is_graph(model):
        tensors = model.inputs[0] if isinstance(model, keras.Sequential) else model._inputs_struct
        if input_shape is not None:
            flat = _shapes(input_shape, tf.nest.flatten(tensors))
        else:
            flat = [list(tensor.shape) for tensor in tf.nest.flatten(tensors)]
        specs = [
            tf.TensorSpec([shape[0] or 1, *shape[1:]], tensor.dtype)
            for shape, tensor in zip(flat, tf.nest.flatten(tensors))
        ]
        return tf.nest.pack_sequence_as(tensors, specs)
    if input_shape is not None:
        return tf.TensorSpec([1, *input_shape], tf.float32)
    shape = (model.get_build_config() or {}).get("input_shape")
    if shape is None:
        raise ValueError(f"input_shape must be given for model '{model.name}', of which it is not known; received None")
    if isinstance(shape, dict):
        return {name: tf.TensorSpec([1, *sizes[1:]], tf.float32) for name, sizes in shape.items()}
    if shape and isinstance(shape[0], (list, tuple)):
        return [tf.TensorSpec([1, *sizes[1:]], tf.float32) for sizes in shape]
    return tf.TensorSpec([1, *shape[1:]], tf.float32)


def _shapes(input_shape, tensors):
    if isinstance(input_shape, dict):
        shapes = [input_shape[name] for name in sorted(input_shape)]
    elif input_shape and isinstance(input_shape[0], (list, tuple)):
        shapes = list(input_shape)
    else:
        shapes = [input_shape]
    if len(shapes) != len(tensors):
        raise ValueError(f"input_shape must have a shape for each of {len(tensors)} inputs; received {input_shape!r}")
    return [[1, *shape] for shape in shapes]


class _Tracer:
    """Takes note of the calls of all layers of a model while it is traced."""

    def __init__(self, model: Any) -> None:
        layers = list(layers_by_path(model))
        # The formula of a recurrent layer counts its cells, which the graph has several times or in a loop.
        cells = {id(cell) for _, x in layers if isinstance(x, keras.layers.RNN) for _, cell in layers_by_path(x)}
        named = [(model.name, model), *layers, *operations_by_path(model)]
        self._named = [(path, layer) for path, layer in named if id(layer) not in cells]
        self._order: list[int] = []
        self._macs: dict[int, int | None] = {}
        self._counted: set[tuple[int, str]] = set()  # the graph and the name of an operation that belongs to a layer

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """Replaces the method `call` of each layer while the model is traced."""
        try:
            for _, layer in self._named:
                vars(layer)["call"] = self._recorded(layer, layer.call)
            yield
        finally:
            for _, layer in self._named:
                vars(layer).pop("call", None)

    def results(self) -> Iterator[tuple[str, Any, int | None]]:
        paths = {id(layer): (path, layer) for path, layer in reversed(self._named)}
        for key in self._order:
            if self._macs[key] != 0:
                yield (*paths[key], self._macs[key])

    def _recorded(self, layer, call):
        def recorded(*args, **kwargs):
            graph = tf.compat.v1.get_default_graph()
            before = len(graph.get_operations())
            if id(layer) not in self._macs:
                self._order.append(id(layer))
                self._macs[id(layer)] = 0
            outputs = call(*args, **kwargs)
            new = graph.get_operations()[before:]
            own = [op for op in new if (id(graph), op.name) not in self._counted]
            self._counted.update((id(graph), op.name) for op in own)
            if formula(layer):
                macs = macs_of_call(layer, _tensor_shapes([args, kwargs]), _tensor_shapes(outputs)[0])
            else:
                macs = _sum(products_of_operation(op, self._counted, _is_code(layer)) for op in own)
            self._macs[id(layer)] = _sum([self._macs[id(layer)], macs])
            return outputs

        return recorded


def _is_code(layer):
    """Whether a layer or operation is code of the user, which may write a product of matrices in parts."""
    return not isinstance(layer, keras.layers.Layer) or type(layer).__module__.split(".")[0] != "keras"


def operations_by_path(model):
    """Operations of `keras.ops` that belong to no layer, in a model and the models that it holds.

    Args:
        model: a Keras model.

    Yields:
        Path and operation.
    """
    models = [("", model), *((f"{path}/", layer) for path, layer in layers_by_path(model))]
    seen = set()
    for prefix, holder in models:
        for operation in getattr(holder, "operations", []):
            if not isinstance(operation, keras.layers.Layer) and id(operation) not in seen:
                seen.add(id(operation))
                yield f"{prefix}{operation.name}", operation


def _tensor_shapes(structure):
    return [
        x.shape.as_list() for x in tf.nest.flatten(structure) if isinstance(x, tf.Tensor) and x.shape.rank is not None
    ]


def _sum(numbers):
    numbers = list(numbers)
    return None if None in numbers else sum(numbers)
