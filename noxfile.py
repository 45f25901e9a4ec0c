"""The only entry to everything that is built, tested or measured: `nox -l` lists the sessions.

Each session installs its lock file, requirements/*.txt, then builds the package for the interpreter and TensorFlow
of its environment. Environments and build folders are kept between runs. A session makes what is missing.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import nox

nox.needs_version = ">=2024.4.15"
nox.options.sessions = ["core", "tf1", "tf2", "cuda", "lint"]
if "CI" in os.environ:
    nox.options.sessions += ["audit", "docs(site)", "dist", "containers"]
nox.options.default_venv_backend = "venv"
nox.options.reuse_venv = "yes"
nox.options.stop_on_first_error = False

# The arguments with which uv makes requirements/NAME.txt, for Python 3.10 and later, or for 3.7 with TensorFlow 1.14.
LOCKS = {
    "core": [
        "pyproject.toml",
        "--group=core",
        "--extra=plots",
        "--extra=circuits",
        "--extra=verilog",
        "--universal",
        "--python-version=3.10",
    ],
    "tf1": ["pyproject.toml", "--group=core", "--group=tf1", "--python-version=3.7"],
    "tf2": [
        "pyproject.toml",
        "--group=core",
        "--extra=tf2",
        "--extra=examples",
        "--extra=keras2",
        "--extra=search",
        "--universal",
        "--python-version=3.10",
    ],
    "cuda": ["--group=cuda", "--universal", "--python-version=3.10"],
    "lint": ["--group=lint", "--universal", "--python-version=3.10"],
    "lock": ["--group=lock", "--universal", "--python-version=3.10"],
    "python37": ["--group=python37", "--universal", "--python-version=3.10"],
}
# What tfapprox needs at run time without TensorFlow: the packages of the bill of materials (cmake/sbom.py).
LOCKS["runtime"] = ["pyproject.toml", "--universal", "--python-version=3.10", "--constraints=requirements/core.txt"]
LOCKS["audit"] = ["--group=audit", "--universal", "--python-version=3.10"]
LOCKS["docs"] = ["--group=docs", "--universal", "--python-version=3.10"]
LOCKS["tutorial"] = [*LOCKS["tf2"], "--group=tutorial", "--constraints=requirements/tf2.txt"]
LOCKS["tf2-oldest"] = [*LOCKS["tf2"], "--group=tf2-oldest"]
# The container images have no compiler and no tests. Their packages have the versions that the sessions test.
IMAGE_TF2 = [
    "pyproject.toml",
    "--extra=tf2",
    "--extra=keras2",
    "--extra=examples",
    "--extra=circuits",
    "--universal",
    "--python-version=3.11",
]
LOCKS["image-tf1"] = ["pyproject.toml", "--group=tf1", "--python-version=3.7", "--constraints=requirements/tf1.txt"]
LOCKS["image-tf2"] = [*IMAGE_TF2, "--constraints=requirements/tf2.txt"]
LOCKS["image-tf2-cuda"] = [*IMAGE_TF2, "--group=tf2-cuda", "--constraints=requirements/tf2.txt"]

FETCHED = pathlib.Path("build/python37").resolve()  # where uv puts a Python 3.7 that it fetches


def find_python37():
    """Path of a Python 3.7 that runs: from PATH, pyenv, uv or an earlier `fetch_python37`; `None` if there is none."""
    candidates = ["python3.7"]
    if shutil.which("pyenv"):
        root = subprocess.run(["pyenv", "root"], capture_output=True, text=True, check=True).stdout.strip()
        candidates += sorted(map(str, pathlib.Path(root).glob("versions/3.7.*/bin/python3.7")))
    if shutil.which("uv"):
        answer = subprocess.run(["uv", "python", "find", "3.7"], capture_output=True, text=True, check=False)
        candidates += [answer.stdout.strip()] if answer.returncode == 0 else []
    candidates += sorted(map(str, FETCHED.glob("cpython-3.7.*/bin/python3.7")))
    for candidate in candidates:
        path = shutil.which(candidate)
        if path and subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0:
            return path
    return None


PYTHON37 = find_python37()


def fetch_python37(session):
    """Runs a session that needs Python 3.7 with one that uv fetches; skips it, or fails in CI, where uv cannot."""
    environment = FETCHED / "uv"
    session.run(sys.executable, "-m", "venv", environment, external=True)
    install = ["-m", "pip", "install", "-q", "--require-hashes", "-r", "requirements/python37.txt"]
    session.run(environment / "bin/python", *install, external=True)
    command = [environment / "bin/uv", "python", "install", "3.7", "--install-dir", FETCHED]
    result = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    if result.returncode != 0 or find_python37() is None:
        reason = " ".join(result.stderr.split()) or "the interpreter that it fetched does not run"
        message = f"there is no Python 3.7 on PATH or from pyenv or uv, and uv cannot fetch one from GitHub: {reason}"
        session.error(message) if "CI" in os.environ else session.skip(message)
    # The interpreters of all sessions were chosen when nox read this file.
    session.run(sys.executable, "-m", "nox", "-s", session.name, "--", *session.posargs, external=True)


def install_locked(session, lock):
    """Installs requirements/LOCK.txt; pip refuses a file whose hash is not listed there."""
    session.install("--require-hashes", "-r", f"requirements/{lock}.txt")


def install(session, lock, **defines):
    """Installs the lock file, then the package as CMake builds it with `defines`."""
    install_locked(session, lock)
    defines = {"TFAPPROX_CUDA": "OFF", **defines}  # the kernels take long to compile, and have a session of their own
    build = f"build/{session.name.replace('(', '-').rstrip(')')}"
    settings = {"build-dir": build, **{f"cmake.define.{name}": on for name, on in defines.items()}}
    options = [f"--config-settings={name}={value}" for name, value in settings.items()]
    session.install("--no-build-isolation", "--no-deps", "--force-reinstall", *options, ".")


def pytest(session, *arguments, **options):
    """Runs the tests; arguments after `--` on nox's command line are added."""
    session.run("pytest", *arguments, *session.posargs, **options)


