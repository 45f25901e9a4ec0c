"""The terminal's share of a command: errors in the words of its options, and the link that both rooms make."""

import typer
from typer.testing import CliRunner

from tfapprox.common.argument_error import ArgumentError
from tfapprox.link_command import link_command
from tfapprox.terminal import stop_on_error


def output_of(function, *arguments, code=0):
    app = typer.Typer()
    app.command()(function)
    result = CliRunner().invoke(app, list(map(str, arguments)))
    assert result.exit_code == code, result.output
    return result.output


def test_an_error_begins_with_the_option_instead_of_the_argument():
    def fail(argument: str):
        with stop_on_error({"inputs": "--input-node"}):
            raise ArgumentError(argument, "must be given", "none")

    assert output_of(fail, "inputs", code=1) == "error: --input-node must be given; received none\n"
    assert output_of(fail, "outputs", code=1) == "error: outputs must be given; received none\n"


def test_an_error_is_printed_as_it_is_without_options():
    def fail():
        with stop_on_error():
            raise OSError("[Errno 2] no [red]such[/red] file  here")

    assert output_of(fail, code=1) == "error: [Errno 2] no [red]such[/red] file  here\n"


def test_an_error_of_the_system_has_no_number(tmp_path):
    def fail():
        with stop_on_error():
            (tmp_path / "none.c").read_text()

    assert output_of(fail, code=1) == f"error: No such file or directory: '{tmp_path / 'none.c'}'\n"


def linked(link):
    """What the command prints after it has made a link."""
    export = f"export LD_LIBRARY_PATH={link.parent}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"
    return f"{link}\nA script that loads {link.name} without a folder needs: {export}\n"


def test_link(tmp_path):
    plugin = tmp_path / "plugin.so"
    plugin.write_text("plugin")
    command = link_command(lambda: str(plugin), "old.so")
    link = tmp_path / "folder" / "old.so"
    link.parent.mkdir()
    for _ in range(2):  # the second run replaces the link
        assert output_of(command, link.parent) == linked(link)
    assert link.is_symlink()
    assert link.resolve() == plugin
    link.unlink()
    link.symlink_to(tmp_path / "gone.so")
    output_of(command, link.parent)
    assert link.resolve() == plugin


def test_link_keeps_a_file_unless_forced(tmp_path):
    (tmp_path / "plugin.so").write_text("plugin")
    (tmp_path / "old.so").write_text("mine")
    command = link_command(lambda: str(tmp_path / "plugin.so"), "old.so")
    output = output_of(command, tmp_path, code=1)
    rule = f"DIR must have no file old.so that is not a link; received '{tmp_path}'"
    assert output == f"error: {rule}; --force replaces the file\n"
    assert (tmp_path / "old.so").read_text() == "mine"
    assert output_of(command, tmp_path, "--force") == linked(tmp_path / "old.so")
    assert (tmp_path / "old.so").read_text() == "plugin"


def test_link_makes_no_folder(tmp_path):
    plugin = tmp_path / "plugin.so"
    plugin.write_text("plugin")
    for folder in (tmp_path / "axqcnv", plugin):
        output = output_of(link_command(lambda: str(plugin), "old.so"), folder, code=1)
        assert output == f"error: DIR must be a folder that exists; received '{folder}'; mkdir makes one\n"
    assert list(tmp_path.iterdir()) == [plugin]


def test_link_never_replaces_a_folder(tmp_path):
    (tmp_path / "old.so").mkdir()
    output = output_of(link_command(lambda: "plugin.so", "old.so"), tmp_path, "--force", code=1)
    assert output == f"error: DIR must have no folder old.so; received '{tmp_path}'\n"
    assert (tmp_path / "old.so").is_dir()
