"""The terminal's share of a command: errors in the words of its options, and the link that both rooms make."""

import typer
from typer.testing import CliRunner

from tfapprox.link_command import link_command
from tfapprox.terminal import stop_on_error


def output_of(function, *arguments, code=0):
    app = typer.Typer()
    app.command()(function)
    result = CliRunner().invoke(app, list(map(str, arguments)))
    assert result.exit_code == code, result.output
    return result.output


def test_an_error_begins_with_the_option_instead_of_the_argument():
    def fail(text: str):
        with stop_on_error({"inputs": "--input-node"}):
            raise ValueError(text)

    assert output_of(fail, "inputs must be given", code=1) == "error: --input-node must be given\n"
    assert output_of(fail, "outputs must follow inputs", code=1) == "error: outputs must follow inputs\n"
    assert output_of(fail, "inputs", code=1) == "error: --input-node\n"


def test_an_error_is_printed_as_it_is_without_options():
    def fail():
        with stop_on_error():
            raise OSError("[Errno 2] no [red]such[/red] file  here")

    assert output_of(fail, code=1) == "error: [Errno 2] no [red]such[/red] file  here\n"


def test_link(tmp_path):
    plugin = tmp_path / "plugin.so"
    plugin.write_text("plugin")
    command = link_command(lambda: str(plugin), "old.so")
    link = tmp_path / "new" / "folder" / "old.so"
    for _ in range(2):  # the second run replaces the link
        assert output_of(command, link.parent) == f"{link}\n"
    assert link.is_symlink()
    assert link.resolve() == plugin
    link.unlink()
    link.symlink_to(tmp_path / "gone.so")
    output_of(command, link.parent)
    assert link.resolve() == plugin


def test_link_keeps_a_file(tmp_path):
    (tmp_path / "old.so").write_text("mine")
    output = output_of(link_command(lambda: str(tmp_path / "plugin.so"), "old.so"), tmp_path, code=1)
    assert output == f"error: cannot link: {tmp_path}/old.so must be free, or a link; received a file or a folder\n"
    assert (tmp_path / "old.so").read_text() == "mine"