def pytest_in_two(session, *arguments):
    """Runs the tests in two processes, since most of them keep one core busy; those of a file stay in one process."""
    pytest(session, "--numprocesses=2", "--dist=loadfile", *arguments)


@nox.session
def core(session):
    """Tests of the core and of the repository, without TensorFlow."""
    install(session, "core", TFAPPROX_TF1="OFF", TFAPPROX_TF2="OFF", TFAPPROX_AVX512_MODEL="ON")
    pytest_in_two(session, "tests/common", "tests/repository")
    pytest(session, "--doctest-modules", "--pyargs", "tfapprox.common")


@nox.session
def tf2(session):
    """Tests of the operations, the layer and the examples with TensorFlow 2."""
    install(session, "tf2", TFAPPROX_TF2="ON", TFAPPROX_CUDA_MODEL="ON")
    pytest_in_two(session, "tests/tf1", "tests/tf2")
    pytest(session, "tests/tf2_gpu")
    # The examples import each other as scripts of one folder.
    without_examples = f"--ignore-glob={session.virtualenv.location}/*/examples/*"
    rooms = ("tfapprox.search", "tfapprox.tf1", "tfapprox.tf2")
    pytest(session, "--doctest-modules", without_examples, "--pyargs", *rooms)


@nox.session(name="tf2-oldest")
def tf2_oldest(session):
    """Runs the tests of tf2 with the oldest versions that work, TensorFlow 2.16 and Keras 3.0; Python 3.10 to 3.12."""
    install(session, "tf2-oldest", TFAPPROX_TF2="ON", TFAPPROX_CUDA_MODEL="ON")
    pytest_in_two(session, "tests/tf1", "tests/tf2")
    pytest(session, "tests/tf2_gpu")


@nox.session(python=PYTHON37 or False)
def tf1(session):
    """Tests of the core and of AxConv2D on Python 3.7 with TensorFlow 1.14."""
    if not PYTHON37:
        return fetch_python37(session)
    install(session, "tf1", TFAPPROX_TF1="ON")
    # TensorFlow 1.14 causes many warnings by itself.
    pytest_in_two(session, "tests/common", "tests/tf1", "-W", "ignore")


@nox.session
def cuda(session):
    """Compiles the CUDA kernels for all architectures with PyPI's nvcc and loads them; tests and measures on a GPU."""
    install_locked(session, "cuda")
    nvcc = next(pathlib.Path(session.virtualenv.location).glob("lib/python*/site-packages/nvidia/*/bin/nvcc"))
    session.env["CUDACXX"] = str(nvcc)
    install(session, "tf2", TFAPPROX_CUDA="ON", TFAPPROX_TF2="ON")
    built = pathlib.Path("build") / session.name
    library = str(built / "common" / "libtfapprox_core.so")
    session.run(
        "python", "tools/kernel_resources.py", str(nvcc.with_name("cuobjdump")), library, f"{built}/resources.json"
    )
    # The library and the plugin must load without a driver. Other sessions test the kernels themselves, on the CPU.
    pytest(session, "tests/common/test_cuda.py", "-k", "device or this_build")
    pytest(session, "tests/tf2/test_approx_conv2d.py", "tests/tf2/test_library.py", "tests/tf1/test_ax_conv2d.py")
    pytest(session, "tests/tf2_gpu")
    if shutil.which("nvidia-smi"):
        with open("build/cuda_conv2d.json", "w", encoding="utf-8") as results:
            session.run("python", "benchmarks/cuda_conv2d.py", stdout=results)


