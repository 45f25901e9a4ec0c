"""Plots: what they refuse, which files they write, and the Pareto front."""

import importlib
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from tfapprox.command_line import app
from tfapprox.common import multipliers
from tfapprox.common.multipliers import captions, plots, power_plot
from tfapprox.common.truth_table import TruthTable

pytest.importorskip("matplotlib")


def with_power(name, power):
    return multipliers.load(name)._replace(sidecar={**multipliers.load(name).sidecar, "power_mW": power})


def pixels(path):
    from matplotlib import image

    return image.imread(str(path))


@pytest.mark.parametrize("plot", [plots.error_heat_map, plots.error_histogram])
@pytest.mark.parametrize("name", ["mul8u_drum4", "mul8u_exact", "mul4u_trunc3"])
def test_one(tmp_path, plot, name):
    multiplier = multipliers.load(name)
    figure = plot(multiplier)
    assert figure.axes[0].get_title().startswith(f"{name}: ")
    assert f"sha256 {multiplier.table.sha256[:16]}" in figure.axes[0].get_title()
    written = plots.save(figure, tmp_path / "new" / name, ["png", "svg", "pdf"], [multiplier])
    assert written == [tmp_path / "new" / f"{name}.{kind}" for kind in ("png", "svg", "pdf")]
    assert 700 < pixels(written[0]).shape[1] < 1200  # the figure is 5 inches wide, for print
    assert written[1].read_text(encoding="utf-8").startswith("<?xml")
    assert written[2].read_bytes().startswith(b"%PDF-")
    assert multiplier.table.sha256.encode() in written[2].read_bytes()


def test_the_heat_map_shows_the_error_where_it_is(tmp_path):
    a, w = np.mgrid[0:256, 0:256]
    table = (
        a * w - 40 * (a > 191) * (w < 64) + 40 * (a < 64) * (w > 191)
    )  # less in the upper left, more in the lower right
    multiplier = multipliers.load("mul8u_exact")._replace(table=TruthTable(np.clip(table, 0, 65535)))
    image = pixels(plots.save(plots.error_heat_map(multiplier), tmp_path / "x", ["png"])[0])
    height, width = image.shape[:2]
    blue, red = image[height // 5, width // 5][:3], image[3 * height // 4, 7 * width // 10][:3]
    assert blue[2] > blue[0] + 0.2
    assert red[0] > red[2] + 0.2


def test_pareto_front():
    points = [(3, 1), (1, 5), (2, 5), (2, 2), (2, 2), (4, 0), (5, 0)]
    assert power_plot.pareto_front(points) == [1, 3, 0, 5]
    assert power_plot.pareto_front([]) == []


def test_several(tmp_path):
    chosen = [with_power(name, power) for name, power in (("mul8u_exact", 0.4), ("mul8u_drum4", 0.1))]
    (path,) = plots.save(power_plot.mae_against_power(chosen), tmp_path / "several", ["svg"], chosen)
    text = path.read_text(encoding="utf-8")
    assert "mul8u_exact" in text
    assert "mul8u_drum4" in text


def test_mistakes(tmp_path):
    exact, drum = with_power("mul8u_exact", 0.4), multipliers.load("mul8u_drum4")
    for chosen, message in (
        ([exact, drum], r"with known power; received no power_mW in NAME.json of mul8u_drum4"),
        ([exact], "two or more multipliers with known power; received 1"),
        ([exact, with_power("mul4u_exact", 0.1)], "must have operands of one width; received 4, 8 bits"),
    ):
        with pytest.raises(ValueError, match=message):
            power_plot.mae_against_power(chosen)
    figure = plots.error_histogram(exact)
    for formats, message in ((["eps", "png"], "must be of png, svg, pdf; received eps"), ([], "received none")):
        with pytest.raises(ValueError, match=message):
            plots.save(figure, tmp_path / "x", formats)


def test_command(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    for name, power in (("mul8u_A", 0.3), ("mul8u_B", 0.2)):
        multipliers.import_products(np.multiply.outer(np.arange(256), np.arange(256)), name, {"power_mW": power})
    result = CliRunner().invoke(app, ["multiplier", "plot", "-o", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert f"wrote {tmp_path / 'mae_against_power.png'}" in result.output
    result = CliRunner().invoke(app, ["multiplier", "plot", "mul8u_A", "-o", str(tmp_path), "--format", "svg"])
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in tmp_path.glob("mul8u_A*")) == ["mul8u_A_heat_map.svg", "mul8u_A_histogram.svg"]
    result = CliRunner().invoke(app, ["multiplier", "plot", "mul8u_A", "mul8u_B", "-o", str(tmp_path), "--json"])
    known = json.loads(result.output)
    assert known["written"] == [str(tmp_path / f"mae_against_power.{kind}") for kind in ("png", "svg")]
    assert [each["name"] for each in known["multipliers"]] == ["mul8u_A", "mul8u_B"]


@pytest.mark.parametrize("count", [1, 3, 12])
def test_a_legend_covers_neither_axes_nor_title(count):
    figure, axes = plots.new_figure()
    for number in range(count):
        axes.plot([0, 1], [number, 0], label=f"a line with the name {number}")
    plots.add_legend(axes, "A title")
    figure.tight_layout()
    figure.canvas.draw()
    legend, title = axes.get_legend().get_window_extent(), axes.title.get_window_extent()
    assert not legend.overlaps(axes.get_window_extent())
    assert not legend.overlaps(title)
    assert legend.y0 < title.y0 < title.y1 < figure.bbox.y1
    assert legend.x1 < figure.bbox.x1


def test_captions_cover_neither_each_other_nor_points():
    rng = np.random.default_rng(3)
    points = [(0.1 + 0.8 * x, 0.4 + 0.2 * y) for x, y in rng.random((24, 2))]
    figure, axes = plots.new_figure()
    figure.set_size_inches(7, 4.4)
    axes.scatter(*zip(*points), s=20)
    axes.step([0.1, 0.5, 0.9], [0.6, 0.5, 0.4], where="post", label="a line")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.legend()
    placed = captions.Captions.of(axes, points)
    for number, point in enumerate(points):
        placed.add(f"mul8u_X{number}", point, "black", 7)
    figure.canvas.draw()
    text_only = importlib.import_module("matplotlib.text").Text.get_window_extent  # it leaves out the line to the point
    boxes = [text_only(text) for text in axes.texts]
    assert len(boxes) == len(points)
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])
    middles = axes.transData.transform(points)
    assert not any(box.contains(*middle) for box in boxes for middle in middles)
    assert not any(box.overlaps(axes.get_legend().get_window_extent()) for box in boxes)
    frame = axes.get_window_extent()
    assert all(frame.x0 < box.x0 < box.x1 < frame.x1 and frame.y0 < box.y0 < box.y1 < frame.y1 for box in boxes)
