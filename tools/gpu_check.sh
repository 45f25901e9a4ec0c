#!/usr/bin/env bash
# Makes all checks that need a GPU, in under 8 minutes, without a network or TensorFlow. The script builds the kernels
# for the GPUs of this machine, tests every plan, runs compute-sanitizer on a few cases, and measures the speed.
#
# Usage: tools/gpu_check.sh [FOLDER]. FOLDER, build/gpu_check by default, gets the results. The script needs a GPU,
# nvcc, compute-sanitizer, and a python3 with numpy, pytest, hypothesis, scikit-build-core, cmake and ninja. Where there
# is PyTorch, its speed is measured too.
set -euo pipefail
cd "$(dirname "$0")/.."

refuse() {
  echo "gpu_check: $1" >&2
  exit 1
}
archs=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | sort -uV | paste -sd ';') || archs=
[[ $archs =~ ^[0-9] ]] || refuse "there is no NVIDIA GPU: nvidia-smi is missing or finds none"
CUDACXX=${CUDACXX:-$(command -v nvcc)} || refuse "there is no nvcc in CUDACXX or on PATH"
command -v compute-sanitizer >/dev/null || refuse "there is no compute-sanitizer on PATH; it is in the CUDA toolkit's bin"
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
