#!/bin/sh
# Builds the images of Dockerfile with buildah and those of singularity.def with apptainer, and runs the tests in them;
# `nox -s containers` calls this script.
#
# Usage: tools/containers.sh PYTHON37 BACKEND...
#   PYTHON37  path of a Python 3.7 of this host, or ""; only tools/offline/base_images.sh uses it
#   BACKEND   tf1 or tf2
# Environment: PIP_INDEX_URL and SOURCE_DATE_EPOCH reach the build, as do the certificates of PIP_CERT or SSL_CERT_FILE.
# TFAPPROX_CUDA=ON adds the libraries of CUDA and the kernels for GPUs to tf2.
set -eu
python37=$1
shift
cd "$(dirname "$0")/.."
mkdir -p build
container=
trap '[ -z "$container" ] || buildah rm "$container" > /dev/null' EXIT
certificates=${PIP_CERT:-${SSL_CERT_FILE:-}}
data=$(realpath -e ../shared/data 2> /dev/null || true) # recorded outputs, which the tests compare with

for base in debian:bookworm-slim python:3.7-slim-bookworm; do
  buildah inspect --type image "docker.io/library/$base" > /dev/null 2>&1 ||
    timeout 300 buildah pull --quiet "docker.io/library/$base" ||
    tools/offline/base_images.sh "$python37"
done

build() { # TARGET TAG TESTED
  set -- --isolation chroot --network host --pull-never --layers --format docker \
    --target "$1" --tag "$2" --build-arg "TESTED=$3"
  if [ -n "$certificates" ]; then
    set -- "$@" --volume "$(dirname "$certificates"):/mnt:ro" --build-arg "PIP_CERT=/mnt/$(basename "$certificates")"
  fi
  for name in PIP_INDEX_URL SOURCE_DATE_EPOCH; do
    eval "value=\${$name:-}"
    [ -z "$value" ] || set -- "$@" --build-arg "$name=$value"
  done
  [ "$cuda" = OFF ] || set -- "$@" --build-arg "TFAPPROX_CUDA=$cuda"
  buildah build "$@" . > build/image.log 2>&1 || {
    tail -n 40 build/image.log >&2
    exit 1
  }
}

find_apptainer() {
  command -v apptainer && return
  tools/offline/apptainer.sh --version > /dev/null && echo tools/offline/apptainer.sh
}

build_sif() { # BACKEND
  archive=build/$1.tar
  sif=build/tfapprox-$1.sif
  rm -f "$archive"
  buildah push --quiet "docker.io/library/$base" "docker-archive:$archive"
  set -- --build-arg "backend=$1" --build-arg "cuda=$cuda" --build-arg bootstrap=docker-archive --build-arg "base=$archive"
  if [ -n "$certificates" ]; then
    cp "$certificates" build/certificates.crt
    set -- "$@" --bind "$PWD/build:/mnt:ro" --build-arg certificates=/mnt/certificates.crt
  fi
  [ -z "${PIP_INDEX_URL:-}" ] || set -- "$@" --build-arg "index=$PIP_INDEX_URL"
  "$apptainer" build --force --notest "$@" "$sif" singularity.def > build/image.log 2>&1 || {
    tail -n 40 build/image.log >&2
    exit 1
  }
  rm "$archive"
}

in_image() { # COMMAND...
  buildah run --isolation chroot --user 0 --volume "$PWD:/mnt:ro" "$container" -- "$@"
}

in_sif() { # COMMAND...
  "$apptainer" exec --bind "$PWD:/mnt:ro" "$sif" "$@"
}

same_bytes() { # RUN, which is in_image or in_sif
  [ -z "$wheel" ] ||
    "$1" sh -c "python /mnt/tools/same_bytes.py '/mnt/$wheel' /opt/tfapprox/lib/python3.*/site-packages" || {
    echo "$wheel was built from other sources than the image; nox -s dist builds it again" >&2
    exit 1
  }
}

apptainer=$(find_apptainer) || echo "singularity.def is not built, because there is no apptainer"

for backend in "$@"; do
  echo "tfapprox:$backend: building, see build/image.log"
  started=$(date +%s)
  base=python:3.7-slim-bookworm
  limit=1600
  cuda=OFF
  if [ "$backend" = tf2 ]; then
    base=debian:bookworm-slim
    limit=2600
    cuda=${TFAPPROX_CUDA:-OFF}
  fi
  wheel=
  [ "$cuda" = ON ] || wheel=$(ls dist/*"-1$backend"*.whl 2> /dev/null || true)
  build "$backend" "tfapprox:$backend" "$backend"
  container=$(buildah from --pull-never "localhost/tfapprox:$backend")
  size=$(in_image du -smx / | cut -f1)
  same_bytes in_image
  buildah rm "$container" > /dev/null
  container=
  echo "tfapprox:$backend: $size MB, built after $(($(date +%s) - started)) s"
  [ "$size" -lt "$limit" ] || [ "$cuda" = ON ] || {
    echo "the image must be below $limit MB" >&2
    exit 1
  }
  build test "tfapprox:test-$backend" "$backend"
  container=$(buildah from --pull-never "localhost/tfapprox:test-$backend")
  buildah run --isolation chroot ${data:+"--volume=$data:/opt/shared/data:ro"} "$container" -- /opt/image.sh check "$backend"
  buildah rm "$container" > /dev/null
  container=
  echo "tfapprox:$backend: tested after $(($(date +%s) - started)) s"
  if [ -n "$apptainer" ]; then
    build_sif "$backend"
    same_bytes in_sif
    "$apptainer" test "$sif"
    echo "$sif: $(du -sm "$sif" | cut -f1) MB, tested after $(($(date +%s) - started)) s"
  fi
done
