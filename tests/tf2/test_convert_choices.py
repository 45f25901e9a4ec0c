"""Which layer gets which multiplier, and which stay as they are; ranges and data of a conversion."""

import logging

import keras
import numpy as np
import pytest

from tfapprox.tf2 import FakeApproxConv2D, approximate_model, convert

IMAGES = np.random.RandomState(0).uniform(0, 1, (6, 8, 8, 4)).astype(np.float32)


def network():
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Conv2D(4, 3, padding="same", name=f"conv{index}") for index in range(3)]
    inner = keras.Sequential([keras.Input([8, 8, 4]), layers[1], keras.layers.ReLU()], name="block")
    return keras.Sequential([keras.Input([8, 8, 4]), layers[0], inner, layers[2]])


def multipliers(model):
    """The multiplier of each convolution; `False` where it is in floating point."""
    layers = [model.layers[0], model.layers[1].layers[0], model.layers[2]]
    return [layer.mul_map_file if isinstance(layer, FakeApproxConv2D) else False for layer in layers]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ("mul8u_drum4", ["mul8u_drum4"] * 3),
        (None, [""] * 3),
        ({"conv1": "mul8u_drum4"}, ["", "mul8u_drum4", ""]),
        ({"block/conv1": "mul8u_drum4", "conv*": "mul8u_drum3"}, ["mul8u_drum3", "mul8u_drum4", "mul8u_drum3"]),
        ({"block/*": False, "*": "mul8u_drum4"}, ["mul8u_drum4", False, "mul8u_drum4"]),
        ({"*": "mul8u_drum3", "conv0": None}, ["", "mul8u_drum3", "mul8u_drum3"]),
        (lambda layer: None if layer.name == "conv2" else "mul8u_drum4", ["mul8u_drum4", "mul8u_drum4", ""]),
    ],
)
def test_multipliers(chosen, expected):
    assert multipliers(approximate_model(network(), chosen)) == expected


@pytest.mark.parametrize(
    ("skip", "expected"),
    [
        ("first", [False, "", ""]),
        (["first", "last"], [False, "", False]),
        ("conv1", ["", False, ""]),
        ("block/*", ["", False, ""]),
        (("*",), [False] * 3),
    ],
)
def test_skip(skip, expected, caplog):
    assert multipliers(approximate_model(network(), "", skip=skip)) == expected
    (line,) = [x.getMessage() for x in caplog.records if "stay exact" in x.getMessage()]
    assert line.startswith("layers that stay exact because you asked for it: ")
    assert line.count("33.3% of the MACs") == expected.count(False)


def test_a_copy_in_floating_point_has_nothing_to_tell(caplog, recwarn):
    """A retraining makes such a copy as exact twin, and its user did not ask for exact layers."""
    assert multipliers(approximate_model(network(), False)) == [False] * 3
    assert not [x for x in caplog.records if "stay exact" in x.getMessage()]
    assert not [x for x in recwarn if "stay exact" in str(x.message)]


def test_last_is_the_last_layer_that_multiplies(caplog):
    model = keras.Sequential(
        [keras.Input([8, 8, 4]), keras.layers.Conv2D(2, 1), keras.layers.Flatten(), keras.layers.Dense(2)]
    )
    copy = approximate_model(model, skip="last")
    assert isinstance(copy.layers[0], FakeApproxConv2D)
    assert "dense" in caplog.text


def test_false_makes_an_approximate_layer_exact_again():
    approximate = approximate_model(network(), "mul8u_drum4")
    back = approximate_model(approximate, {"conv0": False, "*": "mul8u_drum3"})
    assert multipliers(back) == [False, "mul8u_drum3", "mul8u_drum3"]
    np.testing.assert_array_equal(back.layers[0](IMAGES), network().layers[0](IMAGES))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"multipliers": {"convX": ""}},
            "multipliers must have names or patterns of layers as keys; received 'convX'",
        ),
        (
            {"skip": "convX"},
            "skip must have .* names or patterns of layers that multiply; received 'convX'",
        ),
        ({"ranges": "none"}, "ranges must be 'batch', 'moving' or 'fixed'; received 'none'"),
        (
            {"ranges": "moving", "data": IMAGES},
            "ranges must be 'fixed', or left out, if there is data",
        ),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        approximate_model(network(), **arguments)


def test_data_calibrates():
    copy = approximate_model(network(), "mul8u_drum4", data=IMAGES, per_channel=True)
    layers = [copy.layers[0], copy.layers[1].layers[0], copy.layers[2]]
    assert [(layer.ranges, layer.per_channel) for layer in layers] == [("fixed", True)] * 3
    together = np.asarray(copy(IMAGES))
    np.testing.assert_array_equal(np.concatenate([copy(image[None]) for image in IMAGES]), together)


def test_another_multiplier_keeps_the_ranges():
    first = approximate_model(network(), "mul8u_drum4", data=IMAGES, per_channel=True)
    second = approximate_model(first, "mul8s_exact")
    layer, old = second.layers[0], first.layers[0]
    assert (layer.ranges, layer.per_channel) == ("fixed", True)
    assert layer.activation_ranges["input"].values == old.activation_ranges["input"].values
    assert approximate_model(first, "mul8s_exact", ranges="batch").layers[0].ranges == "batch"


def test_without_data_it_says_once_that_results_depend_on_the_batch(caplog, monkeypatch):
    monkeypatch.setattr(convert, "_has_told", False)
    with caplog.at_level(logging.WARNING, "tfapprox"):
        approximate_model(network(), "mul8u_drum4", ranges="batch")
        approximate_model(network(), "mul8u_drum4", data=IMAGES)
        assert not caplog.records
        approximate_model(network(), "mul8u_drum4")
        approximate_model(network(), "mul8u_drum4")
    (record,) = caplog.records
    assert "results depend on the batch size and on the order of images" in record.getMessage()
