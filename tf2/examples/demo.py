"""The main job in one command: what each multiplier does to the accuracy of a small CNN, or of a model of yours.

Trains on 4,000 digits of MNIST, unless there is a model. Then measures the accuracy with the built-in multipliers and
every table in the folders of TFAPPROX_MULTIPLIER_PATH and in the user's folder. Prints the results as a table, and
writes them as results.csv and as a plot, accuracy.png.
"""

import pathlib
from typing import Annotated, Optional

import datasets
import typer
from evaluate import BATCH, SAMPLE
from own_model import load_classifier, load_images
from progress import console, stop_on_error
from train import MODEL, train

from tfapprox.common import atomic_files, multipliers
from tfapprox.common.argument_error import ArgumentError
from tfapprox.tf2 import compare


def main(
    model: Annotated[
        Optional[str], typer.Option(help="A trained model: a .keras or .h5 file, or package.module:function.")
    ] = None,
    data: Annotated[
        Optional[str],
        typer.Option(help="Images for the model: a .npz file with x and y, or package.module:function."),
    ] = None,
    dataset: Annotated[datasets.Dataset, typer.Option(help=datasets.HELP)] = datasets.Dataset.mnist5k,
    epochs: Annotated[Optional[int], typer.Option(min=1, help="Passes over the training images.")] = None,
    output: Annotated[pathlib.Path, typer.Option(help="Folder for the results.")] = MODEL.parent,
):
    """Show what approximate multipliers do to the accuracy of a small CNN, or of your model."""
    with stop_on_error({name: f"--{name}" for name in ("model", "data", "epochs")}):
        if data is not None and model is None:
            raise ArgumentError("data", "is for a model", repr(data), ("model=FILE", "names one"))
        if epochs is not None and model is not None:
            raise ArgumentError("epochs", "is for the small CNN, which is trained without a model", epochs)
        output.mkdir(parents=True, exist_ok=True)
        training, split = datasets.load(dataset) if data is None else load_images(data)
        network = train(dataset, epochs) if model is None else load_classifier(model, split)
        comparison = compare(network, split.images, split.labels, data=training.images[:SAMPLE], batch_size=BATCH)
        images = dataset.value if data is None else pathlib.Path(data).name
        comparison.model = f"{'a small CNN' if model is None else pathlib.Path(model).name} on {images}"
        if model is None:
            with atomic_files.replacing(output / MODEL.name) as unfinished:
                network.save(unfinished)
        comparison.to_csv(output / "results.csv")
        with atomic_files.replacing(output / "accuracy.png") as unfinished:
            comparison.plot().savefig(unfinished, dpi=120)
    console.print(comparison)
    if not multipliers.in_folders():
        console.print(f"Set {multipliers.SEARCH_PATH_VARIABLE} to a folder with your own NAME.bin tables to add them.")
    written = [output / "results.csv", output / "accuracy.png", *([] if model else [output / MODEL.name])]
    console.print(f"wrote {', '.join(map(str, written))}")


if __name__ == "__main__":
    typer.run(main)
