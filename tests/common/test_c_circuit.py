"""Circuits in C: which function is the circuit, what it answers, and everything that goes wrong."""

import os
import re
import stat

import circuits
import numpy as np
import pytest

from tfapprox.common import multipliers
from tfapprox.common.metrics import operands
from tfapprox.common.multipliers import c_circuit, c_source
from tfapprox.common.reference import exact_table

A, W = np.mgrid[0:256, 0:256]


@pytest.fixture
def source(tmp_path):
    """Function from C code to a file of it."""

    def write(code, name="circuit.c"):
        (tmp_path / name).write_text(code)
        return tmp_path / name

    return write


@pytest.fixture
def imported(source, tmp_path):
    """Function from C code and options to the multiplier that it becomes."""
    return lambda code, **options: multipliers.import_multiplier(source(code), folder=tmp_path / "tables", **options)


def test_the_first_parameter_is_the_activation_whatever_it_is_called(imported):
    made = imported(circuits.EVEN)
    assert (made.name, made.signed, made.num_bits) == ("mul8u_EVEN", False, 8)
    np.testing.assert_array_equal(made.table, (A & ~1) * W)
    np.testing.assert_array_equal(imported(circuits.EVEN, swap=True, name="mul8u_SWAP").table, A * (W & ~1))


@pytest.mark.parametrize("code", [circuits.SIGNED, circuits.SIGNED_BYTES])
def test_signed(imported, code):
    made = imported(code)
    values = operands(8, signed=True)
    assert made.signed
    assert made.table.signed
    np.testing.assert_array_equal(made.table, np.multiply.outer(values & ~1, values))


@pytest.mark.parametrize("kind", ["int", "long", "uint64_t", "unsigned", "short", "int64_t"])
def test_types_of_any_width(imported, kind):
    code = f"#include <stdint.h>\n{kind} mul8u_X({kind} a, {kind} b) {{ return (a * b) & 0xfffc; }}"
    if kind == "short":  # large products of 16 bits are negative
        with pytest.raises(ValueError, match="must be from 0 to 65535; received"):
            imported(code)
    else:
        np.testing.assert_array_equal(imported(code).table, A * W & 0xFFFC)


def test_fewer_bits_by_name(imported):
    made = imported("int mul4u_X(int a, int b) { return a * b; }")
    np.testing.assert_array_equal(made.table, exact_table(4))
    np.testing.assert_array_equal(imported("int f(int a, int b) { return a * b; }", num_bits=3).table, exact_table(3))


def test_what_is_no_candidate(source):
    path = source(
        """
        #include <stdint.h>
        #include <stdlib.h>
        #define WIDE(name) uint32_t name(uint32_t x, uint32_t y)
        #if 0
        int skipped(int a, int b) { return 0; }
        #endif
        /* int commented(int a, int b) { } */
        typedef unsigned char byte;
        struct pair { int a, b; };
        int declared(int a, int b);
        static inline int helper(int a, int b) { return a + b; }
        void nothing(int a, int b) {}
        int three(int a, int b, int c) { return a; }
        int pointer(int* a, int b) { return *a; }
        double real(double a, double b) { return a * b; }
        const char* text(void) { return "int quoted(int a, int b) { }}"; }
        WIDE(macro) { for (;;) { if (x) { return x * y; } } }
        extern unsigned long long const plain(register byte a, const byte b) { return '{' + a * b; }
        int main(void) { return helper(1, 2); }
        """
    )
    assert c_source.functions(path) == [
        ("macro", "uint32_t", ("uint32_t", "uint32_t")),
        ("plain", "unsigned long long const", ("byte", "byte")),
    ]


def test_the_name_of_the_file_chooses(source):
    code = "int gate(int a, int b) { return a & b; } int mul8u_X(int a, int b) { return a * b; }"
    assert c_source.choose(source(code, "mul8u_X.c")).name == "mul8u_X"
    assert c_source.choose(source(code), "gate").name == "gate"
    only_static = "static int f(int a, int b) { return a * b; } int g(void) { return f(1, 2); }"
    assert c_source.choose(source(only_static)).name == "f"


def test_includes_beside_the_file(imported, tmp_path):
    (tmp_path / "gates.h").write_text("static int times(int a, int b) { return a * b; }")
    code = '#include "gates.h"\nint mul8u_X(int a, int b) { return times(a, b); }\nint main() { return 0; }'
    np.testing.assert_array_equal(imported(code).table, A * W)


def test_nothing_of_the_circuit_is_printed(imported, capfd):
    imported('#include <stdio.h>\nint f(int a, int b) { if (!b) puts("here"); fprintf(stderr, "!"); return a * b; }')
    assert capfd.readouterr() == ("", "")


