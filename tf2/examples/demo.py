"""The main job in one command: what each multiplier does to the accuracy of a small CNN.

Trains on scikit-learn's digits, then evaluates with the built-in multipliers and every table found in
TFAPPROX_MULTIPLIER_PATH. Prints a table, and writes it as results.csv with a plot, accuracy.png.
"""

import csv
import pathlib
from collections import namedtuple
from typing import Annotated

import datasets
import typer
from accuracy_plot import plot
from evaluate import SAMPLE, evaluate
from progress import console, progress_bar, stop_on_error
from rich.table import Table
from train import MODEL, compiled, train

from tfapprox.common import atomic_files, load_truth_table, metrics, multipliers
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
    dataset: Annotated[datasets.Dataset, typer.Option(help="mnist is downloaded once.")] = datasets.Dataset.digits,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training images.")] = 20,
    output: Annotated[pathlib.Path, typer.Option(help="Folder for the results.")] = MODEL.parent,
):
    """Show what approximate multipliers do to the accuracy of a small CNN."""
    with stop_on_error():
        output.mkdir(parents=True, exist_ok=True)
        model = train(dataset, epochs)
        training, split = datasets.load(dataset)
        with_floats = evaluate(model, split)
        names = [name for name in multipliers.loadable_names() if name not in SAME]
        results = compare(model, training.images[:SAMPLE], split, names)
        with atomic_files.replacing(output / MODEL.name) as unfinished:
            model.save(unfinished)
        write_csv(results, output / "results.csv")
        plot(results, with_floats.accuracy, dataset.value, output / "accuracy.png")
    images = f"{len(split.labels)} test images of {dataset.value}"
    show(results, f"A small CNN on {images}; with float32 products {with_floats.accuracy:.2%}")
    if not multipliers.in_folders():
        console.print(f"Set {multipliers.SEARCH_PATH_VARIABLE} to a folder with your own NAME.bin tables to add them.")
    console.print(f"wrote {output / 'results.csv'}, {output / 'accuracy.png'}, {output / MODEL.name}")


if __name__ == "__main__":
    typer.run(main)
