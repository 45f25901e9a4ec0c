"""tools/kernel_resources.py reads the reports of cuobjdump, and fails where a kernel spills."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "kernel_resources.py"
REPORT = """
Fatbin elf code:
================
arch = sm_120

Resource usage:
 Common:
  GLOBAL:0
 Function _ZN3abc2de41_GLOBAL__N__e9887106_9_term_cu_56c976bc14TermGemmKernelILi2ELi2ELi51200EEEvNS0_4ArgsE:
  REG:196 STACK:{stack} SHARED:1024 LOCAL:0 CONSTANT[0]:896 TEXTURE:0 SURFACE:0 SAMPLER:0
 Function _ZN3abc2de41_GLOBAL__N__e9887106_9_term_cu_56c976bc16SumWindowsKernelENS1_12SumArgumentsE:
  REG:38 STACK:0 SHARED:0 LOCAL:0 CONSTANT[0]:896 TEXTURE:0 SURFACE:0 SAMPLER:0
"""


@pytest.mark.parametrize(("stack", "code"), [(0, 0), (16, 1)])
def test_report(tmp_path, stack, code):
    cuobjdump, target = tmp_path / "cuobjdump", tmp_path / "resources.json"
    (tmp_path / "report").write_text(REPORT.format(stack=stack))
    cuobjdump.write_text(f"#!/bin/sh\ncat {tmp_path / 'report'}\n")
    cuobjdump.chmod(0o755)
    command = [sys.executable, str(TOOL), str(cuobjdump), "libtfapprox_core.so", str(target)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == code, result.stderr
    assert ("kernels that spill" in result.stderr) == bool(code)
    rows = json.loads(target.read_text())
    gemm, sums = rows
    assert gemm == {
        "arch": "12.0",
        "kernel": "TermGemmKernel<2, 2, 51200>",
        "registers": 196,
        "shared_bytes": 52224,
        "spilled_bytes": stack,
    }
    assert sums["kernel"] == "SumWindowsKernel"
