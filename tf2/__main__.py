"""`python -m tfapprox.tf2 link DIR` puts the plugin where an old script loads it from."""

import argparse
import os
import sys

from .library import LIBRARY, library_path


def link(folder):
    """Makes `folder/libApproxGPUOpsTF.so` a link to the plugin; an existing link is replaced, a file is not.

    Raises:
        FileExistsError: if something else than a link has that name.
    """
    os.makedirs(folder, exist_ok=True)
    target = os.path.join(folder, LIBRARY)
    if os.path.islink(target):
        os.unlink(target)
    os.symlink(os.path.abspath(library_path()), target)
    return target


def main():
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tfapprox.tf2", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("link", help=f"make DIR/{LIBRARY} a link to the plugin")
    command.add_argument("folder", metavar="DIR")
    try:
        print(link(parser.parse_args().folder))
    except OSError as error:
        sys.exit(f"cannot link: {error}")


if __name__ == "__main__":
    main()
