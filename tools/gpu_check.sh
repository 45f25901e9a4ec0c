#!/usr/bin/env bash
# All that needs a GPU, in one command, in under 8 minutes, without a network or TensorFlow: builds for the GPU that is
# here, tests every plan on it, runs compute-sanitizer over a few cases, and measures. Writes JSON to FOLDER.
#
# Usage: tools/gpu_check.sh [FOLDER]. Needs nvcc, cmake, ninja, and for python3 numpy, pytest, hypothesis and
# scikit-build-core; PyTorch is compared with where it is there.
set -euo pipefail
cd "$(dirname "$0")/.."
results=$(realpath -m "${1:-build/gpu_check}")
site=$PWD/build/gpu_check/site
mkdir -p "$results" "$site"
export PYTHONPATH=$site PYTHONUNBUFFERED=1 CUDACXX=${CUDACXX:-$(command -v nvcc)}
arch=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | head -1)

python3 -m pip install -q --no-build-isolation --no-deps --no-index --upgrade --target "$site" \
  -C build-dir=build/gpu_check/build -C cmake.define.TFAPPROX_CUDA=ON -C "cmake.define.TFAPPROX_CUDA_ARCHS=$arch" \
  -C cmake.define.TFAPPROX_TF1=OFF -C cmake.define.TFAPPROX_TF2=OFF .
nvcc -O3 -arch=native -shared -Xcompiler=-fPIC -o build/gpu_check/libtexture.so benchmarks/texture_conv2d.cu
echo "built for $arch after $SECONDS s"

status=0
timeout 150 python3 -m pytest -q -p no:cacheprovider tests/common/test_cuda.py -k device --maxfail=5 --tb=short --junitxml="$results/tests.xml" || status=1
echo "tests done after $SECONDS s"

for tool in memcheck racecheck initcheck; do
  timeout 60 compute-sanitizer --tool "$tool" --error-exitcode 9 --log-file "$results/$tool.log" \
    python3 -m pytest -q -p no:cacheprovider tests/common/test_cuda.py -k "device and sanitized" || status=1
  tail -n 1 "$results/$tool.log"
done
echo "compute-sanitizer done after $SECONDS s"

timeout 120 python3 benchmarks/cuda_conv2d.py build/gpu_check/libtexture.so > "$results/cuda_conv2d.json" || status=1
echo "done after $SECONDS s, status $status"
exit "$status"
