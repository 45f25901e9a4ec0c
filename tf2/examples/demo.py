"""The main job in one command: what each multiplier does to the accuracy of a small CNN, or of a model of yours.

Trains on 4,000 digits of MNIST, unless there is a model, then evaluates with the built-in multipliers and every table
found in TFAPPROX_MULTIPLIER_PATH. Prints a table, and writes it as results.csv with a plot, accuracy.png.
"""

import csv
import pathlib
from collections import namedtuple
from typing import Annotated, Optional

import datasets
import typer
from accuracy_plot import plot
from evaluate import SAMPLE, evaluate
from own_model import load_classifier, load_images
from progress import console, progress_bar, stop_on_error
from rich.table import Table
from train import MODEL, compiled, train

from tfapprox.common import atomic_files, load_truth_table, metrics, multipliers
from tfapprox.common.argument_error import ArgumentError
from tfapprox.tf2 import approximate_model, set_multiplier

EXACT = {False: "mul8u_exact", True: "mul8s_exact"}  # by whether operands are signed
SAME = ["mul8u_1JFF", "mul8s_1KV8"]  # names that EvoApproxLib gives to the exact multipliers
Result = namedtuple("Result", "name mae wce accuracy difference seconds")
Result.__doc__ = """One multiplier: its error, the accuracy with it, and the seconds of the evaluation.

`difference` is the accuracy minus the accuracy with exact products of the same sign.
"""


def compare(model, sample, split, names):
    """A `Result` for each multiplier, by increasing MAE.

    There are two approximate models, for unsigned and for signed multipliers, which are calibrated on `sample` and then
    given one multiplier after the other.
    """
    models = {signed: compiled(approximate_model(model, name, data=sample)) for signed, name in EXACT.items()}
    results = []
    with progress_bar() as bar:
        task = bar.add_task("evaluating", total=len(names) + len(EXACT))
        exact = {}
        for signed, approximate in models.items():
            exact[signed] = evaluate(approximate, split).accuracy
            bar.advance(task)
        for name in names:
            bar.update(task, description=f"evaluating {name}")
            table = load_truth_table(name)
            error = metrics.errors(table)
            set_multiplier(models[table.signed], name)
            accuracy, seconds = evaluate(models[table.signed], split)
            difference = accuracy - exact[table.signed]
            results.append(Result(name, error.mae, error.wce, accuracy, difference, seconds))
            bar.advance(task)
    return sorted(results, key=lambda result: (result.mae, result.name))


def show(results, title):
    """Prints the results as a table."""
    table = Table(title=title)
    for column in ("multiplier", "MAE", "WCE", "accuracy", "minus exact", "time"):
        table.add_column(column, justify="left" if column == "multiplier" else "right")
    for result in results:
        style = "red" if result.difference < -0.05 else None
        table.add_row(
            result.name,
            f"{result.mae:,.2f}",
            f"{result.wce:,.0f}",
            f"{result.accuracy:.2%}",
            f"{100 * result.difference:+.2f} points",
            f"{result.seconds:.2f} s",
            style=style,
        )
    console.print(table)


def write_csv(results, path):
    """Writes the results as a comma-separated file with a header."""
    with atomic_files.replacing(path) as unfinished, open(unfinished, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(Result._fields)
        writer.writerows(results)


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
        network = train(dataset, epochs) if model is None else compiled(load_classifier(model, split))
        with_floats = evaluate(network, split)
        names = [name for name in multipliers.loadable_names() if name not in SAME]
        results = compare(network, training.images[:SAMPLE], split, names)
        if model is None:
            with atomic_files.replacing(output / MODEL.name) as unfinished:
                network.save(unfinished)
        write_csv(results, output / "results.csv")
        images = dataset.value if data is None else pathlib.Path(data).name
        subject = f"{'A small CNN' if model is None else pathlib.Path(model).name} on {images}"
        plot(results, with_floats.accuracy, subject, output / "accuracy.png")
    show(results, f"{subject}, {len(split.labels)} images; with float32 products {with_floats.accuracy:.2%}")
    if not multipliers.in_folders():
        console.print(f"Set {multipliers.SEARCH_PATH_VARIABLE} to a folder with your own NAME.bin tables to add them.")
    written = [output / "results.csv", output / "accuracy.png", *([] if model else [output / MODEL.name])]
    console.print(f"wrote {', '.join(map(str, written))}")


if __name__ == "__main__":
    typer.run(main)
