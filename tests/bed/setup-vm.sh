#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: setup-vm.sh FOLDER
#
# Makes FOLDER/vm.boot with what QEMU boots, root.img, vmlinuz and initrd, from the root that
# setup-root.sh makes of Debian packages, and prints its path. It is kept until that root or this
# script changes, and appears whole or not at all. Where it cannot be made the reason is printed and
# the exit status is 77.
set -eu

here=$(cd -- "$(dirname -- "$0")" && pwd)
root=$(sh "$here/setup-root.sh" vm "$1") || {
  status=$?
  echo "$root"
  exit "$status"
}
folder=$(dirname -- "$root")
boot=$folder/vm.boot

exec 9>"$folder/.lock-vm"
flock 9
wanted=$(cat -- "$root/gpu-lane-bed" "$0" | sha256sum)
if [ "$(cat -- "$boot/made-of" 2>/dev/null)" = "$wanted" ]; then
  echo "$boot"
  exit 0
fi
if ! command -v mkfs.ext4 >/dev/null; then
  echo 'bed vm: mkfs.ext4 is not installed'
  exit 77
fi

partial=$boot.partial
log=$folder/vm.boot.log
rm -rf -- "$partial" "$boot"
mkdir -- "$partial"
echo "bed vm: making its disk (log in $log)" >&2

# A first process that runs the script on the second disk, and says how that ended on a serial line
# of its own, where the kernel does not write.
cat >"$root/usr/local/sbin/vm-init" <<'INIT'
#!/bin/sh
export PATH=/mnt/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t securityfs securityfs /sys/kernel/security
busybox ifconfig lo 127.0.0.1 up
mount -o ro /dev/vdb /mnt
stty -F /dev/ttyS1 raw
sh /mnt/guest.sh >/dev/ttyS1 2>&1
echo "guest status $?" >/dev/ttyS1
sync
busybox poweroff -f
INIT
chmod 755 "$root/usr/local/sbin/vm-init"

{
  # Only what leads to the root file system: unpacking more costs seconds in an emulated machine.
  printf '%s\n' virtio_pci virtio_blk ext4 >"$root/etc/initramfs-tools/modules"
  echo MODULES=list >"$root/etc/initramfs-tools/conf.d/gpu-lane"
  for kernel in "$root"/boot/vmlinuz-*; do
    version=${kernel##*/vmlinuz-}
  done
  chroot "$root" mkinitramfs -o /boot/gpu-lane-initrd "$version" &&
    mv -- "$root/boot/gpu-lane-initrd" "$partial/initrd" &&
    cp -- "$kernel" "$partial/vmlinuz" &&
    truncate -s "$(($(du -sm -- "$root" | cut -f 1) * 5 / 4 + 64))M" "$partial/root.img" &&
    mkfs.ext4 -q -O '^has_journal' -d "$root" "$partial/root.img"
} >"$log" 2>&1 </dev/null || {
  tail -n 20 -- "$log" >&2
  exit 1
}
printf '%s\n' "$wanted" >"$partial/made-of"
mv -T -- "$partial" "$boot"
echo "$boot"
