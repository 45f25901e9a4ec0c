"""Circuits in C are code of a stranger: what they can reach, and what is left of them afterwards."""

import os
import pathlib
import re
import select

import numpy as np
import pytest

from tfapprox.common import multipliers
from tfapprox.common.multipliers import c_circuit, containment, processes

CONTAINED = processes.containment()
needs_containment = pytest.mark.skipif(not all(CONTAINED.values()), reason=f"not contained here: {CONTAINED}")

# A circuit whose product with 1 * 1 is the error of an attempt, 0 if the attempt succeeded.
ATTEMPT = """
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
extern char** environ;
static int result;
static int attempt(void) {{ errno = 0; return ({}) ? (errno ? errno : 255) : 0; }}
__attribute__((constructor)) static void early(void) {{ result = attempt(); }}
int mul2u_X(int a, int b) {{ return a == 1 && b == 1 ? result : 0; }}
"""
EPERM, EACCES = 1, 13


def error_of(tmp_path, attempt):
    path = tmp_path / "circuit.c"
    path.write_text(ATTEMPT.format(attempt))
    return int(c_circuit.products(path, "mul2u_X", 2)[1, 1])


@needs_containment
@pytest.mark.parametrize(
    ("attempt", "errors"),
    [
        ('open("{file}", O_RDONLY) < 0', {EACCES}),
        ('open("{file}", O_WRONLY) < 0', {EACCES}),
        ('open("{folder}/new", O_WRONLY | O_CREAT, 0600) < 0', {EACCES}),
        ('open("/proc/self/environ", O_RDONLY) < 0', {EACCES}),
        ('unlink("{file}") < 0', {EACCES}),
        ('rename("{file}", "{folder}/other") < 0', {EACCES}),
        ('truncate("{file}", 0) < 0', {EACCES, EPERM}),
        ('chmod("{file}", 0777) < 0', {EPERM}),
        ('chown("{file}", 1, 1) < 0', {EPERM}),
        ("socket(AF_INET, SOCK_DGRAM, 0) < 0", {EPERM}),
        ("socket(AF_UNIX, SOCK_STREAM, 0) < 0", {EPERM}),
        ("fork() < 0", {EPERM}),
        ("setsid() < 0", {EPERM}),
        ("kill(1, 0) < 0", {EPERM}),
        ("kill(getppid(), 0) < 0", {EPERM}),
        ("prlimit(getppid(), RLIMIT_CORE, &(struct rlimit){0, 0}, 0) < 0", {EPERM}),
        ("prlimit(getppid(), RLIMIT_CORE, 0, &(struct rlimit){0, 0}) < 0", {EPERM}),
        ("setpriority(PRIO_PROCESS, getppid(), 19) < 0", {EPERM}),
        ("sched_setaffinity(getppid(), sizeof(cpu_set_t), &(cpu_set_t){{1}}) < 0", {EPERM}),
        ("({int p[2]; pipe(p); fcntl(p[0], F_SETOWN, getppid());}) < 0", {EPERM}),
        ("({int p[2]; pipe(p); fcntl(p[0], F_SETSIG, SIGKILL);}) < 0", {EPERM}),
        ("inotify_init() < 0", {EPERM}),
    ],
)
def test_what_is_refused(tmp_path, attempt, errors):
    (tmp_path / "file").write_text("content")
    names = {"{file}": str(tmp_path / "file"), "{folder}": str(tmp_path)}
    for name, path in names.items():
        attempt = attempt.replace(name, path)
    assert error_of(tmp_path, attempt) in errors
    assert (tmp_path / "file").read_text() == "content"
    assert sorted(os.listdir(str(tmp_path))) == ["circuit.c", "file"]


def test_what_works(tmp_path):
    assert error_of(tmp_path, "environ[0] != 0") == 0
    assert error_of(tmp_path, "malloc(1 << 20) == 0") == 0
    assert error_of(tmp_path, "malloc(1l << 33) == 0") != 0  # this is above the limit of memory
    assert error_of(tmp_path, "kill(getpid(), 0) < 0") == 0
    assert error_of(tmp_path, "({struct rlimit l; getrlimit(RLIMIT_CORE, &l); l.rlim_max != 0;})") == 0


