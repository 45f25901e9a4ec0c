"""The report of a search as one HTML file that needs nothing else."""

from __future__ import annotations

import html
import json
from typing import Any, Mapping

from tfapprox.common import atomic_files

from . import plots, results
from .sensitivity import Sensitivity

_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1c1c1c; background: #fff; margin: 0 auto; max-width: 60rem;
  padding: 1rem; }
h1 { font-size: 1.6rem; line-height: 1.2; } h2 { font-size: 1.2rem; margin-top: 2rem; }
.wide { overflow-x: auto; } svg { max-width: 100%; height: auto; } .map svg { max-width: none; }
table { border-collapse: collapse; font-size: .85rem; } th, td { padding: .25rem .6rem; text-align: left;
  border-bottom: 1px solid #ddd; white-space: nowrap; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
pre { background: #f4f4f4; padding: .7rem; font-size: .8rem; white-space: pre-wrap; }
p, pre { overflow-wrap: anywhere; } code { font-size: .9em; }
"""


def write_report(known: Mapping[str, Any], sensitivity: Sensitivity, path: str) -> None:
    """Writes the report: front, energy by layer, sensitivity, hypervolume, and how to repeat the search.

    Args:
        known: what front.json has.
        sensitivity: the changes that the search began with.
        path: path of the HTML file.

    Raises:
        OSError: if the file cannot be written.
        ImportError: if matplotlib is not installed.
    """
    atomic_files.write(path, report(known, sensitivity).encode())


def report(known: Mapping[str, Any], sensitivity: Sensitivity) -> str:
    """The text of the report.

    Args:
        known: what front.json has.
        sensitivity: the changes that the search began with.
    """
    reference, measure = plots.described_reference(known), plots.short_measure(known)
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Search of multipliers</title><style>{_STYLE}</style></head><body>",
        "<h1>Which multiplier in which layer</h1>",
        f"<p>{_summary(known)}</p>",
        "<h2>Front</h2>",
        f'<div class="wide">{plots.as_svg(plots.front_plot(known))}</div>',
        _front_table(known),
        "<h2>Energy by layer</h2>",
        f'<div class="wide">{plots.as_svg(plots.layer_energy_plot(known))}</div>',
        "<h2>Sensitivity</h2>",
        "<p>The predicted mean squared change of the outputs of the network by one multiplier in one layer, relative "
        "to the variance of the outputs.</p>",
        f'<div class="wide map">{plots.as_svg(plots.sensitivity_plot(sensitivity))}</div>',
        "<h2>Hypervolume</h2>",
        f"<p>The area that the assignments dominate in the plane of energy and {html.escape(measure)}. It ends at "
        f"{html.escape(measure)} {known['hypervolume from']:.4g} and at the energy of {html.escape(reference)}, which "
        "counts as 1.</p>",
        f'<div class="wide">{plots.as_svg(plots.hypervolume_plot(known))}</div>',
        "<h2>How to repeat it</h2>",
        _repeat(known),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _summary(known):
    count, early = known["evaluations"], known["stopped early"]
    best = max(known["front"], key=lambda entry: entry["accuracy"], default=None)
    text = f"{count} assignments were evaluated on {known['samples']:,} samples, of which {early} were stopped early. "
    if best is None:
        return html.escape(text + results.unmet(known))
    measure = known["measure"] + (" after compensation" if known["compensated"] else "")
    reference = plots.described_reference(known)
    return html.escape(
        f"{text}The front has {len(known['front'])} points. The best {measure} on it is "
        f"{best['accuracy']:.4f}, at {best['relative_energy']:.1%} of the energy of {reference}. Energy is "
        f"the mean over all multiplications in {known['unit']}; costs are from {known['source']}."
    )


def _front_table(known):
    layers, measure = known["layers"], plots.short_measure(known)
    retrained = ["after retraining"] if "retraining epochs" in known else []
    head = "".join(f"<th>{html.escape(text)}</th>" for text in [measure, *retrained, "energy", "file", *layers])
    rows = []
    for entry in known["front"]:
        cells = [f'<td class="number">{entry["accuracy"]:.4f}</td>']
        cells += [f'<td class="number">{entry["retrained_accuracy"]:.4f}</td>' for _ in retrained]
        cells += [f'<td class="number">{entry["relative_energy"]:.1%}</td>', f"<td>{entry['file']}</td>"]
        for layer in layers:
            name = entry["assignment"][layer]
            cells.append(f'<td title="sha256 {known["sha256"][name]}">{html.escape(name)}</td>')
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def _repeat(known):
    tables = "\n".join(f"{name} {sha256}" for name, sha256 in known["sha256"].items())
    same = {key: known["fingerprint"][key] for key in ("network", "data", "tiles", "fixed layers", "maximal energy")}
    blocks = [
        ("Command", known["command"] or "(called from Python)"),
        ("Versions", "\n".join(f"{name} {version}" for name, version in known["versions"].items())),
        ("Seed and SHA-256 of network and data", json.dumps({"seed": known["seed"], **same}, indent=1)),
        ("SHA-256 of the tables", tables),
    ]
    return "".join(f"<h3>{title}</h3><pre>{html.escape(text)}</pre>" for title, text in blocks)
