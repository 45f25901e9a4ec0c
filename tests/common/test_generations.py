"""A table and its description are one generation: whatever is killed, races or runs out of disk."""

import hashlib
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tfapprox.common import TruthTable, file_locks, load_table, multipliers, save_table
from tfapprox.common.multipliers import sidecar, storage

KILLS = 100
# Each line from standard input makes a process that replaces the table again and again, until it is killed.
WRITERS = """
import os, sys
import numpy as np
from tfapprox.common import TruthTable
from tfapprox.common.multipliers import storage
a, w = np.mgrid[0:256, 0:256]
tables = [TruthTable(((a & ~k) * w).astype(np.uint16), "mul8u_K") for k in range(4)]
for line in sys.stdin:
    writer = os.fork()
    if writer == 0:
        k = int(line)
        while True:
            storage.store(tables[k % 4], {"source": "x" * (k % 4 * 3000), "licence": str(k % 4)}, folder=sys.argv[1],
                          force=True)
            k += 1
    print(writer, flush=True)
    os.waitpid(writer, 0)
    print("ended", flush=True)
"""


def table(k, name="mul8u_K"):
    a, w = np.mgrid[0:256, 0:256]
    return TruthTable(((a & ~k) * w).astype(np.uint16), name)


def test_kill_at_any_moment(tmp_path):
    seed = int.from_bytes(os.urandom(4), "little")
    print(f"seed {seed}")
    moments, path = random.Random(seed), tmp_path / "mul8u_K.bin"
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "universal_newlines": True}
    seen = set()
    with subprocess.Popen([sys.executable, "-c", WRITERS, str(tmp_path)], **streams) as server:
        for _ in range(KILLS):
            server.stdin.write(f"{moments.randrange(4)}\n")
            server.stdin.flush()
            writer = int(server.stdout.readline())
            time.sleep(moments.uniform(0.001, 0.15))
            os.kill(writer, signal.SIGKILL)
            assert server.stdout.readline() == "ended\n"
            if not path.exists():
                continue
            # The process that renames outlives the writer. It holds the lock until both files are in their places.
            with file_locks.locked(tmp_path):
                content = path.read_bytes()
                described = json.loads(path.with_suffix(".json").read_text())
            generations = {description["sha256"] for description in (described, described.get("previous", described))}
            assert hashlib.sha256(content).hexdigest() in generations
            multiplier = multipliers.load(path)
            assert not multipliers.is_changed(multiplier)
            assert multiplier.table == table(int(multiplier.sidecar["licence"]))
            seen.add(multiplier.sidecar["licence"])
        server.stdin.close()
    assert len(seen) > 1
    storage.store(table(0), {}, folder=tmp_path, force=True)
    assert sorted(os.listdir(str(tmp_path))) == ["mul8u_K.bin", "mul8u_K.json"]


class PowerError(Exception):
    pass


@pytest.mark.parametrize("step", range(5))
def test_every_step_leaves_one_generation(tmp_path, monkeypatch, step):
    """The process that renames the files is stopped before each rename, as by a power failure."""
    storage.store(table(1), {"licence": "one"}, folder=tmp_path)
    monkeypatch.setattr("subprocess.Popen", refuse)
    steps, replace = [], os.replace

    def stopping(source, target):
        steps.append(target)
        if len(steps) > step:
            raise PowerError
        replace(source, target)

    monkeypatch.setattr("os.replace", stopping)
    try:
        storage.store(table(2), {"licence": "two"}, folder=tmp_path, force=True)
    except PowerError:
        assert step < 3
    multiplier = multipliers.load(tmp_path / "mul8u_K.bin")
    assert not multipliers.is_changed(multiplier)
    assert (multiplier.table, multiplier.sidecar["licence"]) == ((table(1), "one") if step < 2 else (table(2), "two"))
    monkeypatch.setattr("os.replace", replace)
    storage.store(table(3), {"licence": "three"}, folder=tmp_path, force=True)
    assert multipliers.load(tmp_path / "mul8u_K.bin").sidecar["licence"] == "three"
    assert "previous" not in json.loads((tmp_path / "mul8u_K.json").read_text())


