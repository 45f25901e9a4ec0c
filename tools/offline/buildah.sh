#!/bin/sh
# Installs buildah and debootstrap from the packages of Debian or Ubuntu, on a host without a container engine.
# Usage, as root: tools/offline/buildah.sh
set -eu
apt-get update -q
apt-get install -q -y --no-install-recommends buildah debootstrap
