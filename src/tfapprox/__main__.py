"""`tfapprox` and `python -m tfapprox`: the command line."""

import sys


def main() -> None:
    """Runs the command line; the error names the package to install if typer or rich is missing."""
    try:
        from .command_line import app
    except ModuleNotFoundError as error:
        if error.name not in ("typer", "rich"):
            raise
        sys.exit(f"error: the command line needs typer and rich: pip install typer rich ({error})")
    if "--json" in sys.argv[1:]:
        from .command_line import json_errors

        json_errors.run(app, "tfapprox")
    app(prog_name="tfapprox")


if __name__ == "__main__":
    main()
