"""One bad entry in a folder is named, and never stops the rest."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from tfapprox.command_line import app
from tfapprox.common import multipliers

DEEP = "[" * 100_000


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of the search path with a good multiplier, `mul8u_GOOD`, beside a built-in one that it describes."""
    multipliers.make("drum", "mul8u_GOOD", folder=tmp_path, k=4)
    monkeypatch.setenv("TFAPPROX_MULTIPLIER_PATH", str(tmp_path))
    return tmp_path


def run(*arguments, code=0):
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == code, result.output
    return result.output


def assert_named(path, reason):
    """The rest is listed, shown and examined; the bad entry is named, and the exit code of the list says so."""
    listed = json.loads(run("multiplier", "list", "--json", code=1))
    assert {"mul8u_GOOD", "mul8u_exact"} <= {multiplier["name"] for multiplier in listed["multipliers"]}
    reasons = {failure["path"]: failure["reason"] for failure in listed["failures"]}
    assert reason in reasons[str(path)]
    assert str(path) in run("multiplier", "list", code=1)
    assert "mul8u_GOOD" in run("multiplier", "show", "mul8u_GOOD")
    assert "mul8u_exact" in run("multiplier", "show", "mul8u_exact")
    report = json.loads(run("doctor", "--fast", "--json"))
    assert any(str(path) in warning for warning in report["warnings"])


SIDECARS = [
    ("[]", "must be a JSON object; received list"),
    ("5", "must be a JSON object; received int"),
    ("{", "must be JSON that describes a multiplier"),
    ("\x00", "must be JSON that describes a multiplier"),
    (DEEP, "must be JSON that describes a multiplier"),
    ('{"published": [1, 2]}', "must have an object of figures under published; received list"),
    ('{"published": {"MAE": "x"}}', "must have under MAE a finite number; received 'x'"),
    ('{"power_mW": "x"}', "must have under power_mW a finite number; received 'x'"),
    ('{"power_mW": true}', "must have under power_mW a finite number; received 'True'"),
    ('{"MAE": NaN}', "must have under MAE a finite number; received 'nan'"),
    ('{"area_um2": 1e999}', "must have under area_um2 a finite number; received 'inf'"),
    ('{"delay_ns": ' + "9" * 400 + "}", "must have under delay_ns a finite number"),
    ('{"sha256": 5}', "must have under sha256 a text; received '5'"),
    ('{"licence": ["x"]}', "must have under licence a text"),
    ('{"bits": "8"}', "must have under bits an integer"),
    ('{"signed": 1}', "must have under signed true or false"),
    ('{"sha256": "00", "previous": 5}', "must have an object for each multiplier; received int"),
]


@pytest.mark.parametrize(("text", "reason"), SIDECARS)
def test_descriptions(folder, text, reason):
    path = multipliers.make("drum", "mul8u_BAD", folder=folder, k=4).path
    path.with_suffix(".json").write_text(text)
    assert_named(path, reason)
    assert f"error: {path.with_suffix('.json')} must" in run("multiplier", "show", "mul8u_BAD", code=1)


@pytest.mark.parametrize("text", ["[]", "{", DEEP])
def test_collections(folder, text):
    (folder / "multipliers.json").write_text(text)
    assert_named(folder / "multipliers.json", "must be")


def test_entries_of_collections(folder):
    path = multipliers.make("drum", "mul8u_BAD", folder=folder, k=4).path
    path.with_suffix(".json").unlink()
    (folder / "multipliers.json").write_text('{"mul8u_BAD": 8, "mul8u_exact": []}')
    assert_named(path, "must have an object for each multiplier; received int")


@pytest.mark.parametrize("suffix", [".bin", ".json"])
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_pipes_and_devices(folder, suffix, kind):
    path = multipliers.make("drum", "mul8u_BAD", folder=folder, k=4).path
    entry = path.with_suffix(suffix)
    entry.unlink()
    if kind == "pipe":
        os.mkfifo(str(entry))
    else:
        entry.symlink_to("/dev/zero")
    assert_named(path, "device or a pipe")
    run("multiplier", "show", str(path), code=1)


