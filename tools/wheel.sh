#!/bin/sh
# Builds the wheel of this tree, the same bytes wherever the tree lies; sessions and images call it.
# Usage: tools/wheel.sh PYTHON FOLDER. PYTHON has TensorFlow and the build tools, requirements/tf*.txt; the wheel for it
# goes to FOLDER. TFAPPROX_CUDA=ON adds the CUDA kernels, by the compiler CUDACXX. SOURCE_DATE_EPOCH is 1980-01-01,
# where zip's calendar begins, if unset.
set -eu
python=$1
folder=$(realpath -m "$2")
cd "$(dirname "$0")/.."
umask 022
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-315532800}"
tensorflow=$("$python" cmake/describe_tensorflow.py 2> /dev/null | head -n 1)
"$python" -m pip wheel --quiet --no-build-isolation --no-deps --no-index --wheel-dir "$folder" \
  -C "cmake.define.TFAPPROX_CUDA=${TFAPPROX_CUDA:-OFF}" -C "wheel.build-tag=1tf$tensorflow" .
