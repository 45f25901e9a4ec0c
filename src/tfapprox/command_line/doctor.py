"""`tfapprox doctor`."""

import typer

from tfapprox import health
from tfapprox.terminal import stop_on_error

from .printing import as_json, grid, line, show

_JSON = typer.Option(False, "--json", help="Print JSON.")
_FAST = typer.Option(False, "--fast", help="Do not start TensorFlow: under a second, but its operations are not run.")


def _rows(report):
    """The rows of the report: pairs of a heading, empty where it is that of the row above, and a text."""
    versions = report["versions"]
    yield "tfapprox", versions["tfapprox"]
    yield "Python", f"{versions['python']}, numpy {versions['numpy']}"
    yield "system", versions["system"]
    yield "TensorFlow", versions["tensorflow"] or "not installed"
    for room, plugin in report["plugins"].items():
        text = f"built for TensorFlow {plugin['built_for']}: {plugin['path']}" if plugin["path"] else "not built"
        yield f"plugin {room}", text
    for name, reason in report["cpu"]["paths"].items():
        yield f"CPU path {name}", reason or ("in use" if name == report["cpu"]["used"] else "can run")
    cuda = report["cuda"]
    device = cuda["device"] or cuda["reason"]
    yield "GPU", f"CUDA kernels built; {device}" if cuda["built"] else "not used: built without CUDA kernels"
    yield "multipliers", f"{report['multipliers']['built_in']} built in"
    for folder in report["folders"]:
        yield "", f"{folder['tables']} in {folder['path']}" + ("" if folder["exists"] else ", which does not exist")
    contained = ", ".join(what for what, is_contained in report["circuits"].items() if is_contained)
    yield "circuits in C", f"contained: no access to {contained}" if contained else "run with your rights"
    yield "documentation", report["documentation"]
    test = report["self_test"]
    yield "self-test", f"core: {test['pairs']:,} products in {test['seconds']:.2f} s, {test['wrong']} wrong"
    for check in (report["tensorflow_test"] or {"checks": []})["checks"]:
        yield "", f"{check['operation']}: " + (check["error"] or f"{check['pairs']:,} products, {check['wrong']} wrong")


def doctor(json: bool = _JSON, fast: bool = _FAST) -> None:
    """Show what is installed and whether it works, with a self-test.

    Versions, plugins and the TensorFlow that they were built for, CPU paths,
    CUDA, multiplier folders. Exit code 0 if healthy, else 1, with the
    reasons; warnings do not make it unhealthy.
    """
    with stop_on_error(as_json=json):
        report = health.examine(with_tensorflow=not fast)
    if json:
        as_json(report)
    else:
        table = grid("", "")
        table.show_header = False
        for row in _rows(report):
            table.add_row(*row)
        show(table)
        for warning in report["warnings"]:
            line(f"warning: {warning}", "yellow")
        for problem in report["problems"]:
            line(f"problem: {problem}", "red")
        line("healthy" if report["healthy"] else "not healthy", "bold green" if report["healthy"] else "bold red")
    if not report["healthy"]:
        raise typer.Exit(1)
