"""Second step: the accuracy of a trained model with the truth table of an approximate multiplier."""

import pathlib
import time
from collections import namedtuple
from typing import Annotated

import datasets
import keras
import typer
from progress import console, stop_on_error
from train import MODEL, compiled

from tfapprox.tf2 import approximate_model

BATCH = 150
SAMPLE = 300  # images of the training set, from which the quantisation ranges of the activations are taken

Evaluation = namedtuple("Evaluation", "accuracy seconds")
Evaluation.__doc__ = "Fraction of the test images that are classified correctly, and the seconds of the evaluation."


def evaluate(model, split):
    """The `Evaluation` of a compiled model on the images of a `Split`."""
    model.evaluate(split.images[:BATCH], split.labels[:BATCH], verbose=0)  # builds the graph, unless there is one
    start = time.perf_counter()
    _, accuracy = model.evaluate(split.images, split.labels, batch_size=BATCH, verbose=0)
    return Evaluation(accuracy, time.perf_counter() - start)


def main(
    model: Annotated[pathlib.Path, typer.Argument(help="The .keras file of train.py.")] = MODEL,
    mtab_file: Annotated[str, typer.Option("--mtab_file", help="Name of a multiplier or path of a .bin file.")] = "",
    num_bits: Annotated[int, typer.Option("--num_bits", min=2, max=8, help="Width of the codes.")] = 8,
    dataset: Annotated[datasets.Dataset, typer.Option(help=datasets.HELP)] = datasets.Dataset.mnist5k,
):
    """Evaluate a trained model with exact products and with those of a truth table."""
    with stop_on_error():
        exact = keras.models.load_model(model)
        training, split = datasets.load(dataset)
        sample = training.images[:SAMPLE]
        variants = {
            "float32": exact,
            f"exact, {num_bits} bits": approximate_model(exact, "", num_bits, data=sample),
        }
        if mtab_file:
            variants[mtab_file] = approximate_model(exact, mtab_file, num_bits, data=sample)
        for name, variant in variants.items():
            accuracy, seconds = evaluate(compiled(variant), split)
            console.print(f"{name}: accuracy {accuracy:.2%} of {len(split.labels)} images, {seconds:.2f} s")


if __name__ == "__main__":
    typer.run(main)
