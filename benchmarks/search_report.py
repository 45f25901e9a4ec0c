"""Writes the measured part of docs/search.md and its figures from the file of search_networks.py.

python benchmarks/search_report.py [RESULTS.jsonl]
"""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from search_networks import GENERATIONS, POPULATION, RESULTS

from tfapprox.common import atomic_files

PAGE = Path(__file__).parent.parent / "docs" / "search.md"
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
COUNTS = [10, 20, 30, 50, 100]
ALL = GENERATIONS * POPULATION
NAMES = {"ResNet-8": "small ResNet"}
COMPENSATED = "compensated "
COLOURS = {"search": "C0", "search with swaps": "C2", "nsga2": "C1"}
TITLES = {"search": "this search", "search with swaps": "with --swaps", "nsga2": "NSGA-II alone"}


def cases(rows):
    """The networks, compensated or not, by their title: rows by seed of each method."""
    found = {}
    for row in rows:
        title = NAMES.get(row["network"], row["network"])
        title += ", compensated" * row["part"].startswith(COMPENSATED)
        found.setdefault(title, {}).setdefault(row["part"].replace(COMPENSATED, ""), {})[row["seed"]] = row
    return found


def hypervolume(row, count):
    """The hypervolume after a number of evaluations."""
    return max([area for number, area in row["curve"] if number <= count], default=0.0)


def table(header, lines):
    """A Markdown table."""
    cells = [header, ["---"] * len(header), *lines]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in cells) + "\n"


def rate(row, _):
    """Evaluations a minute."""
    return f"{60 * row['evaluations'] / row['seconds']['all']:.0f}"


def assigning(row, _):
    """The share of the time that giving layers their multipliers takes."""
    return f"{row['seconds']['assign'] / row['seconds']['all']:.1%}"


def hypervolumes(methods):
    """The table of one network: a column for each seed."""
    others = methods.get("nsga2", {})
    seeds = sorted({seed for method in COLOURS for seed in methods.get(method, {})})

    def line(title, rows, text):
        return [title, *(text(rows[seed], seed) if seed in rows else "" for seed in seeds)]

    def area(count):
        return lambda row, _: f"{hypervolume(row, count):.4f}"

    def share(count):
        whole = {seed: hypervolume(row, ALL) for seed, row in others.items()}
        return lambda row, seed: f"{hypervolume(row, count) / whole[seed]:.1%}" if seed in whole else ""

    lines = [line(f"{TITLES['nsga2']}, {count:,} evaluations", others, area(count)) for count in (100, ALL)]
    for method in [each for each in list(COLOURS)[:2] if each in methods]:
        ours, title = methods[method], TITLES[method]
        lines += [line(f"{title}, {count} evaluations", ours, area(count)) for count in COUNTS]
        for count in (50, 100):
            lines.append(line(f"share of the {ALL:,} evaluations, with {count}", ours, share(count)))
        lines.append(line("uniform assignments above the front", ours, lambda row, _: len(row["above"])))
        lines.append(line("evaluations a minute", ours, rate))
        lines.append(line("time for assignments", ours, assigning))
    return table(["", *(f"seed {seed}" for seed in seeds)], [each for each in lines if any(map(str, each[1:]))])


def correlations(found):
    """The table of rank correlations."""
    lines = []
    for title, methods in found.items():
        for row in methods.get("swaps", {}).values():
            values = [f"{row['rank_correlation'][key]:.3f}" for key in ("measured", "changed_classes")]
            lines.append([title, len(row["layers"]) * len(row["multipliers"]), *values])
    return table(["network", "pairs", "outputs", "share of changed classes"], lines)


def curves(found, path):
    """Draws the hypervolume over the evaluations, a line for each seed."""
    titles = [title for title, methods in found.items() if "search" in methods and "nsga2" in methods]
    figure, grid = plt.subplots(1, len(titles), figsize=(4 * len(titles), 3.6), layout="constrained", squeeze=False)
    for axes, title in zip(grid[0], titles):
        for method, colour in COLOURS.items():
            for number, row in enumerate(found[title].get(method, {}).values()):
                steps = [*row["curve"], [row["evaluations"], row["curve"][-1][1]]]
                label = TITLES[method] if number == 0 else None
                axes.step(*zip(*steps), where="post", color=colour, alpha=0.8, label=label)
        axes.axvline(100, color="#777777", linewidth=0.8, linestyle=":")
        axes.set(xscale="log", xlabel="evaluations", ylabel="hypervolume", title=title)
        axes.legend(loc="lower right", fontsize=8)
    save(figure, path)


def scatters(found, path):
    """Draws the predicted change of the outputs against that of single swaps."""
    rows = {title: row for title, methods in found.items() for row in methods.get("swaps", {}).values()}
    figure, grid = plt.subplots(1, len(rows), figsize=(4 * len(rows), 3.9), layout="constrained", squeeze=False)
    for axes, (title, row) in zip(grid[0], rows.items()):
        predicted, measured = np.array(row["predicted"]), np.array(row["measured"])
        for colour, (x, y) in enumerate(zip(predicted, measured)):
            is_shown = (x > 0) & (y > 0)
            axes.scatter(x[is_shown], y[is_shown], s=8, color=plt.get_cmap("viridis")(colour / len(predicted)))
        both = np.concatenate([predicted[predicted > 0], measured[measured > 0]])
        ends = [both.min(), both.max()]
        axes.plot(ends, ends, color="#777777", linewidth=0.8, linestyle=":")
        axes.set(xscale="log", yscale="log", xlabel="predicted change of the outputs", ylabel="change by a single swap")
        axes.set_title(f"{title}: {row['rank_correlation']['measured']:.3f}")
    save(figure, path)


def save(figure, path):
    """Writes a figure as PNG."""
    with atomic_files.replacing(path) as unfinished:
        figure.savefig(unfinished, format="png", dpi=110)
    plt.close(figure)


def main(results):
    """Replaces the measured part of the page, and its figures."""
    found = cases([json.loads(line) for line in Path(results).read_text().splitlines()])
    before, rest = PAGE.read_text().split(BEGIN)
    after = rest.split(END)[1]
    curves(found, PAGE.with_name("search-hypervolume.png"))
    scatters(found, PAGE.with_name("search-prediction.png"))
    parts = ["![Hypervolume over the evaluations](search-hypervolume.png)\n"]
    for title, methods in found.items():
        if "search" in methods:
            row = methods["search"][0]
            parts += [f"{title}, {row['samples']:,} images:\n", hypervolumes(methods)]
    parts += ["The rank correlations of the prediction with single swaps:\n", correlations(found)]
    parts.append("![Predicted changes against those of single swaps](search-prediction.png)\n")
    atomic_files.write(PAGE, (before + BEGIN + "\n" + "\n".join(parts) + "\n" + END + after).encode())


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else RESULTS)
