#!/bin/sh
# The steps of an image, for Dockerfile and singularity.def. Usage: tools/image.sh STEP BACKEND, with tf1 or tf2.
#   packages  the environment /opt/tfapprox with the packages of the lock file; needs only requirements/
#   build     the wheel, by compiler and tools that are not in /opt/tfapprox, and its installation there
#   runtime   what the interpreter needs of Debian, the account that runs it, and its folders
#   tests     adds the packages of the tests
#   check     runs what every image must do, in the folder of the sources
# Environment: TFAPPROX_CUDA=ON for the libraries of CUDA and the kernels for GPUs, in tf2; PIP_INDEX_URL and PIP_CERT as
# pip knows them; SOURCE_DATE_EPOCH.
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
    echo "TFAPPROX_CUDA=$TFAPPROX_CUDA: tf1 has no kernels for GPUs, tf2 has" >&2
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
  chmod -R u=rwX,go=rX . # the wheel keeps the modes, which differ between checkouts
  install_debian g++
  # The tools see the packages of the image, to which nothing is added.
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
  rm -rf "$environment"/lib/python3.*/site-packages/tensorflow/include # the headers that the build needed
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
    echo "an image must have no compiler, and another user than root" >&2
    exit 1
  fi
  tfapprox doctor
  python tests/smoke.py "$backend"
  case $backend in
    tf1) set -- tests/tf1 -W ignore ;;
    tf2) set -- tests/tf1 tests/tf2 ;;
  esac
  python -m pytest -p no:cacheprovider -m image "$@"
}

"$1"
