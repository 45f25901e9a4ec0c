"""Writes the table and the plot of docs/retraining.md from the files of retraining.py.

python benchmarks/retraining_report.py build/retraining
"""

import json
import statistics
import sys
from collections import defaultdict
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from retraining import EXACT, METHODS
from retraining_networks import NETWORKS

from tfapprox.common import atomic_files

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "retraining.md"
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
TITLES = {
    None: "untrained",
    "straight_through": "straight-through",
    "table_1d": "1-D",
    "table_2d": "2-D",
    "batch_norm": "offsets only",
}


def groups(folder):
    """The accuracies of all seeds, by network, multiplier, whether it was compensated, and method."""
    found = defaultdict(dict)
    for path in sorted(Path(folder).glob("*.jsonl")):
        for line in path.read_text().splitlines():
            row = json.loads(line)
            key = row["network"], row["multiplier"], row["compensated"], row["method"]
            found[key][row["seed"]] = row["accuracy"][-1]
    return {key: list(seeds.values()) for key, seeds in found.items()}


def cell(values):
    """Mean and deviation in per cent; the number of seeds if it is not 5."""
    if not values:
        return ""
    deviation = f" ± {100 * statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{100 * statistics.mean(values):.1f}{deviation}" + ("" if len(values) == 5 else f" ({len(values)})")


def tables(found):
    """A Markdown table for each network."""
    text = ""
    for network in NETWORKS:
        methods = [
            method for method in (None, *METHODS) if any(key[0] == network and key[3] == method for key in found)
        ]
        names = list(dict.fromkeys(key[1] for key in found if key[0] == network and key[1] != EXACT))
        if not names:
            continue
        exact = cell(found.get((network, EXACT, False, None)))
        text += f"\n{network}, exact products {exact}:\n\n| multiplier | compensated |"
        text += "".join(f" {TITLES[method]} |" for method in methods) + "\n|---|---|" + "---|" * len(methods) + "\n"
        for name in names:
            for is_compensated in (False, True):
                cells = [cell(found.get((network, name, is_compensated, method))) for method in methods]
                text += f"| `{name}` | {'yes' if is_compensated else 'no'} | {' | '.join(cells)} |\n"
    return text


def plot(found, path):
    """Draws the mean accuracy of each method, without and with compensation, as bars with deviations."""
    methods = [method for method in (None, *METHODS) if any(key[3] == method for key in found)]
    networks = [network for network in NETWORKS if any(key[0] == network and key[1] != EXACT for key in found)]
    most = max(len({key[1] for key in found if key[0] == network and key[1] != EXACT}) for network in networks)
    size = (10, 3.5 * len(networks))
    figure, rows = plt.subplots(len(networks), 1, figsize=size, layout="constrained", squeeze=False)
    for axes, network in zip(rows[:, 0], networks):
        names = list(dict.fromkeys(key[1] for key in found if key[0] == network and key[1] != EXACT))
        columns = [(method, is_compensated) for is_compensated in (False, True) for method in methods]
        for index, (method, is_compensated) in enumerate(columns):
            values = [found.get((network, name, is_compensated, method), []) for name in names]
            axes.bar(
                [place + (index - len(columns) / 2) * 0.09 for place in range(len(names))],
                [statistics.mean(x) if x else 0 for x in values],
                0.09,
                yerr=[statistics.stdev(x) if len(x) > 1 else 0 for x in values],
                color=f"C{methods.index(method)}",
                hatch="//" if is_compensated else None,
                edgecolor="white",
                label=f"{TITLES[method]}{', compensated' if is_compensated else ''}",
            )
        axes.axhline(statistics.mean(found[network, EXACT, False, None]), color="black", linewidth=0.8, linestyle=":")
        axes.set_xlim(-0.6, most - 0.4)
        axes.set_xticks(range(len(names)), [name[len("mul8u_") :] for name in names])
        axes.set(ylabel="accuracy", ylim=(0, 1), title=f"{network} (dotted: exact products)")
    rows[0, 0].legend(ncols=len(methods), fontsize=7, loc="lower center", bbox_to_anchor=(0.5, 1.08))
    with atomic_files.replacing(path) as unfinished:
        figure.savefig(unfinished, format="png", dpi=110)


def main(folder):
    """Replaces the measured part of the page, and its plot."""
    found = groups(folder)
    text = PAGE.read_text()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    plot(found, PAGE.with_name("retraining-accuracy.png"))
    image = "\n![Accuracy of networks before and after retraining](retraining-accuracy.png)\n\n"
    atomic_files.write(PAGE, (before + BEGIN + tables(found) + image + END + after).encode())


if __name__ == "__main__":
    main(sys.argv[1])
