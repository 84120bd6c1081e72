#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: setup-vm.sh SUITE FOLDER
#
# Makes FOLDER/vm.SUITE with what QEMU boots, the kernel of that Debian suite and root.img, a disk of
# the root that setup-root.sh makes for all of them, and prints its path. It is kept until that root
# or a script here changes, and appears whole or not at all. Where it cannot be made the reason is
# printed and the exit status is 77.
set -eu

suite=$1
here=$(cd -- "$(dirname -- "$0")" && pwd)
root=$(sh "$here/setup-root.sh" vm "$2") || {
  status=$?
  echo "$root"
  exit "$status"
}
folder=$(dirname -- "$root")
boot=$folder/vm.$suite
disk=$folder/vm.disk
log=$boot.log

cannot() {
  echo "bed vm: $*"
  exit 77
}
# is_made FOLDER: of this root, by these scripts.
is_made() {
  [ "$(cat -- "$1/made-of" 2>/dev/null)" = "$wanted" ]
}
# appear FOLDER: with what is in FOLDER.partial.
appear() {
  printf '%s\n' "$wanted" >"$1.partial/made-of"
  rm -rf -- "$1"
  mv -T -- "$1.partial" "$1"
}

exec 9>"$folder/.lock-vm"
flock 9
wanted=$(cat -- "$root/gpu-lane-bed" "$0" "$here/setup-kernel.sh" | sha256sum)
if is_made "$boot" && is_made "$disk"; then
  echo "$boot"
  exit 0
fi
command -v mkfs.ext4 >/dev/null || cannot 'mkfs.ext4 is not installed'
rm -rf -- "$disk.partial" "$boot.partial"

if ! is_made "$disk"; then
  # The first process runs the script on the second disk. What that says and how it ends go out
  # through one virtio port, and then what it gathered through another.
  cat >"$root/usr/local/sbin/vm-init" <<'INIT'
#!/bin/sh
export PATH=/mnt/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t securityfs securityfs /sys/kernel/security
mkdir /run/gathered
busybox ifconfig lo 127.0.0.1 up
mount -o ro /dev/vdb /mnt
for port in /dev/vport*p1; do
  port=${port%1}
done
exec >"${port}1" 2>&1
sh /mnt/guest.sh /run/gathered
status=$?
busybox tar -C /run/gathered -cf - . >"${port}2"
echo "guest status $status"
sync
busybox poweroff -f
INIT
  chmod 755 "$root/usr/local/sbin/vm-init"
  mkdir -- "$disk.partial"
  truncate -s "$(($(du -sm -- "$root" | cut -f 1) * 5 / 4 + 64))M" "$disk.partial/root.img"
  mkfs.ext4 -q -O '^has_journal' -d "$root" "$disk.partial/root.img" >&2
  appear "$disk"
fi

echo "bed vm: making it with the kernel of $suite (log in $log)" >&2
mkdir -- "$boot.partial"
ln -s ../vm.disk/root.img "$boot.partial/root.img"
reason=$(sh "$here/setup-kernel.sh" "$suite" "$root" "$boot.partial" 2>"$log" </dev/null) || {
  status=$?
  [ "$status" -ne 77 ] || cannot "$reason"
  tail -n 20 -- "$log" >&2
  exit 1
}
appear "$boot"
echo "$boot"
