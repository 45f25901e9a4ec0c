"""`python -m tfapprox.tf2`: the demo, and link and run for scripts of the predecessor."""

import pathlib
from typing import List, Optional

import typer

from tfapprox import script
from tfapprox.link_command import link_command
from tfapprox.run_command import ARGUMENTS, CONTEXT, run_command

from .library import LIBRARY, library_path
from .old_keras import install

app = typer.Typer(add_completion=False, no_args_is_help=True)
app.command("link")(link_command(library_path, LIBRARY))
app.command("run", context_settings=CONTEXT)(
    run_command(install, "Run an unmodified script of the predecessor, with Keras 2 by tf_keras.")
)


@app.command("demo", context_settings={**CONTEXT, "help_option_names": []})
def demo(arguments: Optional[List[str]] = ARGUMENTS) -> None:
    """Train a small CNN and compare all multipliers; `demo --help` shows its options.

    It needs the packages of `pip install 'tfapprox[examples]'`.
    """
    path = pathlib.Path(__file__).with_name("examples") / "demo.py"
    script.run(path.read_bytes(), str(path), arguments or [])


@app.callback()
def main() -> None:
    """The demo, the plugin for TensorFlow 2, and scripts of the predecessor."""


if __name__ == "__main__":
    app(prog_name="python -m tfapprox.tf2")
