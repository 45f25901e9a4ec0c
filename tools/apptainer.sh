#!/bin/sh
# Runs the apptainer of Debian sid, for hosts of which none is known, such as Debian bookworm: in a root of its own,
# build/apptainer, which it makes. There the folder of the sources is where the host has it.
# Usage, as root, in the folder of the sources: tools/apptainer.sh ARGUMENT...
set -eu
sources=$PWD
root=$sources/build/apptainer

if [ ! -e "$root/complete" ]; then
  rm -rf "$root"
  mkdir -p "$root"
  # A mirror may keep a day of sid for longer than that day is valid.
  { debootstrap --variant=minbase trixie "$root" &&
    sed 's/ trixie / sid /' "$root/etc/apt/sources.list" > "$root/etc/apt/sources.list.d/sid.list" &&
    printf 'Package: *\nPin: release n=sid\nPin-Priority: 100\n' > "$root/etc/apt/preferences.d/sid" &&
    chroot "$root" sh -ec 'apt-get -o Acquire::Check-Valid-Until=false update
      DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends apptainer/sid squashfuse
      apt-get clean
      rm -rf /var/lib/apt/lists/*' &&
    for file in subuid subgid; do # for --fakeroot
      echo root:100000:65536 > "$root/etc/$file"
    done &&
    touch "$root/complete"; } > build/apptainer.log 2>&1 || {
    tail build/apptainer.log >&2
    exit 1
  }
fi

# Its capabilities are those of a user namespace: the host's root may lack some that apptainer wants of root.
command=$1
shift
case $command in
  build) set -- build --fakeroot "$@" ;;
  exec | run | test) set -- "$command" --userns "$@" ;;
  *) set -- "$command" "$@" ;;
esac
# Not chroot, in which apptainer can't make namespaces.
export sources root
# shellcheck disable=SC2016 # the variables are the inner shell's
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
