"""`tfapprox search`."""

import os
import shlex
import sys
from typing import List, Optional

import typer

from tfapprox import option_names
from tfapprox.common.argument_error import ArgumentError
from tfapprox.search import html_report, loading, plots, results, retrained_front
from tfapprox.search.engine import Search
from tfapprox.search.sensitivity import sensitivity
from tfapprox.search.settings import Settings, batch_size
from tfapprox.search.space import make_space
from tfapprox.terminal import progress_bar

from . import network_options as options
from .printing import grid, line, number, show
from .shared_options import completion

_TILES = typer.Option(None, "--tiles", metavar="K", help="Number of different multipliers on the chip.")
_BUDGET = typer.Option(100, "--budget", metavar="N", help="Number of evaluations.")
_STORAGE = typer.Option(None, "--storage", metavar="URL", help="Default: sqlite:///DIR/study.db; or postgresql://...")
_STUDY = typer.Option("search", "--study", metavar="NAME", help="Name of the study in the storage.")
_WORKER = typer.Option(False, "--worker", help="Join a search that another process began; write no results.")
_OUTPUT = typer.Option("search", "--output", "-o", metavar="DIR", help="Where to write the results.")
_SEED = typer.Option(0, "--seed", metavar="N", min=0, help="Seed of all random numbers.")
_COUNTING = typer.Option(
    "true",
    "--counting",
    metavar="true|published",
    help="How MACs of strided layers count.",
    autocompletion=completion("true", "published"),
)
_FIX = typer.Option([], "--fix", metavar="LAYER=NAME", help="Give a layer this multiplier; may be repeated.")
_EXCLUDE = typer.Option([], "--exclude", metavar="LAYER", help="Leave a layer as it is; may be repeated.")
_MIN_ACCURACY = typer.Option(None, "--min-accuracy", metavar="A", help="Leave less accurate points out of the front.")
_MAX_ENERGY = typer.Option(None, "--max-energy", metavar="E", help="Evaluate nothing above it, in the costs' unit.")
_MEASURE = typer.Option(None, "--measure", metavar="MODULE:FUNCTION", help="Instead of accuracy; higher is better.")
_EARLY = typer.Option(True, "--early-stop/--no-early-stop", help="Leave hopeless candidates early.")
_RETRAIN = typer.Option(0, "--retrain", metavar="EPOCHS", min=0, help="Retrain the front with the calibration data.")
_SWAPS = typer.Option(False, "--swaps", help="Measure the change by each multiplier in each layer, too.")
_UNIFORM = typer.Option(True, "--uniform/--no-uniform", help="At the end, evaluate each multiplier in all layers.")


