"""`tfapprox retrain`."""

from typing import List, Optional

import typer

from tfapprox import option_names, retraining
from tfapprox.common.gradient_tables import GRADIENTS
from tfapprox.search import loading
from tfapprox.terminal import progress_bar

from . import network_options as options
from .printing import line
from .shared_options import complete_name, completion

_MODEL = typer.Argument(
    ..., metavar="MODEL", help="A .keras or .h5 file, or package.module:function.", show_default=False
)
_MULTIPLIER = typer.Option(
    ...,
    "--multiplier",
    "-m",
    metavar="NAME",
    help="A name, or the path of a .json assignment.",
    show_default=False,
    autocompletion=complete_name,
)
_VALIDATION = typer.Option(None, "--validation", metavar="FILE.npz", help="Default: a random fifth of --data.")
_EPOCHS = typer.Option(5, "--epochs", metavar="N", min=1, help="Passes over the samples.")
_RECIPE = typer.Option(
    "full",
    "--recipe",
    metavar="full|batch_norm",
    help="All weights, or biases and normalisation.",
    autocompletion=completion("full", "batch_norm"),
)
_GRADIENT = typer.Option(
    GRADIENTS[0],
    "--gradient",
    metavar="KIND",
    help="Gradients: straight_through, table_1d or table_2d.",
    autocompletion=completion(*GRADIENTS),
)
_WINDOW = typer.Option(
    None, "--half-window", metavar="N|auto", help="Half window of gradients from the table; auto searches one."
)
_COMPENSATE = typer.Option(True, "--compensate/--no-compensate", help="Compensate errors before the training.")
_DISTIL = typer.Option(False, "--distil", help="Let the exact twin teach the network.")
_GRADUAL = typer.Option(
    [],
    "--gradual",
    metavar="NAME",
    help="Begin with an epoch with NAME; may be repeated.",
    autocompletion=complete_name,
)
_RATE = typer.Option(1e-3, "--learning-rate", metavar="X", help="Learning rate of Adam.")
_BATCH = typer.Option(64, "--batch-size", metavar="N", min=1, help="Samples in a step.")
_SEED = typer.Option(0, "--seed", metavar="N", min=0, help="Seed of all random numbers.")
_OUTPUT = typer.Option("retrain", "--output", "-o", metavar="DIR", help="Where to write the results.")


@option_names.with_error_messages(multipliers="multiplier", checkpoint="output")
def retrain(
    model: str = _MODEL,
    multiplier: str = _MULTIPLIER,
    data: str = options.DATA,
    validation: Optional[str] = _VALIDATION,
    samples: Optional[int] = options.SAMPLES,
    epochs: int = _EPOCHS,
    recipe: str = _RECIPE,
    gradient: str = _GRADIENT,
    half_window: Optional[str] = _WINDOW,
    compensate: bool = _COMPENSATE,
    distil: bool = _DISTIL,
    gradual: List[str] = _GRADUAL,
    learning_rate: float = _RATE,
    batch_size: int = _BATCH,
    seed: int = _SEED,
    output: str = _OUTPUT,
) -> None:
    """Train a network with its multiplier, so that it wins back accuracy.

    Writes the model, the accuracy after each epoch as CSV and as a plot, and
    a checkpoint of each epoch. The same command goes on after an
    interruption, with more --epochs also after its end, and ends in the same
    weights as if it had not been interrupted.
    """
    loaded = loading.load_data(data, samples)
    if validation is None:
        training, others = retraining.held_out(loaded, seed)
    else:
        training, others = loaded, loading.load_data(validation)
    window = int(half_window) if half_window is not None and half_window.isdecimal() else half_window
    settings = retraining.Options(
        recipe, gradient, window, compensate, distil, tuple(gradual), learning_rate, batch_size, seed
    )
    network = loading.load_model(model)
    try:
        with progress_bar() as bar:
            task = bar.add_task("epochs", total=epochs)
            watch = retraining.each_epoch(lambda done: bar.update(task, completed=done))
            known = retraining.retrain_model(
                network, multiplier, training, others, output, epochs, settings, model, [watch]
            )
    except KeyboardInterrupt:
        line("interrupted; the same command continues after the last complete epoch")
        raise typer.Exit(130) from None
    for candidate, reason in known.get("lost_half_windows", {}).items():
        line(f"half window {candidate} is lost: {reason}")
    line(f"accuracy of {len(others.x):,} samples")
    accuracies = {"in floating point": known["exact"], "with the multiplier, before training": known["before"]}
    accuracies[f"after {len(known['accuracy'])} epochs"] = known["accuracy"][-1]
    for moment, accuracy in accuracies.items():
        line(f"  {moment:<36}{accuracy:>7.1%}")
    line(f"wrote model.keras, history.csv, accuracy.pdf, accuracy.png and retrain.json to {output}")
