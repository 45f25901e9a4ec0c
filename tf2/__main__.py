"""`python -m tfapprox.tf2 link DIR` puts the plugin where an old script loads it from."""

import typer

from tfapprox.link_command import link_command

from .library import LIBRARY, library_path

app = typer.Typer(add_completion=False, no_args_is_help=True)
app.command("link")(link_command(library_path, LIBRARY))


@app.callback()
def main() -> None:
    """The plugin for TensorFlow 2."""


if __name__ == "__main__":
    app(prog_name="python -m tfapprox.tf2")
