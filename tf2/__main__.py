"""`python -m tfapprox.tf2`: link and run, for scripts of the predecessor."""

import typer

from tfapprox.link_command import link_command
from tfapprox.run_command import CONTEXT, run_command

from .library import LIBRARY, library_path
from .old_keras import install

app = typer.Typer(add_completion=False, no_args_is_help=True)
app.command("link")(link_command(library_path, LIBRARY))
app.command("run", context_settings=CONTEXT)(
    run_command(install, "Run an unmodified script of the predecessor, with Keras 2 by tf_keras.")
)


@app.callback()
def main() -> None:
    """The plugin for TensorFlow 2, and scripts of the predecessor."""


if __name__ == "__main__":
    app(prog_name="python -m tfapprox.tf2")
