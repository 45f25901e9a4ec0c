"""Points of accuracy and energy: the front of those that no other one dominates, and the hypervolume."""

from __future__ import annotations

from typing import Any, NamedTuple, Sequence


class Point(NamedTuple):
    """An assignment that was evaluated.

    Attributes:
        assignment: name of the multiplier of each layer.
        accuracy: accuracy of the network with the assignment, 0 to 1, or the measure of the user.
        energy: energy of the assignment, in the unit of the costs.
        origin: `"prediction"`, `"evolution"` or `"uniform"`.
        samples: number of samples that were evaluated.
        number: place in the order of the evaluations, from 0.
    """

    assignment: tuple[str, ...]
    accuracy: float
    energy: float
    origin: str
    samples: int
    number: int


def front_of(points: Sequence[Any]) -> list[Any]:
    """The points that no other point dominates, from the lowest energy up.

    A point dominates another one if it has at least its accuracy at no more energy, and is better in one of both. Of
    points that are equal in both, the first one is in the front.

    Args:
        points: objects with `accuracy` and `energy`.

    Example:
        >>> a, b, c = (Point((), *figures, "", 1, 0) for figures in ((0.9, 2.0), (0.8, 1.0), (0.7, 1.5)))
        >>> front_of([a, b, c]) == [b, a]
        True
    """
    front: list[Any] = []
    for point in sorted(points, key=lambda point: (point.energy, -point.accuracy)):
        if not front or point.accuracy > front[-1].accuracy:
            front.append(point)
    return front


def hypervolume(points: Sequence[Any], max_energy: float, min_accuracy: float = 0.0) -> float:
    """The area that the points dominate in the rectangle of accuracy above and energy below a reference point.

    Args:
        points: objects with `accuracy` and `energy`.
        max_energy: energy of the reference point.
        min_accuracy: accuracy of the reference point.

    Example:
        >>> hypervolume([Point((), 0.5, 0.25, "", 1, 0)], 1.0)
        0.375
    """
    inside = [point for point in points if point.energy < max_energy and point.accuracy > min_accuracy]
    front, area = front_of(inside), 0.0
    for point, end in zip(front, [*(following.energy for following in front[1:]), max_energy]):
        area += (end - point.energy) * (point.accuracy - min_accuracy)
    return area
