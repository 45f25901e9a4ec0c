"""Places short texts beside the points of a plot: they cover neither each other nor points, nor lines if possible."""

from typing import Any, Iterator, List, NamedTuple, Sequence, Tuple

import numpy as np

_MARKER = 3.6  # points from the middle of a marker to its edge
_STEPS = 24  # directions from a point in which its text may lie
_DISTANCES = (2.0, 5.0, 9.0, 14.0, 20.0, 28.0, 38.0, 50.0, 64.0, 80.0)  # points from a marker to its text
_LEADER = 6.0  # from this distance on, a line leads from the point to its text
_COSTS = {"text": 1000.0, "marker": 400.0, "outside": 2000.0, "line": 40.0, "nearer": 30.0}


class _Box(NamedTuple):
    left: float
    bottom: float
    right: float
    top: float

    def overlap(self, others: np.ndarray) -> float:
        """How many of the boxes `[count, 4]` this one meets, each counted by the share of this one that it covers."""
        if not len(others):
            return 0.0
        width = np.minimum(self.right, others[:, 2]) - np.maximum(self.left, others[:, 0])
        height = np.minimum(self.top, others[:, 3]) - np.maximum(self.bottom, others[:, 1])
        covered = np.clip(width, 0, None) * np.clip(height, 0, None)
        return float(((covered > 0) * (1 + covered / self.area)).sum())

    @property
    def area(self) -> float:
        return (self.right - self.left) * (self.top - self.bottom)


class Captions(NamedTuple):
    """The captions of a plot and what they avoid, in points (1/72 inch) from the lower left corner of the figure.

    Attributes:
        axes: axes of matplotlib, whose limits are final.
        markers: float array `[count, 4]`, the boxes of all points: left, bottom, right, top.
        lines: float array `[count, 2]`, points on the lines of the plot, close to each other.
        texts: boxes of what is there already, to which each caption is added.
    """

    axes: Any
    markers: np.ndarray
    lines: np.ndarray
    texts: List[_Box]

    @classmethod
    def of(cls, axes: Any, points: Sequence[Tuple[float, float]]) -> "Captions":
        """The captions of axes whose points, lines and legend are drawn, and whose limits are set.

        Args:
            axes: axes of matplotlib.
            points: all points of the plot, in data coordinates.
        """
        scale = 72 / axes.figure.dpi
        axes.figure.canvas.draw()
        middles = axes.transData.transform(np.asarray(points, float).reshape(-1, 2)) * scale
        lines = [line.get_transform().transform(_corners(line)) * scale for line in axes.lines]
        texts = [*axes.texts, *([axes.get_legend()] if axes.get_legend() else [])]
        boxes = [text.get_window_extent() for text in texts]
        return cls(
            axes,
            np.hstack([middles - _MARKER, middles + _MARKER]),
            np.concatenate([_dense(line) for line in lines] or [np.zeros((0, 2))]),
            [_Box(*(value * scale for value in (box.x0, box.y0, box.x1, box.y1))) for box in boxes],
        )

    def add(self, text: str, point: Tuple[float, float], colour: str, size: float) -> None:
        """Writes a text beside a point, with a thin line to the point if it is not close.

        Args:
            text: the text, one line.
            point: the point, in data coordinates.
            colour: colour of text and line, as matplotlib takes it.
            size: size of the font in points.
        """
        x, y = self.axes.transData.transform(point) * (72 / self.axes.figure.dpi)
        width, height = self._size(text, size)
        placed = min(_candidates(x, y, width, height), key=lambda each: self._cost(each[1], each[0], (x, y)))
        distance, chosen = placed
        self.texts.append(chosen)
        middle = (chosen.left + chosen.right) / 2 - x, (chosen.bottom + chosen.top) / 2 - y
        arrow = {"arrowstyle": "-", "linewidth": 0.4, "color": colour, "shrinkA": 0, "shrinkB": 3}
        self.axes.annotate(
            text,
            point,
            xytext=middle,
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=size,
            color=colour,
            arrowprops=arrow if distance >= _LEADER else None,
        )

    def _size(self, text, size):
        """Width and height of a text in points, with a margin."""
        drawn = self.axes.text(0, 0, text, fontsize=size)
        extent = drawn.get_window_extent()
        drawn.remove()
        scale = 72 / self.axes.figure.dpi
        return extent.width * scale + 1, extent.height * scale + 1

    def _cost(self, box, distance, own):
        frame = self.axes.get_window_extent()
        scale = 72 / self.axes.figure.dpi
        inside = frame.x0 * scale < box.left and box.right < frame.x1 * scale
        inside = inside and frame.y0 * scale < box.bottom and box.top < frame.y1 * scale
        on_lines = self.lines
        crossed = (on_lines[:, 0] > box.left) & (on_lines[:, 0] < box.right)
        crossed &= (on_lines[:, 1] > box.bottom) & (on_lines[:, 1] < box.top)
        return (
            distance
            + _COSTS["text"] * box.overlap(np.array(self.texts).reshape(-1, 4))
            + _COSTS["marker"] * box.overlap(self.markers)
            + _COSTS["line"] * bool(crossed.any())
            + _COSTS["nearer"] * self._is_nearer_to_another(box, own)
            + (0 if inside else _COSTS["outside"])
        )

    def _is_nearer_to_another(self, box, own):
        """Whether a text would be nearer to another point than to its own."""
        middles = (self.markers[:, :2] + self.markers[:, 2:]) / 2
        x = np.maximum(np.maximum(box.left - middles[:, 0], middles[:, 0] - box.right), 0)
        y = np.maximum(np.maximum(box.bottom - middles[:, 1], middles[:, 1] - box.top), 0)
        is_own = np.hypot(*(middles - own).T) < _MARKER
        distances = np.hypot(x, y)
        return bool((~is_own).any() and distances[~is_own].min() < distances[is_own].min() + 2)


def _corners(line: Any) -> np.ndarray:
    """The corners `[count, 2]` of a line as it is drawn, in the coordinates of its data; steps add corners."""
    from matplotlib.cbook import STEP_LOOKUP_MAP

    return np.column_stack(STEP_LOOKUP_MAP[line.get_drawstyle()](*line.get_xydata().T))


def _dense(line: np.ndarray) -> np.ndarray:
    """Points on a line through corners `[count, 2]`, two points (1/36 inch) apart."""
    pieces = [line]
    for start, end in zip(line, line[1:]):
        count = 2 + int(np.hypot(*(end - start)) / 2)
        pieces.append(np.linspace(start, end, count))
    return np.concatenate(pieces)


def _candidates(x: float, y: float, width: float, height: float) -> Iterator[Tuple[float, _Box]]:
    """Boxes of a text around a point, each with its distance from the marker; the closest ones come first."""
    for distance in _DISTANCES:
        for step in range(_STEPS):
            angle = 2 * np.pi * (step + 0.5) / _STEPS
            reach = _MARKER + distance
            left = x + reach * np.cos(angle) + (np.cos(angle) - 1) * width / 2
            bottom = y + reach * np.sin(angle) + (np.sin(angle) - 1) * height / 2
            yield distance, _Box(left, bottom, left + width, bottom + height)