@nox.session
def aarch64(session):
    """Builds the core for AArch64 and tests its paths under qemu-user, with an arm64 Python of Debian; 15 minutes."""
    needed = ("qemu-aarch64", "aarch64-linux-gnu-g++", "apt-get", "dpkg-deb")
    missing = [name for name in needed if not shutil.which(name)]
    if missing:
        session.skip(f"{', '.join(missing)} not found: apt-get install qemu-user g++-aarch64-linux-gnu, on Debian")
    folder = pathlib.Path("build/aarch64").resolve()
    session.run("tools/aarch64_root.sh", folder / "root", external=True, silent=True)
    install(session, "core", TFAPPROX_TF1="OFF", TFAPPROX_TF2="OFF")
    defines = {"CMAKE_SYSTEM_NAME": "Linux", "CMAKE_SYSTEM_PROCESSOR": "aarch64"}
    defines["CMAKE_CXX_COMPILER"] = "aarch64-linux-gnu-g++"
    defines.update(dict.fromkeys(("TFAPPROX_TF1", "TFAPPROX_TF2", "TFAPPROX_CUDA"), "OFF"))
    options = [f"-D{name}={value}" for name, value in defines.items()]
    session.run("cmake", "-S", ".", "-B", folder / "cmake/core", "-G", "Ninja", *options, silent=True)
    session.run("cmake", "--build", folder / "cmake/core", silent=True)
    # The package has the Python of this host's build and the core of the other one.
    package = next(pathlib.Path(session.virtualenv.location).glob("lib/python*/site-packages/tfapprox"))
    shutil.rmtree(folder / "site", ignore_errors=True)
    shutil.copytree(package, folder / "site/tfapprox")
    shutil.copy(folder / "cmake/core/common/libtfapprox_core.so", folder / "site/tfapprox/common")
    libraries = [f"{folder}/root/usr/lib/aarch64-linux-gnu/{name}" for name in ("blas", "lapack")]
    emulated = ["qemu-aarch64", "-L", folder / "root", "-E", f"LD_LIBRARY_PATH={':'.join(libraries)}"]
    emulated += ["-E", f"PYTHONPATH={folder / 'site'}", folder / "root/usr/bin/python3"]
    # One processor with dot products, and one without.
    for processor, path in (("max", "neondot"), ("cortex-a72", "neon")):
        code = f"from tfapprox.common import native; assert native.path() == {path!r}, native.paths()"
        session.run(*emulated, "-c", code, external=True, env={"QEMU_CPU": processor})
    # Every path and plan of every operation is compared with the reference, and so are gradients from the table.
    selected = ("paths.py", "matmul.py", "conv2d_transpose.py::test_paths_and_plans", "table_gradients.py::test_paths")
    tests = session.posargs or [f"tests/common/test_{name}" for name in selected]
    session.run(*emulated, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, external=True)


