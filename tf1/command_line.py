"""`python -m tfapprox.tf1`: the commands. Each one calls the function of a module that does the same in Python."""

import json
from typing import List, Optional, Sequence

import tensorflow as tf
import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from tfapprox.common.assignment import Choice, parse_assignment, read_assignment
from tfapprox.common.multipliers.identity import DIGITS
from tfapprox.link_command import link_command
from tfapprox.option_names import with_error_messages
from tfapprox.run_command import CONTEXT, run_command
from tfapprox.terminal import console, without_log

from . import convert as conversion
from . import coverage, freezing, layers
from . import graph as graphs
from .layers import Layer, Sizes
from .library import LIBRARY, library_path
from .tensorflow_v1 import install

app = typer.Typer(add_completion=False, help="AxConv2D: old scripts and frozen graphs.", no_args_is_help=True)
app.command("link")(link_command(library_path, LIBRARY))
app.command("run", context_settings=CONTEXT)(
    run_command(install, "Run an unmodified TensorFlow 1 script on the TensorFlow that is installed.")
)

GRAPH = typer.Argument(..., metavar="GRAPH", help="A frozen graph (.pb).", show_default=False)
SOURCE = typer.Argument(
    ..., metavar="GRAPH", help="A frozen graph (.pb), checkpoint (.meta) or SavedModel folder.", show_default=False
)
OUTPUT = typer.Option(..., "--output", "-o", metavar="FILE", help="The graph to write.", show_default=False)
MULT = typer.Option(None, metavar="NAME", help="Multiplier of all layers: a name, or a .bin file.")
TUNE = typer.Option(None, "--tune/--no-tune", help="Map each weight to the one whose products have the minimum error.")
LAYERS = typer.Option(
    None, "--layers", metavar="FILE", help="JSON file: layer -> multiplier, or multiplier, tune and sha256."
)
INPUTS = typer.Option(None, "--input-node", metavar="NODE", help="Instead of all placeholders; may be repeated.")
OUTPUTS = typer.Option(None, "--output-node", metavar="NODE", help="Instead of the only end; may be repeated.")
JSON = typer.Option(False, "--json", help="Print JSON for --layers.")
ASSIGNMENTS = typer.Argument(None, metavar="LAYER=MULT", help="Layers with their multipliers.", show_default=False)


def _text(sizes: Sizes) -> str:
    return "?" if sizes is None else "x".join("?" if size is None else str(size) for size in sizes)


def show(rows: Sequence[Layer]) -> None:
    """Prints layers as a table, with the MACs of each for one image and their sum."""
    macs = [layer.macs for layer in rows if layer.macs is not None]
    total = sum(macs) if len(macs) == len(rows) else None
    count = f"{len(rows)} layer" + "s" * (len(rows) != 1)
    shapes = ("input", "filter", "output")[console.width < 100 :]  # names are long
    table = Table(box=SIMPLE_HEAD, show_footer=True, pad_edge=False)
    table.add_column("layer", count, overflow="fold")
    for name in shapes:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("MACs", "?" if total is None else f"{total:,}", justify="right", no_wrap=True)
    table.add_column("multiplier", overflow="fold", min_width=10)
    table.add_column("sha256", justify="right", no_wrap=True)
    table.add_column("tune")
    for layer in rows:
        sha256 = layer.sha256[:DIGITS] if layer.sha256 else "-"
        work = "?" if layer.macs is None else f"{layer.macs:,}"
        sizes = (_text(getattr(layer, name)) for name in shapes)
        table.add_row(layer.name, *sizes, work, layer.multiplier, sha256, "yes" if layer.tune else "no")
    console.print(table, markup=False, highlight=False)


@app.command()
@with_error_messages(inputs="input_node", outputs="output_node", path="layers_file", everywhere="mult")
def convert(
    graph: str = SOURCE,
    output: str = OUTPUT,
    mult: Optional[str] = MULT,
    tune: Optional[bool] = TUNE,
    layers_file: Optional[str] = LAYERS,
    input_node: Optional[List[str]] = INPUTS,
    output_node: Optional[List[str]] = OUTPUTS,
) -> None:
    """Make a float graph one with AxConv2D (TensorFlow 1.14).

    A layer that gets no multiplier has the exact one.
    """
    by_layer = read_assignment(layers_file) if layers_file else {}
    with without_log():
        definition = freezing.read(graph, output_node or ())
        converted = conversion.convert(definition, input_node or (), output_node or ())
    write(layers.assigned(converted, Choice(mult, tune), by_layer), output)
    for text in coverage.notes(converted):
        console.print(f"note: {text}", markup=False, highlight=False, soft_wrap=True)
    if conversion.normalises_by_batch(converted):
        console.print("note: batch normalisation takes the statistics of the batch; results depend on its size")


@app.command(name="layers")
@with_error_messages()
def list_layers(graph: str = GRAPH, as_json: bool = JSON) -> None:
    """List the AxConv2D nodes of a graph: shapes, multiplications, multipliers."""
    rows = layers.layers(graphs.read(graph))
    if as_json:
        print(json.dumps({layer.name: dict(zip(Layer._fields[1:], layer[1:])) for layer in rows}, indent=1))
    else:
        show(rows)


@app.command(name="set")
@with_error_messages(path="layers_file", everywhere="mult")
def set_layers(
    graph: str = GRAPH,
    assignments: Optional[List[str]] = ASSIGNMENTS,
    output: str = OUTPUT,
    mult: Optional[str] = MULT,
    tune: Optional[bool] = TUNE,
    layers_file: Optional[str] = LAYERS,
) -> None:
    """Write a graph with other multipliers: --mult for all layers, --layers for several, LAYER=MULT for one."""
    by_layer = {**(read_assignment(layers_file) if layers_file else {}), **parse_assignment(assignments or [])}
    everywhere = Choice(mult, tune)
    if everywhere == layers.UNCHANGED and not by_layer:
        raise ValueError("set needs --mult, --tune, --layers or LAYER=MULT; received none of them")
    write(layers.assigned(graphs.read(graph), everywhere, by_layer), output)


def write(graph: "tf.compat.v1.GraphDef", output: str) -> None:
    """Writes a graph and shows its layers."""
    rows = layers.layers(graph)
    graphs.write(graph, output)
    show(rows)
    console.print(f"wrote {output}", markup=False, highlight=False, soft_wrap=True)
