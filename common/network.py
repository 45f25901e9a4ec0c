"""What a search needs of a network: its layers, a way to give them multipliers, and a measure of the result."""

from __future__ import annotations

import abc
from typing import Any, Callable, ContextManager, Mapping, NamedTuple, Optional, Sequence

import numpy as np

from .argument_error import ArgumentError
from .classes import classes, right_classes
from .error_moments import Gains, Operands
from .truth_table import TruthTable

# A function from the outputs of a network and the labels, or `None`, to a number that is better if it is higher.
Measure = Callable[[np.ndarray, Optional[np.ndarray]], float]
# A function from the numbers of right and of evaluated samples to whether an evaluation may stop.
Stop = Callable[[float, int], bool]


class NetworkLayer(NamedTuple):
    """A layer that can have an approximate multiplier.

    Attributes:
        name: name or path of the layer, which an assignment has.
        kind: class of the layer, or type of the node.
        macs: multiply-accumulate operations for one sample; taps in the padding count.
        published_macs: the same as the ALWANN publication counts them: a convolution with a stride is counted as if it
            computed an output for each pixel of its padded input.
        taps: number of products of one output; in a separable layer, those of both steps together.
        multiplier: the truth table that it has now.
        operands: histograms of codes for each of its products of tensors; empty if they were not asked for.
        gains: how far its errors change the outputs of the network; 1 if they were not asked for.
        tune: whether the layer maps its weights for the multiplier that it gets, as (5.6) of docs/arithmetic.md does.
    """

    name: str
    kind: str
    macs: int
    published_macs: int
    taps: int
    multiplier: TruthTable
    operands: tuple[Operands, ...] = ()
    gains: Gains = Gains()
    tune: bool = False


class Samples(NamedTuple):
    """Inputs and, if known, labels.

    Attributes:
        x: inputs of the network, samples first.
        y: labels, samples first; `None` if they are not known. If they are classes, they are integers or one-hot.
    """

    x: np.ndarray
    y: np.ndarray | None = None


class Evaluation(NamedTuple):
    """What an evaluation found.

    Attributes:
        accuracy: share of right classes, 0 to 1, or the measure of the user.
        samples: number of samples that were evaluated; fewer than there are if the evaluation was stopped.
    """

    accuracy: float
    samples: int


class Network(abc.ABC):
    """A network whose layers get multipliers by name; frozen graphs and Keras models implement it.

    Attributes:
        is_compensated: whether its layers are compensated for each assignment.
    """

    is_compensated = False

    @abc.abstractmethod
    def layers(self, data: Samples | None = None) -> list[NetworkLayer]:
        """The layers that can have a multiplier, in the order of the network.

        Args:
            data: sample inputs from which, with exact products, the codes of the operands are counted and the gains
                are measured; by default they are not.
        """

    @abc.abstractmethod
    def assign(self, assignment: Mapping[str, str]) -> None:
        """Gives layers other multipliers; all are read and checked before the first one is set.

        Args:
            assignment: from the name of a layer to the name or path of a multiplier. Other layers keep theirs.

        Raises:
            FileNotFoundError: if there is no such multiplier.
            ValueError: if there is no such layer, or a table does not fit it.
        """

    @abc.abstractmethod
    def outputs(self, data: Samples, start: int, stop: int) -> np.ndarray:
        """The outputs for the samples `start` to `stop - 1`.

        Args:
            data: the samples. Results that the network keeps are used again as long as this is the same object.
            start: index of the first sample.
            stop: index after the last one.
        """

    @abc.abstractmethod
    def exact(self) -> ContextManager[None]:
        """A context in which all layers have the exact product; afterwards they have their multipliers again."""

    @abc.abstractmethod
    def fingerprint(self) -> str:
        """A SHA-256 of everything but the multipliers: weights, ranges and structure; 64 hexadecimal digits."""

    def all_outputs(self, data: Samples, batch_size: int = 250) -> np.ndarray:
        """The outputs for all samples, float64.

        Args:
            data: the samples.
            batch_size: number of samples that are computed at once.
        """
        count = len(data.x)
        parts = [self.outputs(data, start, min(start + batch_size, count)) for start in range(0, count, batch_size)]
        return np.concatenate(parts).astype(np.float64)

    def evaluate(
        self,
        data: Samples,
        *,
        labels: np.ndarray | None = None,
        batch_size: int = 250,
        measure: Measure | None = None,
        stop: Stop | None = None,
    ) -> Evaluation:
        """The share of right classes, or a measure of the user.

        The class is the index of the maximum along the last axis of the outputs. A sample may have several, such as one
        for each pixel. A class that comes from NaN or infinite values is wrong.

        Args:
            data: inputs, and labels if they are known.
            labels: labels that replace those in `data`, such as the classes of the exact network.
            batch_size: number of samples that are computed at once.
            measure: function from the outputs and the labels to a number that is better if it is higher; it gets all
                samples at once.
            stop: function from the numbers of right and of evaluated samples to whether the evaluation ends; it is
                asked after each batch, and not for `measure`.

        Raises:
            ValueError: if there are no samples; or, for the default measure, if the outputs have no classes, or there
                are no labels that are classes.
        """
        count = len(data.x)
        labels = data.y if labels is None else labels
        if not count:
            raise ArgumentError("data", "must have samples", "none")
        if measure is not None:
            return Evaluation(float(measure(self.all_outputs(data, batch_size), labels)), count)
        if labels is None:
            raise ArgumentError("labels", "must be given without a measure", "none")
        right, places, seen = 0, 1, 0  # places: the classes of each sample
        for start in range(0, count, batch_size):
            end = min(start + batch_size, count)
            are_right = right_classes(self.outputs(data, start, end), labels[start:end])
            right, places, seen = right + int(are_right.sum()), are_right[0].size, end
            if stop is not None and seen < count and stop(right / places, seen):
                break
        return Evaluation(right / (seen * places), seen)

    def classes(self, data: Samples, batch_size: int = 250) -> np.ndarray:
        """The classes that the network finds with its present multipliers: integers `[samples, ...]`.

        Args:
            data: inputs.
            batch_size: number of samples that are computed at once.
        """
        return classes(self.all_outputs(data, batch_size))


def check_layers(assignment: Mapping[str, Any], known: Sequence[str]) -> None:
    """Checks that an assignment names layers of a network.

    Raises:
        ValueError: if there is no such layer; the message has the names of the layers.
    """
    for name in assignment:
        if name not in known:
            raise ArgumentError("assignment", f"must name layers of the network, {', '.join(known)}", repr(name))
