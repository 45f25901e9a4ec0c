#!/bin/sh
# Runs one step of the build of an image, for Dockerfile and singularity.def.
#
# Usage: tools/image.sh STEP BACKEND, where BACKEND is tf1 or tf2, and STEP is one of:
#   packages  makes the environment /opt/tfapprox from a lock file; reads no other sources than requirements/
#   build     builds the wheel with tools that stay outside of /opt/tfapprox, and installs it there
#   runtime   installs the interpreter from Debian where the base image has none; adds a user account and its folders
#   tests     adds the packages that the tests need
#   check     runs the tests that every image must pass, in the folder of the sources
# Environment: TFAPPROX_CUDA=ON adds the libraries of CUDA and the kernels for GPUs to tf2. pip reads PIP_INDEX_URL and
# PIP_CERT; the build of the wheel reads SOURCE_DATE_EPOCH.
set -eu
backend=$2
environment=/opt/tfapprox
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore DEBIAN_FRONTEND=noninteractive

install_debian() {
  apt-get -o Acquire::Retries=3 update
  apt-get -o Acquire::Retries=3 install -y --no-install-recommends "$@"
  rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/log/apt /var/log/dpkg.log /var/log/alternatives.log
}

install_locked() { # PYTHON LOCK
  "$1" -m pip install --quiet --require-hashes -r "requirements/$2.txt"
}

packages() {
  if [ "$backend" = tf1 ] && [ "${TFAPPROX_CUDA:-OFF}" != OFF ]; then
    echo "TFAPPROX_CUDA must be OFF for tf1, which has no kernels for GPUs; received $TFAPPROX_CUDA" >&2
    exit 1
  fi
  lock=image-$backend
  if [ "$backend" = tf2 ]; then
    install_debian python3 python3-venv
    [ "${TFAPPROX_CUDA:-OFF}" = OFF ] || lock=image-tf2-cuda
  fi
  "$(command -v python3.7 || command -v python3)" -m venv "$environment"
  install_locked "$environment/bin/python" "$lock"
}

build() {
  chmod -R u=rwX,go=rX . # the wheel keeps the modes of files, and they differ between checkouts
  install_debian g++
  # The tools are in an environment of their own, which sees the packages of the image and adds nothing to them.
  "$environment/bin/python" -m venv /opt/build
  for site in "$environment"/lib/python3.*/site-packages; do
    echo "$site" > "/opt/build${site#"$environment"}/image.pth"
  done
  install_locked /opt/build/bin/python "$backend"
  if [ "${TFAPPROX_CUDA:-OFF}" != OFF ]; then
    install_locked /opt/build/bin/python cuda
    CUDACXX=$(ls /opt/build/lib/python3.*/site-packages/nvidia/*/bin/nvcc)
    export CUDACXX TFAPPROX_CUDA
  fi
  tools/wheel.sh /opt/build/bin/python /opt/wheel
  "$environment/bin/python" -m pip install --quiet --no-deps --no-index /opt/wheel/*.whl
  sha256sum /opt/wheel/*.whl "$environment"/lib/python3.*/site-packages/tfapprox/*/*.so
  rm -rf "$environment"/lib/python3.*/site-packages/tensorflow/include # only the build needs these headers
}

runtime() {
  [ "$backend" = tf1 ] || install_debian python3
  useradd --create-home --uid 1000 tfapprox
  install -d -o tfapprox -g tfapprox /work /multipliers
}

tests() {
  install_locked "$environment/bin/python" "$backend"
}

check() {
  if [ "$(id -u)" = 0 ] || command -v cc || command -v g++ || command -v nvcc; then
    echo "an image must not have a compiler, and must not run as root" >&2
    exit 1
  fi
  ls "$environment"/lib/python3.*/site-packages/tfapprox-*.dist-info/sboms/tfapprox.cdx.json
  tfapprox doctor
  python tests/smoke.py "$backend"
  case $backend in
    tf1) set -- tests/tf1 -W ignore ;;
    tf2) set -- tests/tf1 tests/tf2 ;;
  esac
  python -m pytest -p no:cacheprovider -m image "$@"
}

"$1"
