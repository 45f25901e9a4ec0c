"""`tfapprox search` and `tfapprox sensitivity` with each kind of model, data and measure."""

import json
import re
from unittest import mock

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfapprox.__main__ import main
from tfapprox.search import html_report, plots
from tfapprox.tf1 import library_path

pytest.importorskip("scipy.optimize")
pytest.importorskip("optuna")
pytest.importorskip("matplotlib")

NAMES = ["mul8u_exact", "mul8u_drum6", "mul8u_trunc8"]
MODULE = """
import keras, numpy as np

def model():
    keras.utils.set_random_seed(0)
    first, last = keras.layers.Dense(6, "relu", name="a"), keras.layers.Dense(3, name="b")
    return keras.Sequential([keras.Input([4]), first, last])

def counted():
    with open("calls", "a") as file:
        file.write("x")
    return model()

def samples():
    x = np.random.default_rng(0).uniform(0, 1, (40, 4)).astype(np.float32)
    return x, np.arange(40) % 3

def mean_output(outputs, labels):
    assert labels.shape == (40,)
    return float(outputs.mean())

def regression():
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input([4]), keras.layers.Dense(1, name="a")])

def targets():
    x = samples()[0]
    return x, x.sum(axis=1, keepdims=True)

def closeness(outputs, labels):
    assert labels.shape == (40, 1) and np.unique(labels).size == 40
    return -float(np.abs(outputs - labels).mean())

def pixels():
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input([5, 5, 2]), keras.layers.Conv2D(3, 3, padding="same", name="a")])

def segments():
    x = np.random.default_rng(0).uniform(0, 1, (20, 5, 5, 2)).astype(np.float32)
    return x, pixels()(x).numpy().argmax(axis=-1)

def one_hot_segments():
    x, y = segments()
    return x, np.eye(3)[y]

def other_segments():
    x, y = segments()
    return x, (y + 1) % 3

def two_inputs():
    inputs = [keras.Input([4]), keras.Input([4])]
    return keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Add()(inputs)))
"""


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs a command in a folder with a module `mine`, and gives its exit code, output and errors."""
    (tmp_path / "mine.py").write_text(MODULE)
    costs = {"unit": "fJ", "source": "a test", "costs": dict(zip(NAMES, (3, 2, 1)))}
    (tmp_path / "costs.json").write_text(json.dumps(costs))
    monkeypatch.chdir(tmp_path)

    def run(command, *words):
        multipliers = [word for name in NAMES for word in ("-m", name)]
        argv = mock.patch("sys.argv", ["tfapprox", command, *words, *multipliers])
        no_plots = mock.patch.object(plots, "write_plots", return_value=[])
        no_page = mock.patch.object(html_report, "write_report")
        with argv, no_plots, no_page, pytest.raises(SystemExit) as end:
            main()
        return (end.value.code or 0, *capsys.readouterr())

    return run


def search(run, model, data, *options):
    """The content of front.json after a search with few evaluations."""
    code, _, errors = run(
        "search", model, "--data", data, "--costs", "costs.json", "--budget", "4", "-o", "out", *options
    )
    assert (code, errors) == (0, "")
    with open("out/front.json", encoding="utf-8") as file:
        return json.load(file)


def test_a_function_that_makes_the_model_and_one_that_gives_the_data(run):
    known = search(run, "mine:model", "mine:samples")
    assert known["layers"] == ["a", "b"]
    assert known["evaluations"] >= 4
    assert {entry["assignment"]["a"] for entry in known["uniform"]} == set(NAMES)


def test_sensitivity_prints_nothing_but_json(run, tmp_path):
    code, output, _ = run("sensitivity", "mine:model", "--data", "mine:samples", "--json", "--plot", "map")
    assert code == 0
    written = json.loads(output)["written"]
    assert [(tmp_path / path).is_file() for path in written] == [True, True]


def test_sensitivity_of_the_exact_product_has_no_rank_correlation(run, tmp_path):
    words = ["sensitivity", "mine:model", "--data", "mine:samples", "--swaps", "--json", "--plot", "map"]
    with mock.patch(f"{__name__}.NAMES", ["mul8u_exact"]):
        code, output, _ = run(*words)
    assert code == 0
    assert json.loads(output)["rank_correlation"] == {"measured": None, "changed_classes": None}
    assert (tmp_path / "map_scatter.png").is_file()


def test_sensitivity_predicts_from_the_calibration_and_measures_on_the_data(run):
    x = np.random.default_rng(0).uniform(0, 1, (60, 4))
    np.savez("few.npz", x=x[:20])
    np.savez("many.npz", x=x[20:])

    def sensitivity(*options):
        code, output, _ = run("sensitivity", "model.keras", "--swaps", "--json", *options)
        assert code == 0
        return json.loads(output)

    keras.Sequential([keras.Input([4]), keras.layers.Dense(3, name="b")]).save("model.keras")
    one, other = sensitivity("--data", "few.npz"), sensitivity("--data", "few.npz", "--calibration", "many.npz")
    assert other["predicted"] == sensitivity("--data", "many.npz")["predicted"] != one["predicted"]
    assert 0 < np.max(np.abs(np.subtract(other["measured"], one["measured"]))) < 0.5 * np.max(one["measured"])


def test_a_measure_of_the_user(run):
    known = search(run, "mine:model", "mine:samples", "--measure", "mine:mean_output", "--no-compensate", "--swaps")
    assert known["fingerprint"]["measure"] == known["measure"] == "mean_output"
    assert known["fingerprint"]["single swaps"] is True
    assert all(entry["accuracy"] < 1 for entry in known["front"])


def test_a_network_without_classes_needs_a_measure_which_gets_labels_as_they_are(run):
    known = search(run, "mine:regression", "mine:targets", "--measure", "mine:closeness", "--min-accuracy", "-9")
    assert known["highest accuracy"] < 0
    assert known["front"]
    for command in (["search", "--costs", "costs.json", "-o", "other"], ["retrain", "-o", "retrained"]):
        code, _, errors = run(command[0], "mine:regression", "--data", "mine:targets", *command[1:])
        assert code == 1
        assert re.search(r"must .* element .* received outputs of shape", errors)
    assert run("sensitivity", "mine:regression", "--data", "mine:targets", "--swaps")[0] == 0


@pytest.mark.parametrize(
    ("samples", "low", "high"), [("segments", 0.97, 1), ("one_hot_segments", 0.97, 1), ("other_segments", 0, 0.03)]
)
def test_each_pixel_has_a_class(run, samples, low, high):
    """Labels are those of the network in floating point, or others; the network of 8 bits differs in few pixels."""
    known = search(run, "mine:pixels", f"mine:{samples}", "--no-compensate", "--no-early-stop")
    accuracies = {entry["assignment"]["a"]: entry["accuracy"] for entry in known["uniform"]}
    assert low <= accuracies["mul8u_exact"] <= high


def test_two_inputs_are_refused(run):
    for command in (["search", "--costs", "costs.json"], ["sensitivity"], ["retrain"]):
        code, _, errors = run(command[0], "mine:two_inputs", "--data", "mine:samples", *command[1:])
        assert (code, "MODEL must have one input and one output; received 2 and 1" in errors) == (1, True)


def test_retraining_reports_no_measure_of_the_user(run):
    words = "mine:model", "--data", "mine:samples", "--costs", "costs.json", "--measure", "mine:mean_output"
    code, _, errors = run("search", *words, "--calibration", "mine:samples", "--retrain", "1")
    assert code == 1
    assert "--retrain cannot be combined with --measure" in errors


def test_compensation_is_on_for_keras_models(run):
    bad = []
    for option in ("--compensate", "--no-compensate"):
        known = search(run, "mine:model", "mine:samples", option, "--study", option, "--measure", "mine:mean_output")
        bad.append(next(x["accuracy"] for x in known["uniform"] if x["assignment"]["a"] == "mul8u_trunc8"))
        exact = next(x["accuracy"] for x in known["uniform"] if x["assignment"]["a"] == "mul8u_exact")
    assert abs(bad[0] - exact) < abs(bad[1] - exact) / 2


def test_a_file_of_keras(run):
    keras.Sequential([keras.Input([4]), keras.layers.Dense(3, name="b")]).save("model.keras")
    np.savez("data.npz", x=np.random.default_rng(0).uniform(0, 1, (40, 4)))
    known = search(run, "model.keras", "data.npz")
    assert known["measure"] == "agreement with the exact network"
    code, out, _ = run("sensitivity", "model.keras", "--data", "data.npz", "--compensate", "--json")
    assert code == 0
    compensated = json.loads(out)["predicted"][0]
    plain = json.loads(run("sensitivity", "model.keras", "--data", "data.npz", "--json")[1])["predicted"][0]
    assert compensated[1] == plain[1] == 0  # mul8u_exact
    assert 0 < compensated[2] < plain[2]  # mul8u_trunc8


def test_a_frozen_graph(run):
    operations = tf.load_op_library(library_path())
    random = np.random.default_rng(0)
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.float32, [None, 6, 6, 2], name="input")
        q = tf.quantization.quantize(x, -2.0, 2.0, tf.quint8)
        w = tf.quantization.quantize(random.normal(size=(3, 3, 2, 4)).astype(np.float32), -3.0, 3.0, tf.quint8)
        ranges = q[1], q[2], w[1], w[2]
        sums, _, _ = operations.ax_conv2d(
            q[0], w[0], *ranges, strides=[1, 1, 1, 1], padding="SAME", name="conv/eightbit"
        )
        tf.reshape(tf.cast(sums, tf.float32), [-1, 144], name="logits")
    with open("graph.pb", "wb") as file:
        file.write(graph.as_graph_def().SerializeToString())
    np.savez("data.npz", x=random.uniform(0, 1, (20, 6, 6, 2)), y=np.zeros(20, np.int64))
    known = search(run, "graph.pb", "data.npz")
    assert known["layers"] == ["conv/eightbit"]
    assert known["macs"] == [36 * 18 * 4]
    code, _, errors = run("search", "graph.pb", "--data", "data.npz", "--costs", "costs.json", "--compensate")
    assert code == 1
    assert "--compensate needs a Keras model; received GraphNetwork" in " ".join(errors.split())


def test_the_front_is_retrained(run):
    known = search(run, "mine:counted", "mine:samples", "--calibration", "mine:samples", "--retrain", "1")
    with open("calls", encoding="utf-8") as file:
        assert file.read() == "x"  # a function may give other weights the next time
    assert known["retraining epochs"] == 1
    assert all(0 <= entry["retrained_accuracy"] <= 1 for entry in known["front"])
    for index, entry in enumerate(known["front"]):
        with open(f"out/retrained-{index:02d}/retrain.json", encoding="utf-8") as file:
            result = json.load(file)
        assert result["accuracy"] == [entry["retrained_accuracy"]]
        assert {name for name, _ in result["multipliers"].values()} == set(entry["assignment"].values())
    again = search(run, "mine:counted", "mine:samples", "--calibration", "mine:samples", "--retrain", "1")
    assert again["front"] == known["front"]
    with open("out/front.csv", encoding="utf-8") as file:
        assert file.readline().split(",")[2:4] == ["accuracy", "retrained_accuracy"]
    legend = plots.front_plot(known).axes[0].get_legend()
    assert "front after retraining" in [text.get_text() for text in legend.get_texts()]


def test_what_cannot_be_retrained_is_refused_before_the_search(run):
    words = ("mine:model", "--data", "mine:samples", "--costs", "costs.json", "-o", "out", "--retrain", "1")
    code, _, errors = run("search", *words)
    assert code == 1
    assert "--retrain needs samples that train the network" in " ".join(errors.split())
    np.savez("unlabelled.npz", x=np.zeros([40, 4], np.float32))
    code, _, errors = run("search", *words, "--calibration", "unlabelled.npz")
    assert code == 1
    assert "--calibration must have labels for retraining" in " ".join(errors.split())
