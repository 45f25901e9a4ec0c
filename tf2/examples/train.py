"""First step: trains a small CNN with exact products and saves it as a .keras file."""

import pathlib
from typing import Annotated, Optional

import datasets
import keras
import typer
from progress import console, progress_bar, stop_on_error

from tfapprox.common import atomic_files
from tfapprox.retraining import each_epoch

MODEL = pathlib.Path("demo/model.keras")


def small_cnn(image_shape, classes=10):
    """Three convolutions and a dense layer: 3x3 filters, 16, 32 and 32 of them."""
    return keras.Sequential(
        [
            keras.Input(image_shape),
            keras.layers.Conv2D(16, 3, padding="same", activation="relu"),
            keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(classes),
        ]
    )


def compiled(model):
    """The model, ready for `fit` and `evaluate`."""
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model


def train(dataset, epochs=None):
    """A trained model; the same each time on one machine.

    Args:
        dataset: a `datasets.Dataset`.
        epochs: passes over the training images; by default those of `datasets.EPOCHS`.
    """
    keras.utils.set_random_seed(0)
    split, _ = datasets.load(dataset)
    epochs = epochs or datasets.EPOCHS[dataset]
    model = compiled(small_cnn(split.images.shape[1:]))
    with progress_bar() as bar:
        task = bar.add_task("training", total=epochs)
        watch = each_epoch(lambda done: bar.update(task, completed=done))
        model.fit(split.images, split.labels, batch_size=32, epochs=epochs, verbose=0, callbacks=[watch])
    return model


def main(
    output: Annotated[pathlib.Path, typer.Argument(help="The .keras file to write.")] = MODEL,
    dataset: Annotated[datasets.Dataset, typer.Option(help=datasets.HELP)] = datasets.Dataset.mnist5k,
    epochs: Annotated[Optional[int], typer.Option(min=1, help="Passes over the training images.")] = None,
):
    """Train a small CNN with exact products, for evaluate.py."""
    with stop_on_error():
        model = train(dataset, epochs)
        output.parent.mkdir(parents=True, exist_ok=True)
        with atomic_files.replacing(output) as unfinished:
            model.save(unfinished)
    console.print(f"saved {output}")


if __name__ == "__main__":
    typer.run(main)