CRASH = "int f(int a, int b) { return a == 3 && b == 5 ? *(volatile int*)8 : 0; }"
EXIT = "#include <stdlib.h>\nint f(int a, int b) { if (a) exit(7); return 0; }"
LOOP = "int f(int a, int b) { volatile int x = a; while (x == 2) {} return a * b; }"
MEMORY = "int f(int a, int b) { static int last; int r = a * b + (last & 1); last = a; return r; }"
ONE_OF_TWO = r"uint16_t one\(uint8_t, uint8_t\), uint16_t other\(uint8_t, uint8_t\)"
WRONG = [
    (circuits.TWO, {}, rf"must have one function of two integers .* with {ONE_OF_TWO}; function chooses one"),
    (circuits.TWO, {"function": "f"}, rf"function must be .* in .*circuit\.c; received 'f', and there: {ONE_OF_TWO}"),
    ("int f(int a) { return a; }", {}, r"must have a function of two integers .* with none$"),
    ("", {}, r"must have a function of two integers"),
    (
        "int f(int a, int b) { return a * ; }",
        {},
        r"must be C that compiles; received .*:\n[\s\S]*circuit\.c:1:\d+: error",
    ),
    ("#error not this one\n", {}, r"must be C that compiles; [\s\S]*circuit\.c:1:2: error: #error not this one"),
    ("int f(int a, int b) { return a / b; }", {}, r"received f\(0, 0\), which crashed with SIGFPE"),
    (CRASH, {}, r"f must return a product for every pair; received f\(3, 5\), which crashed with SIGSEGV"),
    (EXIT, {}, r"received f\(1, 0\), which ended the program with exit code 7"),
    (LOOP, {"seconds": 0.5}, r"f must answer all pairs within 0\.5 s; received no answer to f\(2, 0\)"),
    (
        "int f(int a, int b) { return a * b - 3; }",
        {},
        r"must be from 0 to 65535; received 0 \* 0 = -3, and \d+ more; signed=True",
    ),
    (
        "int f(int a, int b) { return a * b + 600; }",
        {},
        r"must be from 0 to 65535; received 255 \* 255 = 65625, and 0 more$",
    ),
    (
        "int f(int a, int b) { return 5 * a * b; }",
        {"signed": True},
        r"signed operands must be from -32768 to 32767; received",
    ),
    (MEMORY, {}, r"f must depend on its operands alone; received \d+ and then \d+ for f\(\d+, \d+\)"),
    ("int mul9u_X(int a, int b) { return a * b; }", {}, r"operands must have 2 to 8 bits; received 'mul9u_X', with 9"),
]


@pytest.mark.parametrize(("code", "options", "message"), WRONG)
def test_mistakes(imported, tmp_path, code, options, message):
    with pytest.raises(ValueError, match=message):
        imported(code, **options)
    assert not (tmp_path / "tables").exists()


def test_no_compiler(imported, monkeypatch, tmp_path):
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(FileNotFoundError, match=r"a C compiler must be on PATH, .*looked for no-such-compiler"):
        imported(circuits.EVEN)
    monkeypatch.delenv("CC")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"received none \(looked for cc, gcc, clang\)"):
        imported(circuits.EVEN)


def test_a_compiler_that_does_not_end(imported, monkeypatch, tmp_path):
    script = tmp_path / "slow"
    script.write_text("#!/bin/sh\nsleep 30 & wait\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("CC", str(script))
    monkeypatch.setattr("tfapprox.common.multipliers.c_compiler.COMPILE_SECONDS", 0.3)
    with pytest.raises(ValueError, match=re.escape("must compile within 0.3 s")):
        imported(circuits.EVEN)


def test_unreadable(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No such file.*none\.c"):
        multipliers.import_multiplier(tmp_path / "none.c")
    with pytest.raises(IsADirectoryError):
        multipliers.import_multiplier(tmp_path)


def test_odd_paths(tmp_path):
    folder = tmp_path / 'a "b" c'
    folder.mkdir()
    (folder / "x'y.c").write_text(circuits.EVEN)
    made = multipliers.import_multiplier(folder / "x'y.c", folder=tmp_path)
    np.testing.assert_array_equal(made.table, (A & ~1) * W)


def test_temporary_files_are_gone(source, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    os.mkdir(str(tmp_path / "temporary"))
    products = c_circuit.products(source(circuits.TWO), "one")
    np.testing.assert_array_equal(products, A * W)
    assert os.listdir(str(tmp_path / "temporary")) == []
