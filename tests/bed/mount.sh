# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# What the tests of kernel mounts have in common: mounts SUITE [driver] runs guest/kernel-mount.sh
# with the kernel of that Debian suite; with "driver" jobs also run on lavapipe there.
. "$(dirname -- "$0")/../lib.sh"

mounts() {
  need python3
  mkdir -p "$tmp/payload/data" "$tmp/shaders"
  sh "$src/tests/hostile/shaders/compile.sh" "$tmp/shaders"
  PYTHONDONTWRITEBYTECODE=1 python3 "$src/tests/bed/guest/payload.py" "$tmp/shaders" \
    "$bin/gpu-bridge-host" "$tmp/payload/data"
  if [ "${2-}" = driver ]; then
    touch "$tmp/payload/data/driver"
  fi
  boot_vm "$1" kernel-mount.sh
  expect_stdout "${2:-restarted}: umount, and the bridge ends"
}
