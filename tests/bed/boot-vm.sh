#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: boot-vm.sh BOOT PAYLOAD SECONDS [GATHERED]
#
# Boots BOOT (of setup-vm.sh) in an emulated machine with the folder PAYLOAD and guest/lib.sh as
# /mnt, which runs PAYLOAD/guest.sh and powers off; prints what that printed, and fills the folder
# GATHERED with what it left in the folder that it was given. Exit status: that of guest.sh; 124 when
# it was not done after SECONDS; 125 when it never came to an end, with the console on stderr.
#
# The machine has one virtio GPU on PCI and one on virtio-mmio, without any PCI device behind it, as
# in the machines of krunkit.
set -eu

boot=$1
payload=$2
seconds=$3
cp -- "$(dirname -- "$0")/guest/lib.sh" "$payload"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/gpu-lane-vm.XXXXXX")
trap 'rm -rf -- "$scratch"' EXIT
trap 'exit 143' TERM INT HUP

truncate -s "$(($(du -sm -- "$payload" | cut -f 1) * 5 / 4 + 16))M" "$scratch/payload.img"
mkfs.ext4 -q -O '^has_journal' -d "$payload" "$scratch/payload.img"
# This machine has no timer that the kernel could measure its time stamp counter with, which is the
# host's own; and a busy host must not make it doubt that counter.
khz=$(awk '/^cpu MHz/ { printf "%d\n", $4 * 1000; exit }' /proc/cpuinfo)
# KVM is not asked for: in a nested machine it may be there and die.
status=0
timeout -k 5 "$seconds" qemu-system-x86_64 -M microvm,pcie=on,pit=on,pic=on,rtc=on \
  -accel tcg,thread=multi -cpu max -smp 2 -m 1536 -display none -nodefaults -no-reboot \
  -global virtio-mmio.force-legacy=off -serial "file:$scratch/console" \
  -kernel "$boot/vmlinuz" -initrd "$boot/initrd" \
  -append "console=ttyS0 quiet panic=-1 tsc=reliable tsc_early_khz=${khz:-1000000}" \
  -drive "if=none,id=root,snapshot=on,format=raw,file=$boot/root.img" \
  -device virtio-blk-device,drive=root \
  -drive "if=none,id=payload,snapshot=on,format=raw,file=$scratch/payload.img" \
  -device virtio-blk-device,drive=payload \
  -device virtio-serial-device -chardev "file,id=said,path=$scratch/said" \
  -device virtserialport,chardev=said,nr=1 -chardev "file,id=gathered,path=$scratch/gathered" \
  -device virtserialport,chardev=gathered,nr=2 \
  -device virtio-gpu-pci -device virtio-gpu-device </dev/null || status=$?
sed '/^guest status [0-9]*$/d' "$scratch/said"
if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
  exit 124
fi
ended=$(sed -n 's/^guest status //p' "$scratch/said" | tail -n 1)
if [ -z "$ended" ]; then
  tail -n 40 -- "$scratch/console" >&2
  exit 125
fi
[ "$#" -lt 4 ] || tar -C "$4" -xf "$scratch/gathered"
exit "$ended"
