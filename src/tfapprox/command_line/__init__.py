"""The command line, `tfapprox`: each command is a few lines around a function that does the same."""

import typer

from . import doctor, importing, making, showing, testing

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Approximate multipliers in neural networks: bring a circuit, see what it does.",
    epilog="Exit code: 0 if all went well, 1 if something is wrong, 2 if the command is.",
)
multiplier = typer.Typer(
    no_args_is_help=True,
    help="""Truth tables of multipliers: import, list, show, plot, check, make, tune.

    NAME is a built-in multiplier, a .bin file, or NAME of a NAME.bin in a
    folder of TFAPPROX_MULTIPLIER_PATH, or in the user's folder,
    ~/.local/share/tfapprox/multipliers.
    """,
)
for module in (importing, showing, testing, making):
    for name, command in module.COMMANDS.items():
        multiplier.command(name)(command)
app.add_typer(multiplier, name="multiplier")
app.command("doctor")(doctor.doctor)


@app.callback()
def main() -> None:
    """Approximate multipliers in neural networks: bring a circuit, see what it does."""
