"""Fixtures: the CPU paths, and the kernels for GPUs, on the CPU everywhere and on the GPU where there is one."""

import host_kernels
import pytest

from cases import PATHS
from tfapprox.common import cuda, native


@pytest.fixture(params=PATHS)
def path(request):
    """Each CPU path in turn; a test is skipped with a reason where the path cannot run."""
    reason = native.paths()[request.param]
    if reason:
        pytest.skip(f"path {request.param}: {reason}")
    return request.param


@pytest.fixture(scope="session")
def host_gpu(tmp_path_factory):
    """The kernels, run by the CPU."""
    return cuda.Gpu(host_kernels.build(tmp_path_factory.mktemp("host_kernels")))


@pytest.fixture(scope="session", params=["host", "device"])
def gpu(request):
    """The kernels, run by the CPU and by the GPU."""
    if request.param == "host":
        return request.getfixturevalue("host_gpu")
    try:
        return cuda.Gpu()
    except (ImportError, RuntimeError) as error:
        return pytest.skip(f"no GPU: {error}")
