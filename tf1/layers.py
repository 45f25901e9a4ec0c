"""The AxConv2D nodes of a frozen graph, the layers: shapes, work and multipliers; and how they are set."""

from collections import namedtuple

import numpy as np

from tfapprox.common import pin_table, tables

from . import graph as graphs

OPERATION = "AxConv2D"
SUFFIX = "/eightbit"  # of the node that TransformGraph makes of a convolution

Layer = namedtuple("Layer", "name input filter output macs multiplier tune")
Layer.__doc__ = """One AxConv2D node.

`input` and `output` are `[height, width, channels]`, `filter` is `[height, width, in_channels, out_channels]`; a size
that the graph does not say is `None`. `macs` is the number of multiplications for one image, or `None`.
"""

Choice = namedtuple("Choice", "multiplier tune")
Choice.__new__.__defaults__ = (None, None)
Choice.__doc__ = "AxMult and AxTune of a layer; what is `None` stays as it is."
UNCHANGED = Choice()


def _sizes(tensor):
    return None if tensor.shape.rank is None else tensor.shape.as_list()


def _macs(filter, output):
    sizes = [*(filter or [None])[:3], *(output or [None])[1:]]
    return None if None in sizes else int(np.prod(sizes, dtype=np.int64))


def layers(graph):
    """The layers of a `GraphDef`, in its order.

    Returns:
        A list of `Layer`.

    Raises:
        ValueError: if there is none, or TensorFlow cannot import the graph.
    """
    operations = [node for node in graphs.imported(graph).get_operations() if node.type == OPERATION]
    if not operations:
        raise ValueError(f"GRAPH must have {OPERATION} nodes; received a graph without (convert makes them)")
    result = []
    for node in operations:
        input, filter, output = (_sizes(tensor) for tensor in (*node.inputs[:2], node.outputs[0]))
        multiplier, tune = node.get_attr("AxMult").decode(), node.get_attr("AxTune")
        result.append(
            Layer(
                node.name, input and input[1:], filter, output and output[1:], _macs(filter, output), multiplier, tune
            )
        )
    return result


def _kept(multiplier):
    """What a graph keeps of a multiplier that exists: its name, which the original knows too, or an absolute path."""
    pinned = pin_table(multiplier, signed=False, argument="multiplier")
    return pinned if tables.PIN in multiplier else pinned.split(tables.PIN)[0]


def assigned(graph, everywhere=UNCHANGED, by_layer=None):
    """A copy of a `GraphDef` with other multipliers.

    Args:
        graph: the `GraphDef`.
        everywhere: `Choice` for all layers.
        by_layer: dictionary from a layer's name, with or without its ending `/eightbit`, to its own `Choice`.

    Raises:
        FileNotFoundError: if there is no such multiplier.
        ValueError: if there is no such layer, or the table does not have 8 bits, or is signed.
    """
    result = type(graph).FromString(graph.SerializeToString())
    nodes = {node.name: node for node in result.node if node.op == OPERATION}
    short = {name[: -len(SUFFIX)]: name for name in nodes if name.endswith(SUFFIX)}
    choices = {name: [everywhere] for name in nodes}
    for name, choice in (by_layer or {}).items():
        full = short.get(name, name)
        if full not in nodes:
            known = "\n  ".join(nodes)
            raise ValueError(f"a layer must be one of the graph's:\n  {known}\nreceived {name!r}")
        choices[full] = [*choices[full], choice]
    multipliers = {choice.multiplier for several in choices.values() for choice in several} - {None}
    kept = {multiplier: _kept(multiplier) for multiplier in multipliers}  # all, before anything is changed
    for name, several in choices.items():
        for choice in several:
            if choice.multiplier is not None:
                nodes[name].attr["AxMult"].s = kept[choice.multiplier].encode()
            if choice.tune is not None:
                nodes[name].attr["AxTune"].b = choice.tune
    return result
