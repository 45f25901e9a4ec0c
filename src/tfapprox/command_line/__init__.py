"""The command line, `tfapprox`: each command calls a function of the package and prints its result."""

import typer

from tfapprox import __version__

from . import (
    care_commands,
    check_command,
    doctor,
    export_command,
    identify_command,
    import_command,
    list_command,
    make_command,
    plot_command,
    retrain_command,
    search_command,
    sensitivity_command,
    show_command,
    tune_command,
    vectors_command,
)

app = typer.Typer(
    no_args_is_help=True,
    help="Approximate multipliers in neural networks: bring a circuit, see what it does.",
    epilog="Exit code: 0 if all went well, 1 if something is wrong, 2 if the command is.",
)
multiplier = typer.Typer(
    no_args_is_help=True,
    help="""Truth tables of multipliers: import, list, show, identify, plot, check,
    make, tune, export, annotate, rename, remove.

    NAME is a built-in multiplier, a .bin file, or NAME of a NAME.bin in a
    folder of TFAPPROX_MULTIPLIER_PATH, or in the user's folder,
    ~/.local/share/tfapprox/multipliers.
    """,
)
multiplier.command("import")(import_command.import_multiplier)
multiplier.command("list")(list_command.list_multipliers)
multiplier.command("show")(show_command.show_multiplier)
multiplier.command("check")(check_command.check_multipliers)
multiplier.command("identify")(identify_command.identify)
multiplier.command("plot")(plot_command.plot)
multiplier.command("make")(make_command.make)
multiplier.command("tune")(tune_command.tune)
multiplier.command("export")(export_command.export_multiplier)
multiplier.command("annotate")(care_commands.annotate)
multiplier.command("rename")(care_commands.rename)
multiplier.command("remove")(care_commands.remove)
app.add_typer(multiplier, name="multiplier")
app.command("sensitivity")(sensitivity_command.sensitivity)
app.command("search")(search_command.search)
app.command("retrain")(retrain_command.retrain)
app.command("vectors")(vectors_command.vectors)
app.command("doctor")(doctor.doctor)


def _print_version(version: bool) -> None:
    if version:
        print(f"tfapprox {__version__}")
        raise typer.Exit()


@app.callback()
def main(
    version: bool = typer.Option(False, "--version", help="Print the version.", is_eager=True, callback=_print_version),
) -> None:
    """Approximate multipliers in neural networks: bring a circuit, see what it does."""
