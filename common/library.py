"""Finds, loads and links the compiled libraries of the package; knows no TensorFlow, whose loader is an argument."""

import argparse
import importlib.util
import os
import sys

REBUILD = "Rebuild with the TensorFlow that you run: pip install --no-build-isolation --force-reinstall --no-deps ."


def find(room, name):
    """Path of a file that the build has put in a room.

    Args:
        room: `"common"`, `"tf1"` or `"tf2"`.
        name: of the file.

    Raises:
        ImportError: if this install was built without it.
    """
    # An editable install has sources and built libraries in two folders, both on the path of the package.
    folders = importlib.util.find_spec(f"tfapprox.{room}").submodule_search_locations
    for folder in folders:
        if os.path.isfile(os.path.join(folder, name)):
            return os.path.join(folder, name)
    raise ImportError(
        f"tfapprox.{room} needs {name}, which this install was built without: the build did not see the TensorFlow "
        f"that it is for (looked in {list(folders)}). {REBUILD}"
    )


def load(loader, path, running):
    """What `loader` makes of a plugin.

    Args:
        loader: `tf.load_op_library`.
        path: of the plugin, beside which `built_for.txt` lies.
        running: version of the TensorFlow that runs.

    Raises:
        ImportError: if it was built for another minor version of TensorFlow, whose C++ interface is another one, or
            does not load; says which TensorFlow it was built for.
    """
    with open(os.path.join(os.path.dirname(path), "built_for.txt"), encoding="utf-8") as file:
        built_for = file.read().strip()
    if built_for.split(".")[:2] != running.split(".")[:2]:
        raise ImportError(
            f"{path} was built for TensorFlow {built_for} and cannot be used in TensorFlow {running}. {REBUILD}"
        )
    try:
        return loader(path)
    except Exception as error:  # TensorFlow's own class, or what the dynamic loader raises
        raise ImportError(
            f"{path} was built for TensorFlow {built_for} and does not load in TensorFlow {running}: {error}. {REBUILD}"
        ) from error


def link(path, folder, name):
    """Makes `folder/name` a link to `path`, and returns it; an existing link is replaced, a file is not.

    Raises:
        FileExistsError: if something else than a link has that name.
    """
    os.makedirs(folder, exist_ok=True)
    target = os.path.join(folder, name)
    if os.path.islink(target):
        os.unlink(target)
    os.symlink(os.path.abspath(path), target)
    return target


def main(program, library_path, name):
    """The command line `program link DIR`.

    Args:
        program: how it was called.
        library_path: function that gives the path of the plugin.
        name: of the link, as old scripts load it.
    """
    parser = argparse.ArgumentParser(prog=program)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.required = True
    about = f"make DIR/{name} a link to the plugin, for a script that loads it from there"
    command = commands.add_parser("link", help=about, description=about)
    command.add_argument("folder", metavar="DIR")
    try:
        print(link(library_path(), parser.parse_args().folder, name))
    except OSError as error:
        sys.exit(f"cannot link: {error}")
