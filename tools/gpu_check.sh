#!/usr/bin/env bash
# All that needs a GPU, in one command, in under 8 minutes, without a network or TensorFlow: builds for the GPUs that are
# here, tests every plan, runs compute-sanitizer over a few cases, and measures. Writes JSON to FOLDER.
#
# Usage: tools/gpu_check.sh [FOLDER]. Needs a GPU, nvcc and compute-sanitizer, and for python3 numpy, pytest, hypothesis,
# scikit-build-core, cmake and ninja; PyTorch is compared with where it is there.
set -euo pipefail
cd "$(dirname "$0")/.."

refuse() {
  echo "gpu_check: $1" >&2
  exit 1
}
archs=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | sort -uV | paste -sd ';') || archs=
[[ $archs =~ ^[0-9] ]] || refuse "no NVIDIA GPU: nvidia-smi is not there, or finds none"
CUDACXX=${CUDACXX:-$(command -v nvcc)} || refuse "no nvcc in CUDACXX or on PATH"
command -v compute-sanitizer >/dev/null || refuse "no compute-sanitizer on PATH; it is in the bin of the CUDA toolkit"
for module in numpy pytest hypothesis scikit_build_core; do
  python3 -c "import $module" 2>/dev/null || refuse "python3 has no $module"
done

results=$(realpath -m "${1:-build/gpu_check}")
site=$PWD/build/gpu_check/site
mkdir -p "$results" "$site"
export CUDACXX PYTHONPATH=$site PYTHONUNBUFFERED=1

python3 -m pip install -q --no-build-isolation --no-deps --no-index --upgrade --target "$site" \
  -C build-dir=build/gpu_check/build -C cmake.define.TFAPPROX_CUDA=ON -C "cmake.define.TFAPPROX_CUDA_ARCHS=$archs" \
  -C cmake.define.TFAPPROX_TF1=OFF -C cmake.define.TFAPPROX_TF2=OFF .
"$CUDACXX" -O3 -arch=native -shared -Xcompiler=-fPIC -o build/gpu_check/libtexture.so benchmarks/texture_conv2d.cu
python3 -c 'from tfapprox.common import cuda; gpu = cuda.Gpu(); print(gpu.name, gpu.compute_capability)' 2>&1 |
  tail -n 1 || refuse "the kernels that were built for $archs do not run"
echo "built for $archs after $SECONDS s"

status=0
tests=(python3 -m pytest -q -p no:cacheprovider tests/common/test_cuda.py)
timeout 120 "${tests[@]}" -k device --maxfail=5 --tb=short --junitxml="$results/tests.xml" || status=1
echo "tests done after $SECONDS s"

for tool in memcheck racecheck initcheck; do
  timeout 50 compute-sanitizer --tool "$tool" --error-exitcode 9 --log-file "$results/$tool.log" \
    "${tests[@]}" -k "device and sanitized" || status=1
  tail -n 1 "$results/$tool.log" || true
done
echo "compute-sanitizer done after $SECONDS s"

timeout 110 python3 benchmarks/cuda_conv2d.py build/gpu_check/libtexture.so > "$results/cuda_conv2d.json" || status=1
echo "done after $SECONDS s, status $status"
exit "$status"