def test_links_to_nothing_and_to_themselves(folder):
    (folder / "mul8u_A.bin").symlink_to("nothing")
    assert_named(folder / "mul8u_A.bin", "it cannot be read: No such file")
    (folder / "mul8u_A.bin").unlink()
    (folder / "mul8u_A.bin").symlink_to("mul8u_A.bin")
    assert_named(folder / "mul8u_A.bin", "it cannot be read: Too many levels of symbolic links")


def unprivileged(*arguments):
    """The result of a command by somebody who has to respect permissions, also where the tests run as root."""
    command = [sys.executable, "-m", "tfapprox", *arguments]
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root without setpriv")
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize("mode", [0o000, 0o400])
def test_folders_without_permission(folder, tmp_path_factory, monkeypatch, mode):
    closed = tmp_path_factory.mktemp("closed")
    multipliers.make("drum", "mul8u_X", folder=closed, k=4)
    monkeypatch.setenv("TFAPPROX_MULTIPLIER_PATH", f"{closed}:{folder}")
    closed.chmod(mode)
    try:
        listed = unprivileged("multiplier", "list")
        shown = unprivileged("multiplier", "show", "mul8u_GOOD")
        examined = unprivileged("doctor", "--fast")
    finally:
        closed.chmod(0o700)
    assert (listed.returncode, shown.returncode, examined.returncode) == (1, 0, 0), listed.stderr
    assert "mul8u_GOOD" in listed.stdout
    assert f"not loaded: {closed}" in listed.stdout
    assert f"{closed}" in examined.stdout
    assert "Traceback" not in listed.stderr + shown.stderr + examined.stderr


@pytest.mark.skipif("libasan" in os.environ.get("LD_PRELOAD", ""), reason="its compiler has no memory for libasan")
def test_checkouts(tmp_path):
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "mul8u_z.c").write_text("int mul8u_z(int a, int b) { return a * b; }")
    (checkout / "mul8u_a.c").mkdir()
    os.mkfifo(str(checkout / "mul8u_b.c"))
    (checkout / "mul8u_c.c").symlink_to("/dev/zero")
    (checkout / "mul8u_d.c").symlink_to("nothing")
    (checkout / "mul8u_e.c").write_bytes(b"x" * (1 << 20) + b"x")
    (checkout / "mul8u_f.c").write_text("// MAE = 1e999\nint mul8u_f(int a, int b) { return a * b; }")
    closed = checkout / "closed"
    closed.mkdir()
    (closed / "mul8u_g.c").write_text("int mul8u_g(int a, int b) { return a * b; }")
    closed.chmod(0)
    try:
        arguments = ["multiplier", "import", str(checkout), "--folder", str(tmp_path / "tables"), "--json"]
        result = unprivileged(*arguments)
    finally:
        closed.chmod(0o700)
    assert result.returncode == 1
    outcomes = {os.path.basename(outcome["path"]): outcome for outcome in json.loads(result.stdout)["outcomes"]}
    messages = {name: outcome["message"] for name, outcome in outcomes.items() if outcome["status"] == "failed"}
    assert outcomes["mul8u_z.c"]["status"] == "imported"
    assert sorted(messages) == ["closed", "mul8u_b.c", "mul8u_c.c", "mul8u_d.c", "mul8u_e.c", "mul8u_f.c"]
    assert "SOURCE must be a regular file" in messages["mul8u_b.c"]
    assert "SOURCE must be a regular file" in messages["mul8u_c.c"]
    assert "SOURCE must have at most 1,048,576 bytes" in messages["mul8u_e.c"]
    assert "SOURCE must have a finite MAE" in messages["mul8u_f.c"]
