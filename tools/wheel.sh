#!/bin/sh
# Builds the wheel of this tree. The wheel has the same bytes wherever the tree lies.
#
# Usage: tools/wheel.sh PYTHON FOLDER. PYTHON is an interpreter that has TensorFlow and the build tools, as in
# requirements/tf1.txt or tf2.txt. The wheel goes to FOLDER. Environment: TFAPPROX_CUDA=ON adds the CUDA kernels, which
# the compiler CUDACXX compiles. SOURCE_DATE_EPOCH is 1980-01-01 by default, the first date that a zip file can have.
set -eu
python=$1
folder=$(realpath -m "$2")
cd "$(dirname "$0")/.."
umask 022
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-315532800}"
tensorflow=$("$python" cmake/describe_tensorflow.py 2> /dev/null | head -n 1)
"$python" -m pip wheel --quiet --no-build-isolation --no-deps --no-index --wheel-dir "$folder" \
  -C "cmake.define.TFAPPROX_CUDA=${TFAPPROX_CUDA:-OFF}" -C "wheel.build-tag=1tf$tensorflow" .
