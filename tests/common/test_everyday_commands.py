"""What commands do for people and scripts: versions, completion, errors as JSON, narrow terminals, a quiet log."""

import io
import json
import os
import subprocess
import sys
from unittest import mock

import pytest
import typer
from command_runner import command_runner
from rich.console import Console

from tfapprox import __version__, health
from tfapprox.__main__ import main
from tfapprox.command_line import app, doctor, printing
from tfapprox.common import cuda, multipliers, save_table
from tfapprox.common.reference import exact_table
from tfapprox.terminal import without_log


def outcome(capsys, *words):
    """Exit code, standard output and standard error of `tfapprox`."""
    with mock.patch("sys.argv", ["tfapprox", *words]), pytest.raises(SystemExit) as end:
        main()
    return (end.value.code or 0, *capsys.readouterr())


def test_version(capsys):
    assert outcome(capsys, "--version") == (0, f"tfapprox {__version__}\n", "")


def test_names_are_completed(tmp_path, monkeypatch):
    save_table(tmp_path / "mul4u_mine.bin", exact_table(4))
    monkeypatch.setenv("TFAPPROX_MULTIPLIER_PATH", str(tmp_path))

    def completed(words):
        variables = {"_TFAPPROX_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": "3"}
        return command_runner().invoke(app, prog_name="tfapprox", env=variables).output.split()

    assert completed("tfapprox multiplier show mul8u_drum") == [f"mul8u_drum{k}" for k in (3, 4, 5, 6)]
    for words in ("check", "plot", "list"):
        assert completed(f"tfapprox multiplier {words} mul4u_m") == ["mul4u_mine"]
    assert completed("tfapprox multiplier make m") == ["mitchell"]


def test_an_error_of_a_netlist_names_the_option(tmp_path, capsys):
    path = tmp_path / "mul2u_X.v"
    path.write_text("module m(input a, output y); buf g(y, a); endmodule\n")
    status, _, log = outcome(capsys, "multiplier", "import", str(path), "--top", "n")
    assert (status, log) == (1, f"error: {path}: --top must be a module of the file; received 'n', and there: m\n")
    path.write_text("module m(input a, output y); cell g(y, a); endmodule\n")
    status, _, log = outcome(capsys, "multiplier", "import", str(path))
    assert status == 1
    assert log.endswith("which is in none of them; --cells takes libraries as Verilog, BLIF or genlib\n")


def commands(group=None, name="tfapprox"):
    """All commands: pairs of the words that call a command, and the command of Click."""
    group = typer.main.get_command(app) if group is None else group
    if not hasattr(group, "commands"):
        yield name, group
        return
    for word, command in group.commands.items():
        yield from commands(command, f"{name} {word}")


def test_listed_values_are_completed():
    """A shell completes to each value of a metavar that lists values, such as `png|svg`."""
    count = 0
    for name, command in commands():
        for parameter in command.params:
            values = {each for each in (parameter.metavar or "").split("|") if each and not each.isupper()}
            if len(values) > 1:
                count += 1
                offered = {
                    item.value
                    for item in parameter.shell_complete(command.make_context("", [], None, resilient_parsing=True), "")
                }
                assert offered >= values, (name, parameter.name)
    assert count >= 5


def test_every_command_for_multipliers_prints_json():
    """So does `docs/multipliers.md` say."""
    for name, command in commands():
        if name.startswith("tfapprox multiplier "):
            assert any("--json" in parameter.opts for parameter in command.params), name


def test_paragraphs_of_help_are_filled():
    """A line of a paragraph ends only where the next word would not fit; lists, which have columns, are left out."""
    for name, command in commands():
        for paragraph in command.help.replace("\b", "").split("\n\n"):
            lines = paragraph.strip().splitlines()
            if "  " not in paragraph.strip():
                for line, following in zip(lines, lines[1:]):
                    assert len(line) + 1 + len(following.split()[0]) > 70, (name, line)


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["multiplier", "show", "none"], 1, "NAME must be a built-in multiplier"),
        (["multiplier", "import", "none.npy"], 1, "No such file or directory: 'none.npy'"),
        (["multiplier", "make", "drum", "k=99"], 1, "k"),
        (["multiplier", "show"], 2, "Missing argument"),
        (["multiplier", "show", "mul8u_drum4", "--jason"], 2, "--jason"),
        (["multiplier", "tune", "mul8s_exact"], 1, "NAME"),
    ],
)
def test_errors_as_json(capsys, words, code, text):
    status, output, log = outcome(capsys, *words, "--json")
    assert (status, list(json.loads(output)), log) == (code, ["error"], "")
    assert text in json.loads(output)["error"]


def shown(width):
    table = printing.grid("name", "bits", "sha256", numbers=("bits", "sha256"))
    table.add_row("mul8u_drum4", "8", "eda35ed103be9f2a")
    output = io.StringIO()
    Console(file=output, width=width).print(table, markup=False, highlight=False)
    return [line.rstrip() for line in output.getvalue().splitlines()]