@option_names.with_error_messages()
def search(
    model: str = options.MODEL,
    data: str = options.DATA,
    multipliers: List[str] = options.MULTIPLIERS,
    tiles: Optional[int] = _TILES,
    budget: int = _BUDGET,
    storage: Optional[str] = _STORAGE,
    study: str = _STUDY,
    worker: bool = _WORKER,
    output: str = _OUTPUT,
    seed: int = _SEED,
    calibration: Optional[str] = options.CALIBRATION,
    samples: Optional[int] = options.SAMPLES,
    costs: Optional[str] = options.COSTS,
    column: str = options.COLUMN,
    mix_sources: bool = options.MIX,
    counting: str = _COUNTING,
    fix: List[str] = _FIX,
    exclude: List[str] = _EXCLUDE,
    min_accuracy: Optional[float] = _MIN_ACCURACY,
    max_energy: Optional[float] = _MAX_ENERGY,
    measure: Optional[str] = _MEASURE,
    compensate: Optional[bool] = options.COMPENSATE,
    swaps: bool = _SWAPS,
    early_stop: bool = _EARLY,
    uniform: bool = _UNIFORM,
    retrain: int = _RETRAIN,
) -> None:
    """Find which multiplier in which layer saves energy at a given accuracy.

    The error that each multiplier makes in each layer is predicted from its
    truth table; the assignments with the least predicted error for their
    energy are evaluated, and the search learns from them and from all that
    follow until the budget is spent. The same command continues an interrupted
    search. Without labels, accuracy is the agreement with the exact network.
    Accuracies of a Keras model are those after compensation, as
    tfapprox.tf2.compensate does it. With --retrain, the network is then
    trained with each assignment of the front, and both fronts are shown.
    """
    settings = Settings(budget=budget, seed=seed, early_stop=early_stop)
    loaded = loading.load_data(data, samples)
    known = loaded if calibration is None else loading.load_data(calibration)
    fixed_names = [word.rpartition("=")[2] for word in fix]
    names, prices = options.names_and_costs(multipliers, costs, column, mix_sources, fixed_names)
    original = None
    if retrain and measure is not None:
        rule = "cannot be combined with --measure, because a retrained network is judged by its accuracy"
        raise ArgumentError("retrain", rule, measure)
    if retrain and not worker:
        original = None if model.endswith(".pb") else loading.load_model(model)
        retrained_front.check(original, None if calibration is None else known, loaded)
    network = options.open_network(model if original is None else original, names, known, compensate)
    layers = network.layers()
    every = [layer.name for layer in layers]
    space = make_space(
        layers,
        names,
        prices,
        counting=counting,
        tiles=tiles,
        fixed=options.fixed_layers(fix, every),
        exclude=options.matching_layers(exclude, every, "exclude"),
        min_accuracy=min_accuracy,
        max_energy=max_energy,
    )
    function = None if measure is None else loading.load_function(measure, "measure")
    changes = sensitivity(network, known, space.multipliers, swaps=swaps, batch_size=batch_size(len(loaded.x)))
    os.makedirs(output, exist_ok=True)
    url = storage or f"sqlite:///{os.path.join(os.path.abspath(output), 'study.db')}"
    running = Search(
        network, loaded, space, changes, storage=url, study=study, settings=settings, measure=function, worker=worker
    )
    try:
        with progress_bar() as bar:
            task = bar.add_task("evaluations", total=budget)
            running.run(lambda done, _: bar.update(task, completed=done))
            if uniform and not worker:
                running.evaluate_uniform()
    except KeyboardInterrupt:
        line("interrupted; the same command continues")
        raise typer.Exit(130) from None
    if worker:
        return
    command = "tfapprox " + " ".join(map(shlex.quote, sys.argv[1:]))
    content, written = results.write_results(running, output, command)
    if original is not None:
        content = _retrained(content, original, known, loaded, output, retrain, model)
        results.write_front(content, output)
    written += plots.write_plots(content, changes, output)
    html_report.write_report(content, changes, os.path.join(output, "report.html"))
    after = ["retrained"] if original is not None else []
    measured = plots.short_measure(content)
    table = grid(measured, *after, "energy", "file", "multipliers", numbers=(measured, *after, "energy"))
    for entry in content["front"]:
        used = ", ".join(dict.fromkeys(entry["assignment"].values()))
        accuracies = [number(entry[key]) for key in ("accuracy", *(f"{word}_accuracy" for word in after))]
        table.add_row(*accuracies, f"{entry['relative_energy']:.1%}", entry["file"], used)
    if content["front"]:
        show(table)
    else:
        line(results.unmet(content))
    reference = f"{number(content['reference energy'])} {content['unit']}"
    line(f"energy is relative to {plots.described_reference(content)}, {reference} for a multiplication")
    line(f"wrote {len(written) + 1} files to {output}, among them report.html and front.json")


def _retrained(content, original, training, validation, output, epochs, source):
    """The content of front.json after the retraining of the front, with a bar."""
    try:
        with progress_bar() as bar:
            task = bar.add_task("epochs of retraining", total=epochs * len(content["front"]))
            return retrained_front.retrain_front(
                content,
                original,
                training,
                validation,
                output,
                epochs,
                source=source,
                progress=lambda done: bar.update(task, completed=done),
            )
    except KeyboardInterrupt:
        line("interrupted; the same command continues after the last complete epoch")
        raise typer.Exit(130) from None
