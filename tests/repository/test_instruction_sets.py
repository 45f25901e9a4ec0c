"""Instructions that some CPUs lack are only in the leaf files of the path that uses them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Registers that show the use of an instruction set: AVX-512 has masks and 32 vector registers, AVX has 256 bits.
REGISTERS = {"avx512": r"%zmm|%[xy]mm(1[6-9]|2\d|3[01])|\{%k[1-7]\}", "avx": r"%ymm"}
AVX512 = {"tfapprox_path_avx512bw", "tfapprox_path_avx512vbmi"}
LEAVES = {"avx512": AVX512, "avx": {*AVX512, "tfapprox_path_avx2"}}


def read(tool, *arguments):
    return subprocess.run([tool, *arguments], capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def objects():
    """The object files of the core in the newest build folder, as pairs of CMake target and path."""
    if not all(map(shutil.which, ("objdump", "nm"))):
        pytest.skip("no objdump and nm to read the object files with")
    libraries = sorted(ROOT.glob("build/*/common/libtfapprox_core.so"), key=lambda path: path.stat().st_mtime)
    if not libraries:
        pytest.skip("no build/*/common/libtfapprox_core.so: the core was built elsewhere")
    folder = libraries[-1].parent / "CMakeFiles"
    return [(path.relative_to(folder).parts[0].replace(".dir", ""), path) for path in folder.rglob("*.o")]


@pytest.mark.parametrize("instructions", REGISTERS)
def test_leaves(objects, instructions):
    users = set()
    for target, path in objects:
        if re.search(REGISTERS[instructions], read("objdump", "-d", "--no-show-raw-insn", path)):
            users.add(target)
    assert users == LEAVES[instructions] & {target for target, _ in objects}


def test_leaves_share_no_function(objects):
    """A function of an instruction set that is not local to its file could replace that of another file."""
    leaves = [path for target, path in objects if target.startswith("tfapprox_path_")]
    assert leaves
    for path in leaves:
        lines = read("nm", "--defined-only", path).splitlines()
        assert [line for line in lines if line.split()[-2] in "TW"] == [], path
