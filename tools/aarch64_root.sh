#!/bin/sh
# Unpacks an arm64 Python with numpy, pytest and hypothesis of this Debian into a folder, for qemu-user. Nothing is
# installed on the host.
# Usage: tools/aarch64_root.sh FOLDER; the Python is FOLDER/usr/bin/python3.11 on Debian 12.
set -eu
mkdir -p "$1"
root=$(cd "$1" && pwd)
[ ! -e "$root/complete" ] || exit 0

apt=$root/apt
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
: > "$apt/status"
cat > "$apt/apt.conf" << EOF
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
EOF
export APT_CONFIG="$apt/apt.conf"
apt-get update -q
apt-get install -q -y --no-install-recommends --download-only \
  libstdc++6 python3-hypothesis python3-minimal python3-numpy python3-pytest python3-rich python3-typer
for package in "$apt"/cache/archives/*.deb; do
  dpkg-deb -x "$package" "$root"
done
rm -r "$apt/cache"
touch "$root/complete"