def test_children_are_killed_with_the_group():
    """Children of a program that ends by itself are killed, too. A pipe ends when no process has it open."""
    for script, seconds, code in (("sleep 300 & exit 3", 200, 3), ("sleep 300 & sleep 300", 0.1, None)):
        reader, writer = os.pipe()
        assert processes.run(["/bin/sh", "-c", script], seconds, {}, stdout=writer) == code
        os.close(writer)
        assert select.select([reader], [], [], 100)[0]
        assert os.read(reader, 1) == b""
        os.close(reader)


def test_a_file_that_is_too_large(tmp_path):
    output = tmp_path / "output"
    with open(str(output), "wb") as file:
        code = processes.run(["/bin/sh", "-c", "cat /dev/zero"], 10, {"FSIZE": 1024}, stdout=file)
    assert code != 0
    assert output.stat().st_size == 1024


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), 0, -1, 1e300])
def test_time_limits_that_are_none(tmp_path, seconds):
    (tmp_path / "mul2u_X.c").write_text("int mul2u_X(int a, int b) { return a * b; }")
    with pytest.raises(ValueError, match=r"seconds must be from 0\.1 to 86,400; received"):
        multipliers.import_multiplier(tmp_path / "mul2u_X.c", seconds=seconds, folder=tmp_path)


def test_processor_time_is_a_time_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "START_SECONDS", 100)
    (tmp_path / "x.c").write_text("int mul2u_X(int a, int b) { volatile int x = 1; while (x) {} return a * b; }")
    with pytest.raises(ValueError, match=r"must answer all pairs within 0\.1 s"):
        c_circuit.products(tmp_path / "x.c", "mul2u_X", 2, seconds=0.1)


def test_a_compiler_that_writes_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr("tfapprox.common.multipliers.c_compiler._LIMITS", {"FSIZE": 1 << 16})
    lines = "\n".join(f"#define A{i} A{i - 1} A{i - 1} A{i - 1} A{i - 1}" for i in range(1, 9))
    (tmp_path / "x.c").write_text(f"#define A0 int\n{lines}\nA8 mul2u_X(int a, int b) {{ return a * b; }}")
    with pytest.raises(ValueError, match="source must be C that compiles"):
        multipliers.import_multiplier(tmp_path / "x.c", folder=tmp_path)


def test_a_circuit_still_works_where_nothing_is_contained(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "_in_containment", lambda command, *_: command)
    (tmp_path / "mul2u_X.c").write_text("int mul2u_X(int a, int b) { return a * b; }")
    np.testing.assert_array_equal(
        c_circuit.products(tmp_path / "mul2u_X.c", "mul2u_X", 2), np.outer(range(4), range(4))
    )


# The tables of the system calls of Linux, as the headers of the kernel have them, and what only x86-64 has.
TABLES = {
    "x86_64": ["/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"],
    "aarch64": ["/usr/include/asm-generic/unistd.h"],
}
OLD_CALLS = {"fork", "vfork", "chmod", "chown", "lchown", "utime", "utimes", "futimesat", "inotify_init"}
NEW_CALLS = {452: "fchmodat2", 463: "setxattrat", 466: "removexattrat", 469: "file_setattr"}  # no older header has them


def system_calls(machine):
    """The names of the system calls of an architecture by their numbers, from the first header that exists."""
    path = next(filter(os.path.exists, TABLES[machine]), None)
    if path is None:
        pytest.skip(f"no header of the kernel: {TABLES[machine][0]} does not exist")
    lines = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)\b", pathlib.Path(path).read_text())
    return {**NEW_CALLS, **{int(number): name for name, number in lines}}


def test_both_architectures_refuse_the_same_system_calls():
    refused = {}
    for machine, (_, numbers) in containment._SYSTEM_CALLS.items():
        names = system_calls(machine)
        refused[machine] = [names[int(number)] for number in numbers.split()]
        assert len(set(refused[machine])) == len(refused[machine])
        assert [names[number] for number in containment._OWN_CALLS[machine]] == ["kill", "tgkill", "prlimit64"]
        assert names[containment._FCNTL[machine]] == "fcntl"
    assert set(refused["x86_64"]) - OLD_CALLS == set(refused["aarch64"])
    assert {"socket", "clone", "clone3", "ptrace", "bpf", "io_uring_setup", "fchmodat2"} <= set(refused["aarch64"])
