"""Lists the registers, shared memory and spills of every kernel in a compiled library, for each architecture.

Usage: kernel_resources.py CUOBJDUMP LIBRARY JSON. Spilled registers lie on a kernel's stack, so a kernel with a stack
is a failure. A launch may ask for more shared memory; the number of bytes is the last template argument of the kernel.
"""

import json
import re
import subprocess
import sys

ARCH = re.compile(r"^arch = sm_(\d+)(\d)$")
KERNEL = re.compile(r"^ Function \w*?\d(?P<name>[A-Z][a-z]\w*?Kernel)(?P<arguments>I(?:[a-z]|L[a-z]\d+E)+E)?E")
USAGE = re.compile(r"^  REG:(\d+) STACK:(\d+) SHARED:(\d+) LOCAL:(\d+) ")


def resources(report):
    """The kernels in a report of `cuobjdump --dump-resource-usage`, as a list of dictionaries."""
    arch, kernel, rows = None, None, []
    for line in report.splitlines():
        if ARCH.match(line):
            arch = ".".join(ARCH.match(line).groups())
        elif line.startswith(" Function "):
            kernel = KERNEL.match(line) or sys.exit(f"a function whose name does not end with Kernel: {line}")
        elif USAGE.match(line):
            registers, stack, shared, local = map(int, USAGE.match(line).groups())
            arguments = [a or b for a, b in re.findall(r"L[a-z](\d+)E|([a-z])", kernel["arguments"] or "")]
            launched = int(arguments[-1]) if arguments and arguments[-1].isdigit() else 0
            name = f"{kernel['name']}<{', '.join(arguments)}>" if arguments else kernel["name"]
            row = {"arch": arch, "kernel": name, "registers": registers, "shared_bytes": shared + launched}
            rows.append({**row, "spilled_bytes": stack + local})
    return rows


def main():
    """Prints all kernels and writes them as JSON; exits with an error if one spills, or if there is none."""
    cuobjdump, library, target = sys.argv[1:]
    command = [cuobjdump, "--dump-resource-usage", library]
    rows = resources(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    for row in rows:
        line = "{arch:>5} {registers:4} registers {shared_bytes:6} bytes shared {spilled_bytes:3} spilled  {kernel}"
        print(line.format(**row))
    with open(target, "w", encoding="utf-8") as file:
        json.dump(rows, file, indent=1)
    if not rows or any(row["spilled_bytes"] for row in rows):
        sys.exit(f"kernels that spill: {[row for row in rows if row['spilled_bytes']]}" if rows else "no kernels")


if __name__ == "__main__":
    main()