def refuse(*_, **__):
    raise OSError


IMPORT = """
import sys
import numpy as np
from tfapprox.common import TruthTable
from tfapprox.common.multipliers import storage
k, force = int(sys.argv[2]), sys.argv[3] == "force"
a, w = np.mgrid[0:256, 0:256]
table = TruthTable(((a & ~k) * w).astype(np.uint16), "mul8u_R")
print("ready", flush=True)
sys.stdin.readline()
try:
    storage.store(table, {"licence": str(k)}, folder=sys.argv[1], force=force)
    print("stored")
except FileExistsError:
    print("exists")
"""


@pytest.mark.parametrize(("force", "stored"), [("once", 1), ("force", 5)])
def test_five_imports_of_one_name_at_once(tmp_path, force, stored):
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "universal_newlines": True}
    commands = [[sys.executable, "-c", IMPORT, str(tmp_path), str(k), force] for k in range(5)]
    processes = [subprocess.Popen(command, **streams) for command in commands]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    outcomes = [process.communicate()[0].strip() for process in processes]
    assert sorted(outcomes) == ["exists"] * (5 - stored) + ["stored"] * stored
    multiplier = multipliers.load(tmp_path / "mul8u_R.bin")
    assert not multipliers.is_changed(multiplier)
    assert multiplier.table == table(int(multiplier.sidecar["licence"]))
    assert sorted(os.listdir(str(tmp_path))) == ["mul8u_R.bin", "mul8u_R.json"]


@pytest.mark.parametrize("there", [True, False])
def test_a_full_disk_at_the_description(tmp_path, there):
    if there:
        storage.store(table(1), {"licence": "one"}, folder=tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (140_000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"mul8u_K\.json"):
            storage.store(table(2), {"licence": "x" * 200_000}, folder=tmp_path, force=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert sorted(os.listdir(str(tmp_path))) == (["mul8u_K.bin", "mul8u_K.json"] if there else [])
    if there:
        assert multipliers.load(tmp_path / "mul8u_K.bin").sidecar["licence"] == "one"


def test_a_table_of_another_description_has_no_figures(tmp_path):
    storage.store(table(1), {"power_mW": 0.5}, folder=tmp_path)
    save_table(tmp_path / "mul8u_K.bin", table(2))
    multiplier = multipliers.load(tmp_path / "mul8u_K.bin")
    assert multipliers.is_changed(multiplier)
    assert multiplier.sidecar["power_mW"] is None
    storage.store(table(3), {"power_mW": 0.25}, folder=tmp_path, force=True)
    assert multipliers.load(tmp_path / "mul8u_K.bin").sidecar["power_mW"] == 0.25


def test_links_are_kept(tmp_path):
    (tmp_path / "real").mkdir()
    storage.store(table(1), {}, folder=tmp_path / "real")
    link = tmp_path / "mul8u_K.bin"
    link.symlink_to(tmp_path / "real" / "mul8u_K.bin")
    with pytest.raises(FileExistsError):
        storage.store(table(2), {}, folder=tmp_path)
    storage.store(table(2), {}, folder=tmp_path, force=True)
    assert link.is_symlink()
    np.testing.assert_array_equal(load_table(tmp_path / "real" / "mul8u_K.bin"), table(2).entries)


@pytest.mark.parametrize("name", ["multipliers", "Multipliers"])
def test_reserved_names(tmp_path, name):
    (tmp_path / "multipliers.json").write_text('{"mul8u_A": {"power_mW": 0.4}}')
    with pytest.raises(ValueError, match=r"name must not be .*multipliers\.json"):
        multipliers.make("drum", name, folder=tmp_path, k=4)
    assert sidecar.collection(tmp_path) == {"mul8u_A": {"power_mW": 0.4}}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "much"])
def test_figures_that_json_cannot_hold(tmp_path, value):
    with pytest.raises(ValueError, match="power_mW must be a finite number; received"):
        storage.store(table(1), {"power_mW": value}, folder=tmp_path)
    assert os.listdir(str(tmp_path)) == []
