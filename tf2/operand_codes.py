"""Histograms of the codes that approximate layers multiply."""

from __future__ import annotations

import contextlib
import math
from typing import Any, Callable, Iterator

import numpy as np
import tensorflow as tf

from tfapprox.common._quantisers import codes, filter_quantisers, quantiser
from tfapprox.common.error_moments import Operands

from .fake_approx_einsum_dense import FakeApproxEinsumDense
from .fake_approx_multi_head_attention import FakeApproxMultiHeadAttention

PERTURBATION = 0.01  # variance of a small error relative to that of the output that it is added to


class _Step:
    """The operands of one product of tensors in a layer, summed over batches."""

    def __init__(self, num_bits: int, filters: int) -> None:
        self.activations = np.zeros(2**num_bits)
        self.weights = np.zeros((filters, 2**num_bits))
        self.scales = np.zeros(filters)
        self.batches = 0

    def add(self, activations, weights, scales):
        self.activations += activations
        self.weights += weights
        self.scales += scales
        self.batches += 1

    def result(self, variance: float) -> Operands:
        return Operands(self.activations, self.weights / self.batches, self.scales / self.batches, variance)


class OperandCounter:
    """Counts the codes of one layer while the model runs eagerly with exact products.

    Args:
        layer: an approximate layer.
    """

    def __init__(self, layer: Any) -> None:
        self._layer, self._at = layer, 0
        self._steps: list[_Step] = []
        self._kernel: Any = None
        self._count, self._sum, self._squares = 0, np.float64(0), np.float64(0)

    @contextlib.contextmanager
    def counting(self) -> Iterator[None]:
        """Counts in every call of the layer."""
        layer, own = self._layer, vars(self._layer)
        call, quantised = layer.call, layer._quantised_operands

        def counted_call(*args, **kwargs):
            self._at = 0
            return call(*args, **kwargs)

        def counted_operands(inputs, kernel, name="input", channel_axes=1):
            operands = quantised(inputs, kernel, name, channel_axes)
            self._add(operands, channel_axes)
            return operands

        own.update({"call": counted_call, "_quantised_operands": counted_operands})
        if isinstance(layer, FakeApproxEinsumDense):
            own["_quantised_kernel"] = self._noted_kernel(layer._quantised_kernel)
            own["_quantised_activations"] = self._counted_activations(layer._quantised_activations)
        if isinstance(layer, FakeApproxMultiHeadAttention):
            own["_products"] = self._counted_products(layer._products)
        try:
            with changed_outputs(layer, self._add_outputs):
                yield
        finally:
            for name in ("call", "_quantised_operands", "_products", "_quantised_kernel", "_quantised_activations"):
                own.pop(name, None)

    def _noted_kernel(self, quantised):
        """Takes note of the weights of an Einstein sum as a matrix with a column for each output channel."""

        def noted(labels):
            kernel, *ends = quantised(labels)
            order = [labels.b.index(name) for name in labels.depth + labels.batch + labels.columns]
            taps = math.prod(kernel.shape[labels.b.index(name)] for name in labels.depth)
            self._kernel = tf.reshape(tf.transpose(kernel, order), [taps, -1]), ends
            return (kernel, *ends)

        return noted

    def _counted_activations(self, quantised):
        def counted(tensor, name="input"):
            inputs, *ends = quantised(tensor, name)
            kernel, kernel_ends = self._kernel
            self._add([inputs, kernel, *ends, *kernel_ends], 1)
            return (inputs, *ends)

        return counted

    def _counted_products(self, products):
        def counted(equation, **activations):
            layer = self._layer
            (a, *a_ends), (b, *b_ends) = (layer._quantised_activations(x, name) for name, x in activations.items())
            letters, output = equation.split("->")
            sizes = dict(zip("".join(letters.split(",")), [*a.shape, *b.shape]))
            taps = math.prod(size for letter, size in sizes.items() if letter not in output)
            step = self._step(1)
            left, right = (_quantiser(layer, *ends) for ends in (a_ends, b_ends))
            counts = _histogram(codes(right, b.numpy()), 2**layer.num_bits)
            scale = float(left.scale) * float(right.scale)
            step.add(_histogram(codes(left, a.numpy()), 2**layer.num_bits), counts / counts.sum() * taps, scale)
            return products(equation, **activations)

        return counted

    def _step(self, filters):
        if self._at == len(self._steps):
            self._steps.append(_Step(self._layer.num_bits, filters))
        self._at += 1
        return self._steps[self._at - 1]

    def _add(self, operands, channel_axes):
        inputs, kernel, input_min, input_max, filter_min, filter_max = operands
        layer, kernel = self._layer, kernel.numpy()
        columns = kernel.reshape(-1, math.prod(kernel.shape[kernel.ndim - channel_axes :]))
        left = _quantiser(layer, input_min, input_max)
        filters = columns.shape[1]
        right = filter_quantisers(filter_min.numpy(), filter_max.numpy(), filters, layer.num_bits, layer._is_signed())
        bins = 2**layer.num_bits
        weights = np.stack([_histogram(codes(q, column), bins) for q, column in zip(right, columns.T)])
        scales = np.array([float(left.scale) * float(q.scale) for q in right])
        self._step(filters).add(_histogram(codes(left, inputs.numpy()), bins), weights, scales)

    def _add_outputs(self, outputs):
        rows = _by_filter(self._layer, outputs.numpy().astype(np.float64))
        self._count += len(rows)
        self._sum = self._sum + rows.sum(axis=0)
        self._squares = self._squares + (rows**2).sum(axis=0)
        return outputs

    def result(self) -> tuple[Operands, ...]:
        """The operands of each product of tensors of the layer."""
        return tuple(step.result(self.variance) for step in self._steps) if self._count else ()

    @property
    def variance(self) -> float:
        """Variance of the output before the activation function, as the mean over the filters."""
        return float(np.mean(self._squares / self._count - (self._sum / self._count) ** 2))


