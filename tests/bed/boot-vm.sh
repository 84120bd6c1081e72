#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: boot-vm.sh BOOT PAYLOAD SECONDS
#
# Boots BOOT (of setup-vm.sh) in an emulated machine with the folder PAYLOAD as /mnt, which runs
# PAYLOAD/guest.sh and powers off; prints what that printed. Exit status: that of guest.sh; 124 when
# it was not done after SECONDS; 125 when it never came to an end, with the console on stderr.
set -eu

boot=$1
payload=$2
seconds=$3
scratch=$(mktemp -d "${TMPDIR:-/tmp}/gpu-lane-vm.XXXXXX")
trap 'rm -rf -- "$scratch"' EXIT
trap 'exit 143' TERM INT HUP

truncate -s "$(($(du -sm -- "$payload" | cut -f 1) * 5 / 4 + 16))M" "$scratch/payload.img"
mkfs.ext4 -q -O '^has_journal' -d "$payload" "$scratch/payload.img"
# KVM is not asked for: in a nested machine it may be there and die.
status=0
timeout -k 5 "$seconds" qemu-system-x86_64 -M q35 -accel tcg,thread=multi -cpu max -smp 2 -m 1536 \
  -display none -nodefaults -no-reboot -snapshot \
  -serial "file:$scratch/console" -serial "file:$scratch/guest" \
  -kernel "$boot/vmlinuz" -initrd "$boot/initrd" \
  -append 'console=ttyS0 root=/dev/vda rw init=/usr/local/sbin/vm-init quiet panic=-1' \
  -drive "file=$boot/root.img,format=raw,if=virtio" \
  -drive "file=$scratch/payload.img,format=raw,if=virtio" </dev/null || status=$?
[ ! -e "$scratch/guest" ] || sed '/^guest status [0-9]*$/d' "$scratch/guest"
if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
  exit 124
fi
ended=$(sed -n 's/^guest status //p' "$scratch/guest" 2>/dev/null | tail -n 1)
if [ -z "$ended" ]; then
  tail -n 40 -- "$scratch/console" >&2
  exit 125
fi
exit "$ended"
