"""The distortion of layers: figures by hand, layers that see the same input, and errors."""

import keras
import numpy as np
import pytest

from tfapprox.tf2 import approximate_model, distortion
from tfapprox.tf2.histogram import Histogram, divergence

IMAGES = np.random.RandomState(0).uniform(0, 1, (40, 8, 8, 3)).astype(np.float32)


def network(multipliers, **arguments):
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Conv2D(4, 3, name="first", activation="relu"), keras.layers.Conv2D(2, 3, name="second")]
    inner = keras.Sequential([keras.Input([6, 6, 4]), layers[1]], name="block")
    model = keras.Sequential([keras.Input([8, 8, 3]), layers[0], inner])
    return approximate_model(model, multipliers, data=IMAGES, **arguments)


@pytest.mark.parametrize("multiplier", ["mul8u_drum4", "mul8s_exact"])
def test_figures(multiplier):
    model = network({"first": multiplier, "second": "mul8u_drum3"})
    rows = {row.path: row for row in distortion(model, (IMAGES, np.zeros(40)), batch_size=7)}
    assert list(rows) == ["first", "block/second"]
    hidden = model.layers[0](IMAGES).numpy()
    exact = network({"first": None, "second": None}).layers[1].layers[0]
    assert exact.activation_ranges["input"].values == model.layers[1].layers[0].activation_ranges["input"].values
    y = exact(hidden).numpy().astype(np.float64)
    error = model.layers[1].layers[0](hidden).numpy() - y
    row = rows["block/second"]
    assert row.mse == pytest.approx(np.mean(error**2), rel=1e-9)
    assert row.sqnr == pytest.approx(10 * np.log10(np.sum(y**2) / np.sum(error**2)), rel=1e-9)
    cosine = np.sum(y * (y + error)) / np.linalg.norm(y) / np.linalg.norm(y + error)
    assert row.cosine == pytest.approx(cosine, rel=1e-9)
    assert row.kl > 0
    if multiplier == "mul8s_exact":
        assert rows["first"] == ("first", 0.0, np.inf, pytest.approx(1), 0.0)
    assert "call" not in vars(model.layers[0])


def test_a_worse_multiplier_has_more_distortion():
    better, worse = (distortion(network(name), IMAGES)[0] for name in ("mul8u_drum6", "mul8u_drum3"))
    assert better.mse < worse.mse
    assert better.sqnr > worse.sqnr
    assert better.cosine > worse.cosine
    assert better.kl < worse.kl


def test_divergence():
    first, second = Histogram(), Histogram()
    first.add(np.repeat([0.0, 1.0], [3, 1]))
    second.add(np.repeat([0.0, 1.0], [1, 3]))
    p, q = np.array([1.5, 3.5]) / 5, np.array([3.5, 1.5]) / 5
    assert divergence(first, second) == pytest.approx(np.sum(p * np.log(p / q)))
    third = Histogram()
    third.add(np.repeat([0.0, 1.0, 1e9], [1, 3, 1]))
    assert divergence(first, third) > 0


def test_errors():
    with pytest.raises(ValueError, match="data must have at least one sample; received none"):
        distortion(network(""), IMAGES[:0])
    with pytest.raises(ValueError, match="model must have approximate layers; received 'plain'"):
        distortion(keras.Sequential([keras.Input([3]), keras.layers.Dense(1)], name="plain"), np.ones([2, 3]))