@nox.session
def sanitize(session):
    """Tests of the core under AddressSanitizer and UndefinedBehaviorSanitizer, and threads under ThreadSanitizer."""
    defines = {"TFAPPROX_TF1": "OFF", "TFAPPROX_TF2": "OFF", "TFAPPROX_AVX512_MODEL": "ON"}
    install(session, "core", TFAPPROX_SANITIZE="address,undefined", **defines)
    runtimes = [
        subprocess.run(["g++", f"-print-file-name={name}"], capture_output=True, text=True, check=True).stdout.strip()
        for name in ("libasan.so", "libubsan.so")
    ]
    # Python does not free everything when it ends, and LeakSanitizer would report that. The check for uses of a stack
    # after its return is off: GCC 12 aligns the stacks of that check to 32 bytes, and a variable of AVX-512 needs 64.
    environment = {
        "LD_PRELOAD": " ".join(runtimes),
        "ASAN_OPTIONS": "detect_leaks=0:strict_string_checks=1:detect_stack_use_after_return=0",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    # A sanitizer writes its report to the file descriptor and ends the process: pytest must not capture the report.
    pytest(session, "tests/common", "--capture=sys", env=environment)
    threads = build_attacks(session, "g++", "thread") / "threads"
    session.run(threads, "100", external=True, env={"TSAN_OPTIONS": "halt_on_error=1"})


def build_attacks(session, compiler, sanitizers):
    """Builds the programs of tests/fuzz with these sanitizers; the path of their folder."""
    build = pathlib.Path("build/attacks", session.name)
    defines = {"CMAKE_CXX_COMPILER": compiler, "TFAPPROX_SANITIZE": sanitizers, "TFAPPROX_FUZZ": "ON"}
    defines.update(dict.fromkeys(("TFAPPROX_TF1", "TFAPPROX_TF2", "TFAPPROX_CUDA"), "OFF"))
    options = [f"-D{name}={value}" for name, value in defines.items()]
    session.run("cmake", "-S", ".", "-B", build, "-G", "Ninja", *options, silent=True)
    session.run("cmake", "--build", build, silent=True)
    return (build / "tests/fuzz").resolve()


@nox.session
def fuzz(session):
    """Attacks the core by libFuzzer and readers of files by hypothesis: `nox -s fuzz -- SECONDS`, 300 by default."""
    seconds = int(session.posargs[0]) if session.posargs else 300
    install_locked(session, "core")
    install(session, "tf2", TFAPPROX_TF1="OFF", TFAPPROX_TF2="ON")  # assignments belong to graphs of TensorFlow
    if shutil.which("clang++"):
        build = build_attacks(session, "clang++", "fuzzer-no-link,address,undefined")
        for name in ("convolution", "plan", "table"):
            inputs = pathlib.Path("build", "fuzz-inputs", name)  # what is found in one run is where the next one begins
            inputs.mkdir(parents=True, exist_ok=True)
            limits = [f"-max_total_time={max(1, seconds // 5)}", "-timeout=20", "-rss_limit_mb=4096", "-verbosity=0"]
            # LeakSanitizer would report the tables that stay in memory for later use.
            environment = {"UBSAN_OPTIONS": "print_stacktrace=1", "ASAN_OPTIONS": "detect_leaks=0"}
            folders = [inputs.resolve(), f"tests/fuzz/corpus/{name}"]
            output = f"-artifact_prefix=build/fuzz-inputs/{name}-"
            session.run(build / f"fuzz_{name}", *limits, output, *folders, external=True, env=environment)
    else:
        session.warn("clang++ is needed for libFuzzer, which is not run: apt-get install clang")
    # Some 20 inputs a second for each of six tests, for two of the five parts of the time.
    examples = str(max(1, 4 * seconds // 3))
    session.run("pytest", "-p", "no:cacheprovider", "tests/fuzz", env={"TFAPPROX_FUZZ_EXAMPLES": examples})


@nox.session
def audit(session):
    """Asks PyPI for known vulnerabilities of the packages in the lock files, where PyPI's data can be reached."""
    install_locked(session, "audit")
    session.run("python", "tools/audit.py", *sorted(map(str, pathlib.Path("requirements").glob("*.txt"))))


@nox.session
def lint(session):
    """Formats and checks all files; a changed file fails the session, and is to be committed."""
    if shutil.which("git") is None or not pathlib.Path(".git").exists():
        session.skip("git and a git checkout are needed to list the files")
    install_locked(session, "lint")
    session.run("pre-commit", "run", "--all-files", "--show-diff-on-failure", *session.posargs)


@nox.session
def demo(session):
    """Trains a small CNN and shows what each multiplier does to its accuracy; the demo takes options after `--`."""
    install(session, "tf2", TFAPPROX_TF2="ON")
    session.run("python", "-m", "tfapprox.tf2", "demo", *session.posargs, env={"TF_CPP_MIN_LOG_LEVEL": "3"})


@nox.session
def retrain(session):
    """Measures what retraining gives back, for docs/retraining.md; `-- --quick` takes a minute instead of two hours."""
    install(session, "tf2", TFAPPROX_TF2="ON")
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3"}
    session.run("python", "benchmarks/retraining.py", *session.posargs, env=environment)
    if "--quick" not in session.posargs:
        session.run("python", "benchmarks/retraining_report.py", "build/retraining")


@nox.session
@nox.parametrize("part", ["tutorial", "site"], ids=["tutorial", "site"])
def docs(session, part):
    """Runs the tutorial, and builds the documentation as a site in build/site, with every warning as an error."""
    if part == "tutorial":
        install(session, "tutorial", TFAPPROX_TF2="ON")
        session.run("python", "tools/docs/run_notebook.py", "docs/tutorial.ipynb", "build/tutorial.ipynb")
    else:
        install_locked(session, "docs")
        # The theme would print a note on its successor, which is no warning of this site.
        session.run("mkdocs", "build", "--quiet", env={"NO_MKDOCS_2_WARNING": "1"})
        session.run("python", "tools/docs/check_site.py", "build/site")


@nox.session
def bench(session):
    """Measures the core, the operation and a model on this CPU, and writes docs/benchmarks.md; some 15 minutes."""
    install(session, "tf2", TFAPPROX_TF2="ON")
    for name in ("costs", "lut_gemm", "scaling", "approx_conv2d", "tflite", "model", "networks", "report"):
        session.run("python", f"benchmarks/{name}.py", env={"TF_CPP_MIN_LOG_LEVEL": "3"})


@nox.session(name="bench-tf1", python=PYTHON37 or False)
def bench_tf1(session):
    """Measures AxConv2D on TensorFlow 1.14; `nox -s bench` puts it into the page."""
    if not PYTHON37:
        return fetch_python37(session)
    install(session, "tf1", TFAPPROX_TF1="ON")
    session.run("python", "-W", "ignore", "benchmarks/ax_conv2d.py", env={"TF_CPP_MIN_LOG_LEVEL": "3"})


@nox.session
@nox.parametrize("python, backend", [(None, "tf2"), (PYTHON37 or False, "tf1")], ids=["tf2", "tf1"])
def dist(session, backend):
    """Builds the wheel of each backend from the source distribution, twice, and tries it in another folder."""
    if backend == "tf1" and not PYTHON37:
        return fetch_python37(session)
    install_locked(session, backend)
    if backend == "tf2":
        shutil.rmtree("dist", ignore_errors=True)
        session.run("python", "-c", "from scikit_build_core.build import build_sdist as build; build('dist')")
    source = next(pathlib.Path("dist").glob("*.tar.gz"), None)
    if source is None:
        session.error("there is no dist/*.tar.gz to build from; nox -s 'dist(tf2)' makes it")
    with tempfile.TemporaryDirectory() as folder:
        wheels = []
        for name in ("first", "second/and/deeper"):
            tree = pathlib.Path(folder, name)
            shutil.unpack_archive(source, tree)
            session.run("sh", next(tree.glob("*/tools/wheel.sh")), "python", tree, external=True)
            wheels += tree.glob("*.whl")
        session.run("python", "tools/same_bytes.py", *wheels)
        try_installed(session, folder, backend, wheels[0])
        if backend == "tf2":
            try_installed(session, folder, "core", source.resolve())
        shutil.copy(wheels[0], "dist")


def try_installed(session, folder, backend, archive):
    """Installs a wheel or source distribution in a new environment in `folder`, and tries it there."""
    environment = pathlib.Path(folder, backend)
    session.run("python", "-m", "venv", environment)
    python = environment / "bin/python"
    if backend != "core":
        lock = pathlib.Path(f"requirements/image-{backend}.txt").resolve()
        session.run(python, "-m", "pip", "install", "-q", "--no-compile", "--require-hashes", "-r", lock, external=True)
    session.run(python, "-m", "pip", "install", "-q", archive, external=True)
    smoke = pathlib.Path("tests/smoke.py").resolve()
    with session.chdir(folder):
        session.run(python, smoke, backend, external=True, env={"TF_CPP_MIN_LOG_LEVEL": "3"})


@nox.session(venv_backend="none")
def containers(session):
    """Builds and tests the images of both backends, or of the backends after `--`, with buildah and apptainer."""
    if not shutil.which("buildah"):
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            session.skip("buildah is needed: the package of that name in Debian, Ubuntu and Fedora")
        session.run("tools/offline/buildah.sh")
    needed = 60 if os.environ.get("TFAPPROX_CUDA") == "ON" else 20
    free = shutil.disk_usage("/var").free // 10**9
    if free < needed:  # buildah copies each layer twice, and fails with "closed pipe" on a full disk
        session.skip(f"{needed} GB of free disk are needed in /var/lib/containers and /var/tmp; received {free} GB")
    session.run("tools/containers.sh", PYTHON37 or "", *(session.posargs or ["tf1", "tf2"]))
    session.notify("lint", [])  # lint checks Dockerfile and the scripts


@nox.session
def lock(session):
    """Renews the lock files, requirements/*.txt, from pyproject.toml."""
    install_locked(session, "lock")
    for name, selection in LOCKS.items():
        session.run(
            *["uv", "pip", "compile", *selection],
            *["--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate", "--upgrade", "--quiet"],
            f"--output-file=requirements/{name}.txt",
        )
