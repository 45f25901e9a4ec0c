"""When a candidate is hopeless, so that its evaluation ends before all samples are evaluated."""

from __future__ import annotations

from typing import Callable, Sequence

import numpy as np

from .front import Point


def hopeless(front: Sequence[Point], energy: float) -> Callable[[float, int], bool] | None:
    """Whether a candidate is far less accurate than a known assignment of no more energy.

    Args:
        front: the front of what is known.
        energy: energy of the candidate.

    Returns:
        A function from the numbers of right and of evaluated samples: whether the accuracy is below that of the best
        such assignment by more than three standard deviations. `None` if there is no such assignment.
    """
    cheaper = [point.accuracy for point in front if point.energy <= energy]
    if not cheaper:
        return None
    best = max(cheaper)

    def is_hopeless(right: float, seen: int) -> bool:
        share = (right + 1) / (seen + 2)
        return bool(share + 3 * np.sqrt(share * (1 - share) / seen) < best)

    return is_hopeless


def variances(accuracies: Sequence[float], samples: Sequence[int]) -> np.ndarray:
    """How far the accuracies of stopped evaluations may be from those of all samples: the variances of their errors.

    Args:
        accuracies: the accuracies.
        samples: the numbers of samples from which they are; the greatest number is that of all samples.

    Returns:
        float64 array, 0 for an evaluation of all samples.

    Example:
        >>> variances([0.5, 0.5], [8, 64]).tolist()
        [0.02734375, 0.0]
    """
    seen = np.asarray(samples, np.float64)
    share = np.clip((np.asarray(accuracies) * seen + 1) / (seen + 2), 0, 1)
    return share * (1 - share) * (1 / seen - 1 / seen.max())
