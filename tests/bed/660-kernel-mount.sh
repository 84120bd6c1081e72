#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Linux mounts the bridge: in an emulated machine with Debian 13's kernel, its 9p client and a shell
# read the namespace, hold a lease, submit a job and get its result back right.
. "$(dirname -- "$0")/../lib.sh"
need python3 qemu-system-x86_64 mkfs.ext4
export PYTHONDONTWRITEBYTECODE=1

outcome=0
boot=$(sh "$src/tests/bed/setup-vm.sh" "$src/build/beds") || outcome=$?
[ "$outcome" -ne 77 ] || skip "$boot"
[ "$outcome" -eq 0 ] || fail 'the machine could not be made'

mkdir -p "$tmp/payload/data" "$tmp/shaders"
cp -R -- "$bin" "$build/libexec" "$tmp/payload"
cp -- "$src/tests/bed/guest/kernel-mount.sh" "$tmp/payload/guest.sh"
sh "$src/tests/hostile/shaders/compile.sh" "$tmp/shaders"
python3 "$src/tests/bed/guest/payload.py" "$tmp/shaders" "$bin/gpu-bridge-host" "$tmp/payload/data"

LANE_TEST_TIMEOUT=260 run sh "$src/tests/bed/boot-vm.sh" "$boot" "$tmp/payload" 240
cat "$tmp/stdout"
[ "$status" -eq 0 ] || fail "the guest ended with status $status"
expect_stdout 'ok lavapipe, unix: umount, and the bridge ends'