@contextlib.contextmanager
def changed_outputs(layer: Any, change: Callable[[tf.Tensor], tf.Tensor]) -> Iterator[None]:
    """Passes each output of a layer through a function, before the activation function where the layer has one.

    Args:
        layer: a layer, which must run eagerly.
        change: function from the output to what takes its place.
    """
    activation, call = getattr(layer, "activation", None), layer.call
    if activation is not None:
        layer.activation = lambda x, *args, **kwargs: activation(change(x), *args, **kwargs)
    else:

        def changed_call(*args, **kwargs):
            outputs = call(*args, **kwargs)
            first, *others = tf.nest.flatten(outputs)
            return tf.nest.pack_sequence_as(outputs, [change(first), *others])

        vars(layer)["call"] = changed_call
    try:
        yield
    finally:
        if activation is not None:
            layer.activation = activation
        else:
            vars(layer)["call"] = call


def perturbation(layer: Any, variance: float, is_constant: bool) -> Callable[[tf.Tensor], tf.Tensor]:
    """A function that adds a small error to the output of a layer: 1 % of its variance.

    Args:
        layer: the layer.
        variance: variance of its output.
        is_constant: whether the error is the same in all elements of a filter, or independent in each element.
    """
    rng = np.random.default_rng(0)

    def perturbed(outputs):
        shape = list(outputs.shape)
        if is_constant:
            axis = 1 if getattr(layer, "data_format", "channels_last") == "channels_first" else len(shape) - 1
            shape = [size if index == axis else 1 for index, size in enumerate(shape)]
            errors = rng.choice([-1.0, 1.0], shape)
        else:
            errors = rng.standard_normal(shape)
        return outputs + tf.cast(errors * np.sqrt(PERTURBATION * variance), outputs.dtype)

    return perturbed


def _by_filter(layer, outputs):
    """Outputs as a matrix with a column for each filter."""
    is_last = getattr(layer, "data_format", "channels_last") == "channels_last"
    outputs = outputs if is_last else np.moveaxis(outputs, 1, -1)
    return outputs.reshape(-1, outputs.shape[-1])


def _quantiser(layer, minimum, maximum):
    return quantiser("input", float(minimum), float(maximum), layer.num_bits, layer._is_signed())


def _histogram(values, bins):
    return np.bincount(values.ravel() % bins, minlength=bins).astype(np.float64)
