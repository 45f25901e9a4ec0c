"""docs/benchmarks.md and its plot from the JSON files of the machines.

python benchmarks/report.py
"""

import json
import statistics
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs"

INTRODUCTION = """# Benchmarks

Made by `nox -s bench` from benchmarks/results/*.json; not to be edited. Every figure is from a run that compared its
results with the scalar path first. Ratios are medians over pairs of calls in one process, with the same threads:
operation over float32 convolution of the same library, so 1 is the cost of an ordinary convolution.
"""


def table(header, rows):
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"


def layers(results):
    """Ratio of each layer and batch (rows) for each truth table (columns), on the path that the machine chooses."""
    best = results["machine"]["path"]
    rows = [row for row in results["rows"] if row.get("path", best) == best]
    names = list(dict.fromkeys(row["table"] for row in rows))
    cells = {}
    for row in rows:
        cells.setdefault((row["network"], row["layer"], row["batch"]), {})[row["table"]] = f"{row['ratio']:.2f}"
    lines = [[*key, *(line.get(name, "") for name in names)] for key, line in cells.items()]
    return table(["network", "layer", "batch", *names], lines)


def summary(results):
    """Median and greatest ratio of each plan over the layers of at least 144 taps and 16 filters; of first layers."""
    rows = [row for row in results["rows"] if row["path"] == results["machine"]["path"]]
    large = [row for row in rows if row["taps"] >= 144 and row["filters"] >= 16]
    groups = {}
    for row in large:
        plan = f"{row['plan']}, {row['terms']} terms" if row["plan"] == "polynomial" else row["plan"]
        groups.setdefault(plan, []).append(row)
    groups["any plan, up to 3 channels, batch 1"] = [
        row for row in rows if row["layer"].split("x")[2].split(",")[0] in "123" and row["batch"] == 1
    ]
    lines = []
    for name, members in groups.items():
        worst = max(members, key=lambda row: row["ratio"])
        tables = dict.fromkeys(row["table"] for row in members)
        names = ", ".join(tables) if len(tables) < 5 else f"all {len(tables)}"
        median = f"{statistics.median(row['ratio'] for row in members):.2f}"
        lines.append([name, names, median, f"{worst['ratio']:.2f}", f"{worst['layer']}, batch {worst['batch']}"])
    return table(["plan", "truth tables", "median", "greatest", "which is of"], lines)


def paths(results):
    """Ratio of the other paths, for the table without structure."""
    best = results["machine"]["path"]
    rows = [row for row in results["rows"] if row["path"] != best]
    return table(
        ["layer", "batch", "path", "ratio", "G products/s"],
        [[row["layer"], row["batch"], row["path"], f"{row['ratio']:.1f}", f"{speed(row):.2f}"] for row in rows],
    )


def speed(row):
    """G products per second."""
    return row["products"] / row["seconds"] / 1e9


def by_threads(results, *fields):
    """G products per second on each number of threads (columns) for each value of `fields` (rows), and the speed-up."""
    cells = {}
    for row in results["rows"]:
        cells.setdefault(tuple(row[field] for field in fields), {})[row["threads"]] = speed(row)
    counts = sorted({row["threads"] for row in results["rows"]})
    lines = [
        [*key, *(f"{speeds[count]:.1f}" for count in counts), f"{speeds[counts[-1]] / speeds[1]:.2f}"]
        for key, speeds in cells.items()
    ]
    return table([*fields, *(f"{count} thread{'s'[: count > 1]}" for count in counts), "speed-up"], lines)


def core(results):
    """Every plan of every table on every path."""
    return by_threads(results, "table", "plan", "terms", "path")


def scaling(results):
    """Batches."""
    return by_threads(results, "table", "batch")


def model(results):
    """Ratio of `predict`."""
    return table(
        ["batch", "truth table", "times float32", "ms per image"],
        [
            [row["batch"], row["table"], f"{row['ratio']:.2f}", f"{1e3 * row['seconds_per_image']:.2f}"]
            for row in results["rows"]
        ],
    )


def machine(results):
    """The line that says where and with what a table was measured."""
    fields = dict(results["machine"])
    cpu, flags = fields.pop("cpu"), " ".join(fields.pop("flags"))
    return f"{cpu} ({flags}); " + ", ".join(f"{name} {value}" for name, value in fields.items()) + "\n"


SECTIONS = {
    "lut_gemm": ("The core alone, G products/s", core),
    "scaling": ("The core alone over batch sizes, G products/s", scaling),
    "approx_conv2d": ("ApproxConv2DWithMinMaxVars over tf.nn.conv2d", layers),
    "model": ("`predict` of a ResNet-8, FakeApproxConv2D over Conv2D", model),
}


def plot(name, results):
    """Ratio against the taps of a layer, large batches: a point for each layer and table, a colour for each plan."""
    best = results["machine"]["path"]
    figure, axes = plt.subplots(figsize=(8, 5), dpi=120)
    rows = [row for row in results["rows"] if row["path"] == best and row["batch"] > 1]
    for plan, marker in zip(["look_up", "error_plane", "classes", "polynomial", "exact"], "os^Dv"):
        points = [(row["taps"], row["ratio"]) for row in rows if row["plan"] == plan]
        axes.plot(*zip(*points), marker=marker, markersize=6, alpha=0.6, linestyle="", label=plan)
    axes.axhline(1, color="black", linestyle="--", linewidth=1, label="float32 convolution")
    axes.set_xscale("log")
    axes.set_ylim(0, None)
    axes.set_xlabel("products of one output (filter height x width x input channels)")
    axes.set_ylabel("time, in float32 convolutions of TensorFlow")
    axes.set_title(f"Approximate convolution on {results['machine']['cpu']}, path {best}")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, ncols=2)
    figure.tight_layout()
    figure.savefig(DOCS / f"benchmarks-{name}.png")
    plt.close(figure)


def main():
    """Writes the page and the plots."""
    parts = [INTRODUCTION]
    for path in sorted((HERE / "results").glob("cpu-*.json")):
        results = json.loads(path.read_text())
        parts.append(f"## {path.stem}\n")
        for key, section in results.items():
            title, function = SECTIONS.get(key, (key, layers))
            parts += [f"### {title}\n", machine(section), function(section)]
            if key == "approx_conv2d":
                plot(path.stem, section)
                parts += ["Over the layers of at least 144 taps and 16 filters:\n", summary(section)]
                parts += ["Other paths, table without structure:\n", paths(section)]
                parts.append(f"![Ratio against the size of the sum](benchmarks-{path.stem}.png)\n")
    (DOCS / "benchmarks.md").write_text("\n".join(parts))


if __name__ == "__main__":
    main()
