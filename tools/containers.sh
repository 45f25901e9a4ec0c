#!/bin/sh
# Builds the images of both backends, of Dockerfile by buildah and of singularity.def by apptainer, and tests them inside;
# `nox -s containers` calls it. Usage: tools/containers.sh PYTHON37 BACKEND...: Python 3.7 of this host, for the base of
# tf1 where no registry is reached, and tf1, tf2 or both. Takes from the host: PIP_INDEX_URL, SOURCE_DATE_EPOCH, the
# certificates of PIP_CERT or SSL_CERT_FILE, and TFAPPROX_CUDA=ON for the libraries and kernels of GPUs in tf2.
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
  if command -v apptainer; then
    return
  fi
  if [ "$(id -u)" = 0 ] && [ -e /dev/fuse ] && command -v debootstrap > /dev/null &&
    tools/apptainer.sh --version > /dev/null; then
    echo tools/apptainer.sh
  fi
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

same_bytes() { # IN, one of the two above
  [ -z "$wheel" ] ||
    "$1" sh -c "python /mnt/tools/same_bytes.py '/mnt/$wheel' /opt/tfapprox/lib/python3.*/site-packages" || {
    echo "$wheel must be of the sources of the image; nox -s dist builds it anew" >&2
    exit 1
  }
}

apptainer=$(find_apptainer)
[ -n "$apptainer" ] || echo "no apptainer: singularity.def is not built"

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
