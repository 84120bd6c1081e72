#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: boot-systemd.sh ROOT PAYLOAD
#
# Boots the systemd of ROOT in namespaces of its own (processes, mounts, network, host name), over a
# copy of ROOT in memory that is gone at the end. Its one task is PAYLOAD/guest.sh, which finds the
# payload and guest/lib.sh at /mnt; what that prints is printed here, and its status is the status
# here.
set -eu

root=$(cd -- "$1" && pwd)
payload=$(cd -- "$2" && pwd)
cp -- "$(dirname -- "$0")/guest/lib.sh" "$payload"
output=$payload/output
: >"$output"
mkdir -p -- "$payload/machine"

# shellcheck disable=SC2016 # expanded by the inner shell
unshare --mount --propagation private --pid --fork --kill-child --cgroup --uts --ipc --net \
  sh -eu -c '
  mount -t tmpfs -o mode=755 none "$2/machine"
  cd -- "$2/machine"
  mkdir over work root
  mount -t overlay overlay -o "lowerdir=$1,upperdir=over,workdir=work" root
  cd root
  mount -t proc proc proc
  mount -t sysfs -o ro sysfs sys
  mount -t cgroup2 cgroup2 sys/fs/cgroup
  mount -t tmpfs -o mode=755 none run
  mount -t tmpfs none tmp
  mount -t tmpfs -o mode=755 none dev
  for node in null zero full random urandom; do
    : >"dev/$node"
    mount --bind "/dev/$node" "dev/$node"
  done
  mkdir dev/shm dev/pts
  mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
  ln -s pts/ptmx dev/ptmx
  ln -s /proc/self/fd dev/fd
  mount --bind "$2" mnt
  cat >etc/systemd/system/guest.service <<"UNIT"
[Unit]
After=basic.target
[Service]
Type=oneshot
Environment=LC_ALL=C.UTF-8 HOME=/root
ExecStart=/bin/sh /mnt/guest.sh
StandardOutput=append:/mnt/output
StandardError=append:/mnt/output
ExecStopPost=/bin/sh -c "echo guest status $$EXIT_STATUS >>/mnt/output"
ExecStopPost=systemctl --no-block poweroff
UNIT
  pivot_root . root
  exec env -i container=bed PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot . sh -c "
    umount -l /root
    exec /lib/systemd/systemd --system --unit=guest.service --log-target=null --show-status=no"' \
  sh "$root" "$payload" || booted=$?
# Powering off ends the first process of a namespace by SIGINT.
cat -- "$output"
if ! grep -q '^guest status' "$output"; then
  echo "the machine ended by itself (${booted-0})" >&2
  exit 1
fi
grep -qx 'guest status 0' "$output"