def test_rows_become_blocks_where_columns_do_not_fit():
    assert shown(80)[-2].split() == ["mul8u_drum4", "8", "eda35ed103be9f2a"]
    assert shown(30) == ["mul8u_drum4", "  bits 8", "  sha256 eda35ed103be9f2a"]
    assert shown(16) == ["mul8u_drum4", "  bits 8", "  sha256", "eda35ed103be9f2a"]


@pytest.mark.parametrize(
    ("error", "driver", "text"),
    [
        (ImportError("no kernels"), False, "not used: built without CUDA kernels"),
        (RuntimeError("no NVIDIA GPU with a driver for CUDA 13 or later was found"), False, "no NVIDIA GPU"),
        (RuntimeError("the driver is too old"), True, "the driver is too old"),
    ],
)
def test_doctor_says_that_there_is_no_gpu(error, driver, text, tmp_path):
    drivers = [str(tmp_path)] if driver else []
    with mock.patch.object(cuda, "Gpu", side_effect=error), mock.patch.object(health, "_DRIVERS", drivers):
        report = health.examine(with_tensorflow=False)
    (row,) = [value for name, value in doctor._rows(report) if name == "GPU"]
    assert row == text or row == f"CUDA kernels built; {text}"


def test_a_log_is_shown_only_after_a_failure(capfd):
    with without_log():
        os.write(2, b"chatter\n")
    assert capfd.readouterr().err == ""

    def fail():
        with without_log():
            os.write(2, b"the reason\n")
            raise ImportError

    with pytest.raises(ImportError):
        fail()
    assert capfd.readouterr().err == "the reason\n"


def test_no_log_without_a_standard_error():
    script = "import os; os.close(2); from tfapprox.terminal import without_log\nwith without_log(): print('done')"
    result = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, check=True)
    assert result.stdout == b"done\n"


def test_commands_count_the_same_multipliers(tmp_path, monkeypatch):
    """Tables that `make` wrote are counted. A file that is hidden, or that is no table, is not."""
    monkeypatch.setenv("TFAPPROX_MULTIPLIER_PATH", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    for words in (["trunc", "k=3"], ["drum", "k=4"], ["bam", "h=2", "v=7", "--name", "mul8u_OURS"]):
        assert command_runner().invoke(app, ["multiplier", "make", *words, "--folder", str(tmp_path)]).exit_code == 0
    save_table(tmp_path / "mul8u_drum5.bin", exact_table(8))  # the built-in one hides it
    (tmp_path / "mul8u_short.bin").write_bytes(b"1")
    listed = json.loads(command_runner().invoke(app, ["multiplier", "list", "--json"]).stdout)["multipliers"]
    assert len(listed) == len({row["name"] for row in listed}) == len(multipliers.built_in_descriptions()) + 2
    made = {row["name"]: row["path"] for row in listed if row["path"]}
    assert made == {name: str(tmp_path / f"{name}.bin") for name in ("mul8u_trunc3", "mul8u_OURS")}
    report = json.loads(command_runner().invoke(app, ["doctor", "--fast", "--json"]).stdout)
    assert report["multipliers"]["built_in"] + sum(folder["tables"] for folder in report["folders"]) == len(listed)
    assert sorted(multipliers.loadable_names()) == sorted(row["name"] for row in listed)  # what the demo compares


def test_an_import_of_what_is_there_is_a_success(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mul4u_X.csv").write_text("\n".join(",".join(str(a * w) for w in range(16)) for a in range(16)))

    def imported(*words):
        result = command_runner().invoke(
            app, ["multiplier", "import", "mul4u_X.csv", "--folder", ".", "--json", *words]
        )
        return result.exit_code, json.loads(result.stdout)

    assert [imported()[1]["unchanged"] for _ in range(2)] == [False, True]
    (tmp_path / "mul4u_X.json").chmod(0o400)
    code, row = imported("--power", "0.3")
    assert (code, row["unchanged"], row["power_mW"], row["source"]) == (0, True, 0.3, "mul4u_X.csv")
    (tmp_path / "mul4u_X.csv").write_text("\n".join(",".join(str(a | w) for w in range(16)) for a in range(16)))
    code, error = imported()
    assert code == 1
    assert "with another table" in error["error"]


def test_the_import_of_a_netlist_shows_its_progress_on_standard_error(tmp_path, monkeypatch):
    """The progress is shown in a terminal only, and standard output stays JSON."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mul2u_X.v").write_text(
        "module mul2u_X(input [1:0] A, input [1:0] B, output [3:0] O);\n"
        "assign O = {2'b0, A & {2{B[0]}}} ^ {1'b0, A & {2{B[1]}}, 1'b0};\nendmodule\n"
    )
    calls = []
    multipliers.import_multiplier("mul2u_X.v", folder="one", progress=lambda *counts: calls.append(counts))
    assert calls
    assert calls[-1][0] == calls[-1][1] > 0
    words = ["multiplier", "import", "mul2u_X.v", "--json", "--force", "--folder", "one"]
    assert command_runner().invoke(app, words).stderr == ""
    for variable in ("FORCE_COLOR", "TTY_COMPATIBLE"):  # rich takes this for a terminal
        monkeypatch.setenv(variable, "1")
    result = command_runner().invoke(app, words)
    assert "computing gates" in result.stderr
    assert json.loads(result.stdout)["name"] == "mul2u_X"
