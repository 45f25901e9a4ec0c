"""The built libraries: their defences, what they export, the same bytes in every folder, and the bill of materials."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tfapprox.common import library

ROOT = Path(__file__).parents[2]
PACKAGE = Path(library.find("common", "libtfapprox_core.so")).parents[1]
LIBRARIES = sorted(PACKAGE.glob("*/*.so"))
NEEDS_BINUTILS = pytest.mark.skipif(not all(map(shutil.which, ("nm", "objdump", "readelf"))), reason="no binutils")
NVCC = os.environ.get("CUDACXX") or shutil.which("nvcc")


def read(tool, *arguments):
    return subprocess.run([tool, *map(str, arguments)], stdout=subprocess.PIPE, check=True).stdout.decode()


def is_sanitized(path):
    return bool(re.search(r"__(asan|ubsan|tsan)_", read("nm", "-D", path)))


@pytest.fixture(params=LIBRARIES, ids=lambda path: path.name)
def path(request):
    return request.param


@NEEDS_BINUTILS
def test_pages_are_writable_or_executable(path):
    """No page is both. Loading binds all symbols, and afterwards the tables of addresses are read-only."""
    segments = read("readelf", "--wide", "--segments", path)
    assert re.search(r"GNU_STACK .* RW ", segments)
    assert re.search(r"GNU_RELRO ", segments)
    assert not re.search(r" RWE ", segments)
    assert re.search(r"\bBIND_NOW\b|FLAGS_1.*\bNOW\b", read("readelf", "--wide", "--dynamic", path))


@NEEDS_BINUTILS
def test_stack_protector_and_fortified_functions(path):
    imported = read("nm", "-D", "--undefined-only", path)
    assert "__stack_chk_fail" in imported
    assert is_sanitized(path) or "__vsnprintf_chk" in imported


@NEEDS_BINUTILS
def test_only_the_interface_is_exported(path):
    """Weak and unique symbols of the C++ library count, too: they could replace those of TensorFlow."""
    exported = [line.split()[-1] for line in read("nm", "-D", "--defined-only", path).splitlines()]
    assert "tfapprox_table_load" in exported
    assert [name for name in exported if not name.startswith("tfapprox_")] == []


@NEEDS_BINUTILS
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="only x86-64 has these instructions")
def test_functions_can_be_called_with_branch_tracking(path):
    """Every function of the interface begins with `endbr64`, as branch tracking (CET) needs."""
    code = read("objdump", "--disassemble", "--no-show-raw-insn", path)
    functions = re.findall(r"<(tfapprox_\w+)(?:@@Base)?>:\n\s*\w+:\s*(\w+)", code)
    assert len(functions) > 25  # the library with CUDA has 39
    assert {name for name, first in functions if first != "endbr64"} == set()


def bill_of_materials(folder, name="runtime", *linked):
    path = folder / "tfapprox.cdx.json"
    command = [sys.executable, str(ROOT / "cmake" / "sbom.py"), "1.2.3", f"{ROOT}/requirements/{name}.txt", str(path)]
    subprocess.run([*command, *linked], check=True)
    return path.read_bytes()


@pytest.mark.parametrize("name", ["runtime", "image-tf1", "image-tf2", "image-tf2-cuda"])
def test_bill_of_materials(tmp_path, name):
    content = bill_of_materials(tmp_path, name, "cudart_static==13.0.88")
    assert content == bill_of_materials(tmp_path, name, "cudart_static==13.0.88")
    bill = json.loads(content)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", bill["serialNumber"])
    assert bill["metadata"]["component"]["purl"] == "pkg:pypi/tfapprox@1.2.3"
    listed = [f"{part['name']}=={part['version']}" for part in bill["components"]]
    locked = re.findall(r"^[\w.-]+==[^\s\\]+", (ROOT / "requirements" / f"{name}.txt").read_text(), re.MULTILINE)
    assert listed == [*locked, "cudart_static==13.0.88"]
    references = [part["bom-ref"] for part in bill["components"]]
    assert len(set(references)) == len(references)
    assert bill["dependencies"][0]["dependsOn"] == references


def test_the_installed_package_has_its_bill_of_materials():
    (path,) = PACKAGE.parent.glob("tfapprox-*.dist-info/sboms/tfapprox.cdx.json")
    names = {part["name"].lower() for part in json.loads(path.read_text())["components"]}
    assert {"numpy", "rich", "typer"} <= names
    plugins = {library.name for library in LIBRARIES} - {"libtfapprox_core.so"}
    assert bool(plugins) == ("tensorflow" in names)


@pytest.mark.skipif(not (NVCC and shutil.which("cmake") and shutil.which("ninja")), reason="no nvcc, cmake and ninja")
def test_kernels_have_the_same_bytes_in_every_folder(tmp_path):
    """One file of kernels, compiled for one architecture in two folders, is the same after linking and stripping."""
    built = []
    for name in ("first", "second/and/deeper"):
        tree, build = tmp_path / name / "tree", tmp_path / name / "build"
        for part in ("cmake", "common", "requirements", "tensorflow_ops", "tf1", "tf2"):
            shutil.copytree(str(ROOT / part), str(tree / part))
        shutil.copy(str(ROOT / "CMakeLists.txt"), str(tree))
        defines = [f"-DCMAKE_CUDA_COMPILER={NVCC}", "-DTFAPPROX_CUDA=ON", "-DTFAPPROX_CUDA_ARCHS=9.0"]
        options = [*defines, "-DTFAPPROX_TF1=OFF", "-DTFAPPROX_TF2=OFF", f"-DPython_EXECUTABLE={sys.executable}"]
        read("cmake", "-S", tree, "-B", build, "-G", "Ninja", *options)
        target = "common/CMakeFiles/tfapprox_cuda_objects.dir/core/cuda/quantise.cu.o"
        read("ninja", "-C", build, target)
        read("g++", "-shared", build / target, "-o", tmp_path / "linked.so")
        read("strip", tmp_path / "linked.so")
        built.append((tmp_path / "linked.so").read_bytes())
    assert built[0] == built[1]
