"""`python -m tfapprox.tf1`: link, run, convert, layers, set."""

from .command_line import app

if __name__ == "__main__":
    app(prog_name="python -m tfapprox.tf1")
