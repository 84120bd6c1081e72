#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Linux mounts the bridge: in an emulated machine with Debian 13's kernel, its 9p client and a shell
# read the namespace, hold a lease, submit a job and get its result back right.
. "$(dirname -- "$0")/../lib.sh"
need python3
export PYTHONDONTWRITEBYTECODE=1

mkdir -p "$tmp/payload/data" "$tmp/shaders"
sh "$src/tests/hostile/shaders/compile.sh" "$tmp/shaders"
python3 "$src/tests/bed/guest/payload.py" "$tmp/shaders" "$bin/gpu-bridge-host" "$tmp/payload/data"
boot_vm trixie kernel-mount.sh
expect_stdout 'ok lavapipe, unix: umount, and the bridge ends'
