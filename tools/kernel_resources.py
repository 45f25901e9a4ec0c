"""Registers and spills of every kernel on every architecture, as ptxas reports them; spills are a failure.

Usage: kernel_resources.py JSON. nvcc is that of CUDACXX. Shared memory is asked for at the launch: docs/gpu.md.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

CORE = pathlib.Path(__file__).resolve().parents[1] / "common" / "core"
ARCHS = ["7.5", "8.0", "8.6", "8.9", "9.0", "10.0", "12.0"]
KERNEL = re.compile(
    r"Compiling entry function '(?P<name>\w+)'.*?(?P<stack>\d+) bytes stack frame, (?P<stores>\d+) bytes spill stores, "
    r"(?P<loads>\d+) bytes spill loads.*?Used (?P<registers>\d+) registers(?:.*?(?P<shared>\d+) bytes smem)?",
)


def resources(nvcc, file, arch, folder):
    """Rows of the kernels of one file on one architecture."""
    target = pathlib.Path(folder) / f"{file.stem}_{arch}.cubin"
    options = [nvcc, "-std=c++17", "-O3", "-fmad=false", f"-arch=sm_{arch.replace('.', '')}", "-cubin", "-Xptxas=-v"]
    options += [f"-I{CORE}", '-DTFAPPROX_CUDA_ARCHS=""', str(file), "-o", str(target)]
    ran = subprocess.run(options, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        sys.exit(ran.stderr)
    rows = []
    for found in KERNEL.finditer(ran.stderr.replace("\n", " ")):
        name = re.search(r"\w+Kernel(?:I\w+?E+v)?", re.sub(r"^.*?_cu_\w{8}(?:_\d+)?\d\d", "", found["name"]))
        spilled = int(found["stores"]) + int(found["loads"])
        rows.append({"arch": arch, "kernel": name[0], "registers": int(found["registers"]), "spilled_bytes": spilled})
    return rows


def main():
    """Prints all rows, writes them as JSON, and fails if there is a spill."""
    nvcc = os.environ.get("CUDACXX", "nvcc")
    known = subprocess.run([nvcc, "--list-gpu-arch"], capture_output=True, text=True, check=True).stdout.split()
    files = [file for file in sorted((CORE / "cuda").glob("*.cu")) if "__global__" in file.read_text(encoding="utf-8")]
    jobs = [(file, arch) for arch in ARCHS if f"compute_{arch.replace('.', '')}" in known for file in files]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        rows = [row for part in pool.map(lambda job: resources(nvcc, *job, folder), jobs) for row in part]
    for row in rows:
        print("{arch:>5} {registers:4} registers {spilled_bytes:3} bytes spilled  {kernel}".format(**row))
    with open(sys.argv[1], "w", encoding="utf-8") as target:
        json.dump(rows, target, indent=1)
    if not rows or any(row["spilled_bytes"] for row in rows):
        sys.exit("some kernels spill registers")


if __name__ == "__main__":
    main()
