#!/bin/sh
# Makes the base images of Dockerfile for buildah, on a host that reaches no registry. debootstrap makes Debian's image,
# and the image of Python 3.7 gets a copy of the host's interpreter PYTHON37.
# Usage, as root: tools/offline/base_images.sh PYTHON37
set -eu
python37=${1:?docker.io cannot be reached, and without it a Python 3.7 of this host is needed}
debian=docker.io/library/debian:bookworm-slim
python=docker.io/library/python:3.7-slim-bookworm
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if ! buildah inspect --type image "$debian" > /dev/null 2>&1; then
  debootstrap --variant=minbase bookworm "$work/debian" > "$work/log" 2>&1 || {
    tail "$work/log" >&2
    exit 1
  }
  # Like the official image, this one has no documentation or translations, and packages installed later add none.
  (cd "$work/debian" && rm -rf var/cache/apt/* var/lib/apt/lists/* var/log/* usr/share/doc/* usr/share/man/* \
    usr/share/info/* usr/share/locale/*)
  for folder in doc man info locale; do
    echo "path-exclude /usr/share/$folder/*"
  done > "$work/debian/etc/dpkg/dpkg.cfg.d/slim"
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$work/debian" / > /dev/null
  buildah config --cmd bash "$container"
  buildah commit --quiet --rm "$container" "$debian" > /dev/null
fi

if ! buildah inspect --type image "$python" > /dev/null 2>&1; then
  tree=$("$python37" -c 'import sys; print(sys.base_prefix)')
  mkdir "$work/python"
  tar -C "$tree" --exclude=__pycache__ --exclude=test --exclude=tests --exclude='*.a' --exclude=lib/python3.7/site-packages \
    -cf - bin include lib | tar -C "$work/python" -xf -
  # Scripts such as pip name the interpreter by its path on the host, so only the interpreter itself is kept.
  find "$work/python/bin" ! -name 'python3*' ! -type d -delete
  container=$(buildah from --pull-never "$debian")
  buildah run --isolation chroot "$container" -- sh -ec 'apt-get update && apt-get install -y --no-install-recommends \
    libssl3 libsqlite3-0 libffi8 libbz2-1.0 libreadline8 liblzma5 zlib1g libncursesw6 libexpat1 libuuid1 ca-certificates \
    && rm -rf /var/lib/apt/lists/*' > "$work/log" 2>&1 || {
    tail "$work/log" >&2
    exit 1
  }
  buildah add --quiet "$container" "$work/python" /usr/local > /dev/null
  buildah run --isolation chroot "$container" -- sh -ec \
    'ldconfig; ln -sf python3.7 /usr/local/bin/python3; python3 -m ensurepip' > /dev/null 2>&1
  buildah commit --quiet --rm "$container" "$python" > /dev/null
fi
