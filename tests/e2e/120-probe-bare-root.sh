#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In a root that holds nothing but the program: no Vulkan loader, no /dev/dri, no /sys, no PCI. Each
# is a finding, none is a crash, and it is never taken for a machine that is well.
. "$(dirname -- "$0")/../lib.sh"
need python3 unshare chroot ldd

root=$tmp/root
mkdir -p -- "$root/bin" "$root/proc" "$root/share/gpu-lane"
cp -- "$bin/gpu-probe" "$root/bin/gpu-probe"
cp -r -- "$build/share/gpu-lane/floors" "$root/share/gpu-lane/floors"
ldd "$bin/gpu-probe" | grep -o '/[^ ]*' | while read -r library; do
  mkdir -p -- "$root${library%/*}"
  cp -L -- "$library" "$root$library"
done

# Root may do it as it is, others through a user namespace where the kernel lets them.
namespace='unshare --mount'
[ "$(id -u)" -eq 0 ] || namespace='unshare --map-root-user --mount'
# shellcheck disable=SC2086 # the words are meant to split
$namespace true 2>/dev/null || skip 'this user may not make a mount namespace'
# probe ARGUMENT...: gpu-probe in that root. /proc is there for the sanitizers' sake.
probe() {
  # shellcheck disable=SC2016,SC2086 # the words are meant to split; the inner shell expands
  run $namespace sh -c 'mount --rbind /proc "$0/proc" && exec chroot "$0" /bin/gpu-probe "$@"' \
    "$root" "$@"
}

probe --format json
[ "$status" -eq 2 ] || fail "exit status $status, expected 2"
for code in VULKAN_LOADER_MISSING DRM_NODE_ABSENT SYSFS_MISSING; do
  expect_json "$tmp/stdout" "'$code' in [f['code'] for f in doc['findings']]"
done
expect_json "$tmp/stdout" 'doc["verdict"] == "unknown" and doc["device"] is None'
expect_json "$tmp/stdout" '"libvulkan.so.1" in [f["message"] for f in doc["findings"]
  if f["code"] == "VULKAN_LOADER_MISSING"][0]'

probe --floor honey
[ "$status" -eq 1 ] || fail "exit status $status, expected 1"
expect_stdout VULKAN_LOADER_MISSING
probe --floor software
[ "$status" -eq 1 ] || fail "exit status $status, expected 1"
