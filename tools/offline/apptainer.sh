#!/bin/sh
# Runs the apptainer of Debian sid, on a host whose distribution has no such package. The first call makes the folder
# build/apptainer, a Debian of its own, in which apptainer sees the folder of the sources at the same path as the host.
# Usage, as root, in the folder of the sources: tools/offline/apptainer.sh ARGUMENT..., with apptainer's own arguments.
set -eu
sources=$PWD
root=$sources/build/apptainer

if [ "$(id -u)" != 0 ] || [ ! -e /dev/fuse ] || ! command -v debootstrap > /dev/null; then
  echo "apptainer.sh needs root, /dev/fuse and debootstrap (tools/offline/README.md)" >&2
  exit 1
fi
if [ $# = 0 ]; then
  echo "usage: tools/offline/apptainer.sh ARGUMENT..." >&2
  exit 2
fi

if [ ! -e "$root/complete" ]; then
  rm -rf "$root"
  mkdir -p "$root"
  # Sid's index is valid for a few days. A mirror may serve an older one, which apt would refuse.
  { debootstrap --variant=minbase trixie "$root" &&
    sed 's/ trixie / sid /' "$root/etc/apt/sources.list" > "$root/etc/apt/sources.list.d/sid.list" &&
    printf 'Package: *\nPin: release n=sid\nPin-Priority: 100\n' > "$root/etc/apt/preferences.d/sid" &&
    chroot "$root" sh -ec 'apt-get -o Acquire::Check-Valid-Until=false update
      DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends apptainer/sid squashfuse
      apt-get clean
      rm -rf /var/lib/apt/lists/*' &&
    for file in subuid subgid; do # apptainer build --fakeroot reads these two files
      echo root:100000:65536 > "$root/etc/$file"
    done &&
    touch "$root/complete"; } > build/apptainer.log 2>&1 || {
    tail build/apptainer.log >&2
    exit 1
  }
fi

# In a user namespace, apptainer has every capability. Root of the host may lack some: the host may be a container.
command=$1
shift
case $command in
  build) set -- build --fakeroot "$@" ;;
  exec | run | test) set -- "$command" --userns "$@" ;;
  *) set -- "$command" "$@" ;;
esac
# pivot_root replaces chroot here, because the kernel lets no process in a chroot make a user namespace.
export sources root
# shellcheck disable=SC2016 # the inner shell expands the variables
exec unshare --mount --propagation private sh -euc '
  mount --bind "$root" "$root"
  cd "$root"
  mkdir -p host ".$sources"
  for folder in /dev /proc /sys "$sources"; do
    mount --rbind "$folder" ".$folder"
  done
  mount --bind /etc/resolv.conf etc/resolv.conf
  pivot_root . host
  umount --lazy /host
  cd "$sources"
  exec apptainer "$@"' sh "$@"
