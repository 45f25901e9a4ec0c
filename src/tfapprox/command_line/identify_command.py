"""`tfapprox multiplier identify`."""

import shlex
from typing import Any, Dict, Optional

import typer

from tfapprox import option_names
from tfapprox.common import multipliers

from .import_command import import_multiplier
from .printing import as_json, line, short_hash
from .shared_options import JSON

_SOURCE = typer.Argument(..., metavar="FILE", help="Any file that import takes, or a name.", show_default=False)


def _command(source: str, options: Optional[Dict[str, Any]]) -> Optional[str]:
    """The import that mends the mistakes of a file; `None` if no option can."""
    if options is None:
        return None
    words = option_names.options_of(import_multiplier)
    given = [words[key] if value is True else f"{words[key]} {value}" for key, value in options.items()]
    return " ".join(["tfapprox multiplier import", shlex.quote(source), *given])


@option_names.with_error_messages()
def identify(source: str = _SOURCE, json: bool = JSON) -> None:
    """Say which known circuit a file is, whatever its name says.

    Known are the built-in multipliers and all tables in the multiplier
    folders, by the SHA-256 of their products. The file may also have the
    usual mistakes: operands exchanged, an offset of 32768, rows or columns
    from -128 to 127, the other order of bytes, products cut to 8 bits. The
    output has the import that mends the mistake. Exit code 1 if no circuit
    is known.
    """
    identified = multipliers.identify(source)
    nearer = identified.nearer
    rows = [
        {
            "name": match.circuit.name,
            "path": match.circuit.path,
            "sha256": match.circuit.table.sha256,
            "difference": match.difference,
            "command": _command(source, match.options),
        }
        for match in identified.matches
    ]
    if json:
        as_json(
            {
                "sha256": identified.sha256,
                "bits": identified.num_bits,
                "matches": rows,
                "nearer": nearer and str(nearer),
            }
        )
    else:
        line(f"{source}: {identified.num_bits} bits, sha256 {short_hash(identified.sha256)}", "bold")
        for row in rows:
            text = f"{row['name']}, sha256 {short_hash(row['sha256'])}, {row['path'] or 'built in'}"
            line(f"is {text}" if not row["difference"] else f"is {text}, but {row['difference']}")
            if row["difference"]:
                line(
                    f"to mend it: {row['command']}" if row["command"] else "no option of import can mend this", "yellow"
                )
        if nearer is not None:
            line(f"no known circuit, and {nearer}", "yellow")
            sign = {"signed": True} if nearer.signed else {}
            line(f"to mend it: {_command(source, {**nearer.mistakes.options, **sign})}")
        elif not rows:
            line("no known circuit")
    if not rows:
        raise typer.Exit(1)
