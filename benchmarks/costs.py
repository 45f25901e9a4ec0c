"""The costs of each path on this CPU, in the form in which common/core/measured_costs.cc lists them.

python benchmarks/costs.py [RESULT.json]

The core chooses plans and ways of look-ups by these costs. They never change a result. docs/cpu_kernels.md says how to
add the costs of another CPU family.
"""

import re
import time
from pathlib import Path

import numpy as np
from measure import environment, record
from rich.progress import track

from tfapprox.common import _operation, load_table, native, plans

TAPS = 512
PIXELS = (256, 512, 1024, 2048)  # sizes of one block of look-ups by rows
FILTERS = (8, 16, 32, 64, 128)
# Sizes for the costs of operands, whose filters are larger than a second-level cache where they count most.
OPERAND_SIZES = [(pixels, filters) for pixels in (64, 256, 1024) for filters in (16, 64, 512, 4096)]
ROW_BYTES = {"avx512vbmi": 64, "avx512bw": 64, "avx2": 32, "neondot": 16, "neon": 16}
RANDOM = np.random.RandomState(0).randint(0, 65536, (256, 256)).astype(np.uint16)
ERRORS = RANDOM % 256
# A table that has the plan, by the names of the costs.
TABLES = {
    "look_up": ("look_up", RANDOM),
    "classes_64": ("classes", np.repeat(RANDOM[:64], 4, axis=0)),
    "classes_128": ("classes", np.repeat(RANDOM[:128], 2, axis=0)),
    "small_errors_64": ("error_plane", load_table("mul8u_trunc4")),
    "error_plane": ("error_plane", load_table("mul8u_exact") + ERRORS),
    "exact": ("exact", load_table("mul8u_exact")),
    "polynomial": ("polynomial", load_table("mul8u_trunc4")),
}


def gigahertz():
    """The highest clock that Linux reports of a processor; 1 where it reports none, so that costs are in ns."""
    rates = re.findall(r"cpu MHz\s*: ([\d.]+)", Path("/proc/cpuinfo").read_text())
    return max(map(float, rates)) / 1000 if rates else 1.0


def cycles(path, name, sizes, rounds=9):
    """CPU cycles of calls on one thread, by (pixels, filters), with a table of TABLES.

    Calls of different sizes take turns. The minimum counts, because other programs can only slow a call down.
    """
    plan, table = TABLES[name]
    random = np.random.RandomState(0)
    with environment(TFAPPROX_FORCE_PATH=path, TFAPPROX_PLAN=plan):
        calls = {}
        for pixels, filters in sizes:
            tensors = random.uniform(-1, 1, (1, 1, pixels, TAPS)), random.uniform(-1, 1, (1, 1, TAPS, filters))
            operation = _operation.approx_conv2d(
                *(tensor.astype(np.float32) for tensor in tensors), -1, 1, -1, 1, [1, 1, 1, 1], table=table
            )
            calls[pixels, filters] = native.Execution(operation, 1)
    taken = {size: [] for size in calls}
    for call in calls.values():
        call.run()
    for _ in range(rounds):
        for size, call in calls.items():
            begin = time.process_time()
            call.run()
            taken[size].append(time.process_time() - begin)
    return {size: min(seconds) * gigahertz() * 1e9 for size, seconds in taken.items()}


def per_product(path, name):
    """CPU cycles of one product by columns, or of one product of bytes, from the cost of 64 more filters."""
    pixels = PIXELS[-1]
    taken = cycles(path, name, [(pixels, 64), (pixels, 128)])
    return (taken[pixels, 128] - taken[pixels, 64]) / (pixels * TAPS * 64)


def number_of_terms():
    """Terms of the polynomial of TABLES."""
    return next(len(plan.shift) for plan in plans.plans(TABLES["polynomial"][1]) if plan.name == "polynomial")


def column_costs(path):
    """Costs of a product by the plans of PlanCosts, relative to look_up, and the cycles of look_up."""
    costs = {name: per_product(path, name) for name in TABLES}
    exact, polynomial = costs.pop("exact"), costs.pop("polynomial")
    costs["term"] = (polynomial - exact) / (number_of_terms() - 1)
    for name in ("error_plane", "small_errors_64"):
        costs[name] -= exact  # the plan error_plane has a product of bytes, too
    return {**{name: value / costs["look_up"] for name, value in costs.items()}, "look_up_cycles": costs["look_up"]}


