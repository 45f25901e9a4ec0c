"""Writes docs/benchmarks.md and its plots from the JSON files of the machines that were measured.

python benchmarks/report.py
"""

import json
import statistics
import textwrap
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs"

INTRODUCTION = """# Benchmarks

`nox -s bench` writes this page from the files in `benchmarks/results`; do not edit it. The plans and the CPU paths are
explained in [plans.md](plans.md) and [cpu_kernels.md](cpu_kernels.md).

A ratio is the time of the approximate operation divided by the time of the float32 convolution of the same library on
the same threads, so that 1 is the cost of an ordinary convolution. It is the median over pairs of calls in one process.
Before a script measures the core or an operation, it compares their results with the CPU path `scalar`.
"""


def table(header, rows):
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"


def layers(results):
    """A table of ratios: layers and batches in rows, truth tables in columns, on the path that the machine chooses."""
    best = results["machine"]["path"]
    rows = [row for row in results["rows"] if row.get("path", best) == best]
    names = list(dict.fromkeys(row["table"] for row in rows))
    cells = {}
    for row in rows:
        cells.setdefault((row["network"], row["layer"], row["batch"]), {})[row["table"]] = f"{row['ratio']:.2f}"
    lines = [[*key, *(line.get(name, "") for name in names)] for key, line in cells.items()]
    return table(["network", "layer", "batch", *names], lines)


def summary(results):
    """A table of median and maximum ratios: of each plan over the larger layers, and of all plans over first layers."""
    rows = [row for row in results["rows"] if row["path"] == results["machine"]["path"]]
    large = [row for row in rows if row["taps"] >= 144 and row["filters"] >= 16]
    groups = {}
    for row in large:
        terms = f", {row['terms']} term{'s'[: row['terms'] > 1]}" if row["plan"] == "polynomial" else ""
        groups.setdefault(row["plan"] + terms, []).append(row)
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
    return table(["plan", "truth tables", "median", "maximum", "layer of the maximum"], lines)


def paths(results):
    """A table of the ratios on the slower paths, for the truth table without structure."""
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
    """A table of G products per second and speed-up: values of `fields` in rows, numbers of threads in columns."""
    cells = {}
    for row in results["rows"]:
        cells.setdefault(tuple(row[field] for field in fields), {})[row["threads"]] = speed(row)
    counts = sorted({row["threads"] for row in results["rows"]})
    lines = [
        [*key, *(f"{speeds[count]:.1f}" for count in counts), f"{speeds[counts[-1]] / speeds[1]:.2f}"]
        for key, speeds in cells.items()
    ]
    return table([*fields, *(f"{count} thread{'s'[: count > 1]}" for count in counts), "speed-up"], lines)


CORE = """The figures are of one thread and per second of processor time. Of plans that do the same work for each
product, such as look-ups of any two tables, the table has one. A path with two ways to look products up has two
figures, the first by columns and the second by rows; a call takes the faster one.
"""


def core(results):
    """A table of the speed of every plan: plans in rows, paths in columns, with one or both ways of each path."""
    cells = {}
    for row in results["rows"]:
        path = row["path"].replace("_columns", "").replace("_rows", "")
        ways = cells.setdefault((row["plan"], row["terms"], row["table"]), {}).setdefault(path, [])
        ways.append(f"{speed(row):.1f}")
    names = list(dict.fromkeys(path for paths in cells.values() for path in paths))
    lines = [[*key, *(", ".join(paths[name]) for name in names)] for key, paths in cells.items()]
    return f"{CORE}\n{table(['plan', 'terms', 'table', *(f'`{name}`' for name in names)], lines)}"


def scaling(results):
    """A table of the speed over batch sizes."""
    return by_threads(results, "table", "batch")


def model(results):
    """A table of the ratios of `predict`."""
    return table(
        ["batch", "truth table", "times float32", "ms per image"],
        [
            [row["batch"], row["table"], f"{row['ratio']:.2f}", f"{1e3 * row['seconds_per_image']:.2f}"]
            for row in results["rows"]
        ],
    )


def machine(results):
    """The sentences that say when, where and with what the rows of a table were measured."""
    fields = results["machine"]
    tensorflow = f" and TensorFlow {fields['tensorflow']}" if "tensorflow" in fields else ""
    threads = f", on {fields['threads']} threads" if "threads" in fields else ""
    family = [fields["family"]] if "family" in fields else []
    processor = f"{fields['cpu']} ({', '.join(family + fields['flags'])}) with {fields['cores']} cores"
    text = (
        f"These figures are of {fields['date']} and commit `{fields['commit']}`, with Python {fields['python']}"
        f"{tensorflow}{threads}. The processor is {processor}; the load was {fields['load']:.2f}, and the CPU path was "
        f"`{fields['path']}`."
    )
    if "layer" in fields:
        batch = f" with batch {fields['batch']}" if "batch" in fields else ""
        text += f" The layer is {fields['layer']}{batch}."
    if "extra_peak_memory_mib" in fields:
        text += (
            f" One call of the operation with 256 images of 32x32x64, 3x3 -> 64, took "
            f"{fields['extra_peak_memory_mib']} MiB of memory in addition to its tensors."
        )
    return textwrap.fill(text, 120, break_on_hyphens=False) + "\n"


SUMMARY = """The next table is over the layers of at least 144 taps and 16 filters. Its last row is over the layers of
up to 3 channels, whatever their size."""
SLOWER_PATHS = "The next table shows the slower CPU paths, for the truth table `random`, which has no structure."


def fields(results):
    """A table of all fields of the rows, numbers with 3 digits."""
    names = list(results["rows"][0])
    cells = ([row[name] for name in names] for row in results["rows"])
    return table(names, [[f"{cell:.3g}" if isinstance(cell, float) else cell for cell in line] for line in cells])


SECTIONS = {
    "lut_gemm": ("The core alone, G products/s", core),
    "scaling": ("The core alone over batch sizes, G products/s", scaling),
    "approx_conv2d": ("ApproxConv2DWithMinMaxVars over tf.nn.conv2d", layers),
    "model": ("`predict` of a ResNet-8, FakeApproxConv2D over Conv2D", model),
    "networks": ("Layers and networks in Keras", fields),
    "costs": ("Costs of the paths", fields),
    "tflite": ("TensorFlow Lite", fields),
    "gradients": ("Training steps with gradients from the table over straight-through ones", fields),
}


def plot(name, results):
    """Draws the ratio against the taps of a layer for large batches: a point per layer and table, a colour per plan."""
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
                parts += [f"{SUMMARY}\n", summary(section), f"{SLOWER_PATHS}\n", paths(section)]
                parts.append(f"![Ratio against the size of the sum](benchmarks-{path.stem}.png)\n")
    (DOCS / "benchmarks.md").write_text("\n".join(parts))


if __name__ == "__main__":
    main()
