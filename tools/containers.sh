#!/bin/sh
# Builds the images of both backends by buildah and tests them inside; `nox -s containers` calls it.
# Usage: tools/containers.sh PYTHON37 BACKEND...: Python 3.7 of this host, for the base of tf1 where no registry is
# reached, and tf1, tf2 or both. Takes from the host: PIP_INDEX_URL, and the certificates of PIP_CERT or SSL_CERT_FILE.
set -eu
python37=$1
shift
cd "$(dirname "$0")/.."
mkdir -p build
container=
trap '[ -z "$container" ] || buildah rm "$container" > /dev/null' EXIT
certificates=${PIP_CERT:-${SSL_CERT_FILE:-}}
data=$(realpath -e ../shared/data 2> /dev/null || true) # recorded results, for the tests

for base in debian:bookworm-slim python:3.7-slim-bookworm; do
  buildah inspect --type image "docker.io/library/$base" > /dev/null 2>&1 ||
    timeout 300 buildah pull --quiet "docker.io/library/$base" ||
    tools/base_images.sh "$python37"
done

build() { # TARGET TAG TESTED
  set -- --isolation chroot --network host --pull-never --layers --format docker \
    --target "$1" --tag "$2" --build-arg "TESTED=$3"
  if [ -n "$certificates" ]; then
    set -- "$@" --volume "$(dirname "$certificates"):/mnt:ro" --build-arg "PIP_CERT=/mnt/$(basename "$certificates")"
  fi
  for name in PIP_INDEX_URL SOURCE_DATE_EPOCH TFAPPROX_CUDA; do
    eval "value=\${$name:-}"
    [ -z "$value" ] || set -- "$@" --build-arg "$name=$value"
  done
  buildah build "$@" . > build/image.log 2>&1 || {
    tail -n 40 build/image.log >&2
    exit 1
  }
}

build_sif() { # BACKEND BASE
  archive=build/$1.tar
  rm -f "$archive"
  buildah push --quiet "docker.io/library/$2" "docker-archive:$archive"
  set -- "$1" --force --fakeroot --build-arg "backend=$1" --build-arg bootstrap=docker-archive --build-arg "base=$archive"
  [ -z "$certificates" ] || set -- "$@" --bind "$(dirname "$certificates"):/mnt:ro" \
    --build-arg "certificates=/mnt/$(basename "$certificates")"
  [ -z "${PIP_INDEX_URL:-}" ] || set -- "$@" --build-arg "index=$PIP_INDEX_URL"
  sif=build/tfapprox-$1.sif
  shift
  apptainer build "$@" "$sif" singularity.def > build/image.log 2>&1 || {
    tail -n 40 build/image.log >&2
    exit 1
  }
  rm "$archive"
  apptainer test "$sif"
  echo "$sif: $(du -sm "$sif" | cut -f1) MB compressed"
}

for backend in "$@"; do
  started=$(date +%s)
  build "$backend" "tfapprox:$backend" "$backend"
  container=$(buildah from --pull-never "localhost/tfapprox:$backend")
  root=$(buildah mount "$container")
  size=$(du -sm "$root" | cut -f1)
  ls dist/*"-1$backend"*.whl > /dev/null 2>&1 &&
    python3 tools/same_bytes.py dist/*"-1$backend"*.whl "$root"/opt/tfapprox/lib/python3.*/site-packages
  buildah rm "$container" > /dev/null
  container=
  echo "tfapprox:$backend: $size MB, built after $(($(date +%s) - started)) s"
  limit=2600
  [ "$backend" = tf2 ] || limit=1600
  [ "$size" -lt "$limit" ] || [ "${TFAPPROX_CUDA:-OFF}" = ON ] || {
    echo "the image must be below $limit MB" >&2
    exit 1
  }
  build test "tfapprox:test-$backend" "$backend"
  container=$(buildah from --pull-never "localhost/tfapprox:test-$backend")
  buildah run --isolation chroot ${data:+"--volume=$data:/opt/shared/data:ro"} "$container" -- /opt/image.sh check "$backend"
  buildah rm "$container" > /dev/null
  container=
  echo "tfapprox:$backend: tested after $(($(date +%s) - started)) s"
  if command -v apptainer > /dev/null; then
    base=debian:bookworm-slim
    [ "$backend" = tf2 ] || base=python:3.7-slim-bookworm
    build_sif "$backend" "$base"
  else
    echo "no apptainer: singularity.def is not built"
  fi
done
