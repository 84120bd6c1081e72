#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: setup-kernel.sh SUITE ROOT FOLDER
#
# Puts the newest kernel of the Debian suite SUITE into FOLDER: vmlinuz, and initrd, which loads the
# drivers that the beds need and starts /usr/local/sbin/vm-init on the first disk. ROOT is the root
# that setup-root.sh makes; its mirror and its programs are used. Where the kernel cannot be had the
# reason is printed and the exit status is 77.
set -eu

suite=$1
root=$2
folder=$3
work=$root/gpu-lane-kernel

cannot() {
  echo "$*"
  exit 77
}
trap 'rm -rf -- "$work"' EXIT
trap 'exit 143' TERM INT HUP
rm -rf -- "$work"
mkdir -p -- "$work/lists/partial" "$work/cache/archives/partial" "$work/kernel" "$work/initrd"

# This machine's apt, with an index of its own that knows this suite alone.
in_suite() {
  program=$1
  shift
  "$program" -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" \
    -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=- \
    -o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false \
    -o APT::Sandbox::User=root "$@"
}
mirror=$(awk '$1 == "deb" { print $2; exit }' "$root/etc/apt/sources.list")
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$keyring] $mirror $suite main" >"$work/sources.list"
in_suite apt-get update >&2 || cannot "the mirror does not answer for $suite"
image=$(in_suite apt-cache depends linux-image-amd64 |
  sed -n 's/^ *Depends: \(linux-image-[0-9]\)/\1/p')
[ -n "$image" ] || cannot "the mirror has no kernel of $suite"
version=${image#linux-image-}
# In newer suites that is a package of nothing but dependencies on its parts.
parts=$(in_suite apt-cache depends "$image" |
  sed -n "s/^ *Depends: \(linux-[a-z]*-$version\)\$/\1/p")
# shellcheck disable=SC2086 # a list
(cd -- "$work/cache" && in_suite apt-get download "$image" $parts) >&2 ||
  cannot "the mirror does not give $image"
# All but most of the hardware that is not emulated: depmod reads every module there is.
for package in "$work"/cache/*.deb; do
  dpkg-deb --fsys-tarfile "$package" | tar -xC "$work/kernel" --exclude='*/kernel/sound' \
    --exclude='*/kernel/drivers/[!bcgv]*' --exclude='*/kernel/drivers/gpu/drm/[!cdtv]*'
done
[ -d "$work/kernel/lib" ] || ln -s usr/lib "$work/kernel/lib"

# Only the drivers that are needed, in the order of loading: unpacking or finding more costs seconds
# in an emulated machine.
cat >"$work/initrd/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox mount -t devtmpfs devtmpfs /dev
while read -r module; do
  /bin/busybox insmod "/modules/$module"
done </modules/order
until /bin/busybox mount -t ext4 /dev/vda /disk; do
  /bin/busybox sleep 0.1
done
/bin/busybox mount --move /dev /disk/dev
exec /bin/busybox switch_root /disk /usr/local/sbin/vm-init
INIT
chmod 755 "$work/initrd/init"
# shellcheck disable=SC2016 # expanded by the inner shell
chroot "$root" sh -euc '
  cd /gpu-lane-kernel
  depmod -b kernel "$1"
  modprobe -d kernel -S "$1" --show-depends -a virtio_pci virtio_mmio virtio_blk \
    virtio_console ext4 9p 9pnet_fd virtio_gpu vgem >depends
  cd initrd
  mkdir bin dev disk modules
  cp /bin/busybox bin/
  sed -n "s/^insmod //p" ../depends | while read -r file; do
    module=${file##*/}
    module=${module%.xz}
    if [ ! -e "modules/$module" ]; then
      case $file in
        *.xz) busybox unxz -c "$file" >"modules/$module" ;;
        *) cp "$file" "modules/$module" ;;
      esac
      echo "$module" >>modules/order
    fi
  done
  find . | busybox cpio -o -H newc | gzip -1 >../initrd.gz' sh "$version" >&2
mv -- "$work/initrd.gz" "$folder/initrd"
for file in "$work/kernel/boot/vmlinuz-$version" "$work/kernel/lib/modules/$version/vmlinuz"; do
  [ ! -e "$file" ] || mv -- "$file" "$folder/vmlinuz"
done