def rows(filters, planes, longest):
    """The bytes of the rows that hold the entries of some filters; row_look_up.h shortens the last one."""
    full, rest = divmod(filters * planes, longest)
    last = next((size for size in (16, 32, 64) if size >= rest), longest)
    return [longest] * full + [last] * (rest > 0)


def row_costs(path):
    """The numbers of RowCosts, fitted to the times of calls of several sizes."""
    longest, sizes = ROW_BYTES[path], [(pixels, filters) for pixels in PIXELS for filters in FILTERS]

    def equations(planes):
        """The factors of transposed bytes, look-ups and bytes of look-ups, and of a constant for each size of block."""
        for pixels, filters in sizes:
            lengths = rows(filters, planes, longest)
            factors = [TAPS * 256 * sum(lengths), TAPS * pixels * len(lengths), TAPS * pixels * sum(lengths)]
            yield factors + [float(pixels == size) for size in PIXELS]

    def fitted(matrix, taken):
        """The least squares of relative errors, so that short calls count as much as long ones."""
        scaled = np.array(matrix) / np.array(taken)[:, None]
        result = np.linalg.lstsq(scaled, np.ones(len(taken)), rcond=None)[0]
        while result[:3].min() < 0:  # no cost is negative, so the most negative one is left out
            scaled[:, result[:3].argmin()] = 0
            result = np.linalg.lstsq(scaled, np.ones(len(taken)), rcond=None)[0]
        return result

    taken = cycles(f"{path}_rows", "look_up", sizes)
    words = fitted(list(equations(2)), [taken[size] for size in sizes])
    both, products = (cycles(f"{path}_rows", name, sizes) for name in ("error_plane", "exact"))
    # A look-up of a byte costs as much as a look-up of a word, but the transposition of bytes has its own cost.
    known = [row[1] * words[1] + row[2] * words[2] for row in equations(1)]
    rest = [both[size] - products[size] - look_ups for size, look_ups in zip(sizes, known)]
    factors = [row[0] for row in equations(1)]
    byte_of_bytes = float(np.dot(factors, rest) / np.dot(factors, factors))
    return dict(
        zip(["byte_of_words", "row_look_up", "row_look_up_byte"], map(float, words)), byte_of_bytes=byte_of_bytes
    )


def operand_costs(path):
    """The numbers of OperandCosts: what a pixel and what a filter adds to a call, without the products of both."""

    def fitted(name):
        taken = cycles(path, name, OPERAND_SIZES)
        factors = np.array([[TAPS * pixels * filters, TAPS * pixels, TAPS * filters, 1] for pixels, filters in taken])
        scaled = factors / np.array(list(taken.values()))[:, None]
        return np.linalg.lstsq(scaled, np.ones(len(taken)), rcond=None)[0][1:3]

    (lane, broadcast), several = fitted("exact"), fitted("polynomial")
    feature, coefficient = (several - [lane, broadcast]) / (number_of_terms() - 1)
    numbers = {"lane": lane, "feature": feature, "broadcast": broadcast, "coefficient": coefficient}
    return {name: max(0.05, float(value)) for name, value in numbers.items()}


def line(row):
    """The line of measured_costs.cc."""
    numbers = [f"{row[name]:.2g}" for name in ("small_errors_64", "error_plane", "classes_64", "classes_128")]
    by_rows = [f"{row[name]:.2g}" for name in ("byte_of_words", "byte_of_bytes", "row_look_up", "row_look_up_byte")]
    operands = [f"{row[name]:.2g}" for name in ("lane", "feature", "broadcast", "coefficient")]
    family = row["family"].title().replace("-", "")
    return (
        f"{{CpuFamily::k{family}, {row['term']:.2g}, {{{', '.join(numbers)}}}, {row['look_up_cycles']:.2g}, "
        f"{{{', '.join(by_rows)}}}, {{{', '.join(operands)}}}}},"
    )


def main():
    """Measures every path that has look-ups by columns and by rows and that this CPU supports."""
    result = []
    for path in track([path for path in ROW_BYTES if native.paths().get(path, "not built") is None], "costs"):
        row = {"path": path, "family": native.cpu_family(), **column_costs(f"{path}_columns"), **row_costs(path)}
        row.update(operand_costs(path))
        print(path, line(row))
        result.append(row)
    record("costs", result, clock_ghz=gigahertz())


if __name__ == "__main__":
    main()
