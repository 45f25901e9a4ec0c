"""Looks for known vulnerabilities of locked packages: `python tools/audit.py LOCK...`, by pip-audit.

The program ends with status 1 if a package has one, except in the locks of TensorFlow 1.14, whose Python gets no newer
versions. If the data of PyPI cannot be reached, it says so and ends with status 0.
"""

import json
import subprocess
import sys
from pathlib import Path

NO_NEWER = {"tf1", "image-tf1"}  # the locks for Python 3.7
COMMAND = ["pip_audit", "--disable-pip", "--require-hashes", "--progress-spinner=off", "--format=json", "--requirement"]


def read(report):
    """What a report of pip-audit says: a list of lines about vulnerabilities, and how many packages have data."""
    packages = [package for package in report["dependencies"] if "skip_reason" not in package]
    lines = [
        f"{package['name']} {package['version']}: {vulnerability['id']}, "
        f"mended in {', '.join(vulnerability['fix_versions']) or 'no version'}"
        for package in packages
        for vulnerability in package["vulns"]
    ]
    return lines, len(packages)


def audit(lock):
    """Prints what is known about the packages of a lock; returns whether nothing is to be done."""
    result = subprocess.run([sys.executable, "-m", *COMMAND, lock], capture_output=True, text=True)
    lines, audited, reason = [], 0, "it has none of any package"
    try:
        lines, audited = read(json.loads(result.stdout))
    except ValueError:
        reason = result.stderr.strip().split("\n")[-1][:200]
    if audited == 0:
        print(f"{lock}: NOT AUDITED, because the data of PyPI cannot be reached: {reason}")
        return True
    print(f"{lock}: {audited} packages audited, {len(lines)} vulnerabilities")
    print("".join(f"  {line}\n" for line in lines), end="")
    return not lines or Path(lock).stem in NO_NEWER


if __name__ == "__main__":
    results = [audit(lock) for lock in sys.argv[1:]]
    sys.exit(0 if all(results) else 1)
