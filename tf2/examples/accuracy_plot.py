"""The plot of the demo: accuracy of a model against the error of its multiplier."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from adjustText import adjust_text
from matplotlib.ticker import PercentFormatter

from tfapprox.common import atomic_files


def plot(results, float_accuracy, subject, path):
    """Writes accuracy against MAE as a PNG.

    Args:
        results: objects with `name`, `mae` and `accuracy`.
        float_accuracy: accuracy of the model with float32 products.
        subject: the model and the test images, for the title.
        path: the file.
    """
    errors, accuracies = [result.mae for result in results], [result.accuracy for result in results]
    height = 6 + max(0, len(results) - 20) / 10  # inches; room for the names
    figure, axes = plt.subplots(figsize=(1.5 * height, height), dpi=100)
    axes.axhline(float_accuracy, linestyle="--", linewidth=1, color="black", label="float32 products")
    axes.scatter(errors, accuracies, s=28, zorder=3, label="8-bit multipliers")
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xlim(-0.3, 6 * max([*errors, 10]))
    axes.set_ylim(0, 1.08)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_xlabel("mean absolute error of the multiplier (0 is exact)")
    axes.set_ylabel("accuracy")
    axes.set_title(f"{subject} with approximate multipliers")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower left")
    figure.tight_layout()
    names = [axes.text(result.mae, result.accuracy, result.name, fontsize=8) for result in results]
    adjust_text(
        names,
        x=errors,
        y=accuracies,
        ax=axes,
        only_move={"text": "xy", "static": "xy", "explode": "xy", "pull": "xy"},
        expand=(1.05, 1.3),
        force_text=(0.1, 0.6),
        arrowprops={"arrowstyle": "-", "linewidth": 0.4, "color": "grey"},
    )
    with atomic_files.replacing(path) as unfinished:
        figure.savefig(unfinished)
    plt.close(figure)
