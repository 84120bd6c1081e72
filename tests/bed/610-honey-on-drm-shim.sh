#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# RADV on drm-shim says of itself what honey says, and computes nothing. So the honey floor's Vulkan
# expectations hold, the card node that the shim does not have is named, and no result is believed.
. "$(dirname -- "$0")/../lib.sh"
need python3
bed_root forky

in_shim() {
  in_root LD_PRELOAD=libamdgpu_noop_drm_shim.so AMDGPU_GPU_ID=gfx1201 \
    VK_DRIVER_FILES=/usr/share/vulkan/icd.d/radeon_icd.json "$@"
}
# in_shim_ends STATUS PROGRAM...
in_shim_ends() {
  expected=$1
  shift
  in_shim "$@"
  [ "$status" -eq "$expected" ] || fail "exit status $status, expected $expected"
}

# What an independent reader sees there.
in_shim_ends 0 vulkaninfo --summary
device_name=$(sed -n 's/^[[:space:]]*deviceName *= //p' "$tmp/stdout")
driver_info=$(sed -n 's/^[[:space:]]*driverInfo *= //p' "$tmp/stdout")
device_uuid=$(sed -n 's/^[[:space:]]*deviceUUID *= //p' "$tmp/stdout")
case $device_name in
  *'(RADV GFX1201)') ;;
  *) fail "vulkaninfo sees another device: $device_name" ;;
esac

in_shim_ends 1 gpu-probe --floor honey
expect_stdout 'drm[card0].in_dev'
in_shim_ends 1 gpu-probe --floor honey --format json
cp -- "$tmp/stdout" "$tmp/probe.json"
expect_json "$tmp/probe.json" "doc['verdict'] == 'broken'"
expect_json "$tmp/probe.json" "doc['device']['name'] == '$device_name'"
expect_json "$tmp/probe.json" "doc['device']['driver_info'] == '$driver_info'"
expect_json "$tmp/probe.json" "doc['device']['uuid'] == '$device_uuid'"
expect_json "$tmp/probe.json" "{check['id']: check['state'] for check in doc['expectations']} == {
  'vulkan-driver': 'held', 'device-type': 'held', 'device-name': 'held', 'mesa-version': 'held',
  'mesa-version-settled': 'held', 'hardware': 'held', 'kernel-driver': 'held',
  'render-node': 'held', 'render-node-opens': 'held',
  'card-node': 'broken', 'pci-id': 'broken', 'checked-submit': 'broken'}"
expect_json "$tmp/probe.json" "'WRONG_RESULT' in [finding['code'] for finding in doc['findings']]"

# sysfs has one id, the ioctl another: found without Vulkan. The chip is known from its driver.
in_shim_ends 0 gpu-probe --only drm --facts-only --format json
expect_json "$tmp/stdout" "[g['disagreements'] for g in doc['gpus']] == [[
  {'what': 'id', 'sysfs': '1002:15e7', 'ioctl': '1002:7550'}]]"
expect_json "$tmp/stdout" "doc['drm'][0]['amdgpu']['family'] == 'GC 12.0.0'"
in_shim_ends 0 gpu-probe --only vulkan --no-submit --facts-only --format json
expect_json "$tmp/stdout" "('16x16x16 f16 f16 f32 f32' in
  doc['vulkan']['devices'][0]['cooperative_matrices'])"

# Composed with the bus of a machine that has a Navi 48 and with a card node: what the collectors find
# holds honey's floor, but for the submit. Neither does the name depend on libdrm's table of products.
mkdir -p -- "$build/bed-data"
cp -- "$src/tests/data/pci/navi48.dump" "$build/bed-data/"
# composed IDS PROGRAM...: with this table of products, under the shim, with /dev/dri/card0.
composed() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  in_root sh -c '
    mount -t tmpfs tmpfs /dev && mknod -m 666 /dev/null c 1 3 && mkdir /dev/dri &&
      mknod -m 660 /dev/dri/card0 c 226 0 && mount --bind "$1" /usr/share/libdrm/amdgpu.ids || exit 125
    shift
    LD_PRELOAD="/mnt/tests/libcard_node.so libamdgpu_noop_drm_shim.so" AMDGPU_GPU_ID=gfx1201
    VK_DRIVER_FILES=/usr/share/vulkan/icd.d/radeon_icd.json
    export LD_PRELOAD AMDGPU_GPU_ID VK_DRIVER_FILES
    exec "$@"' sh "$@"
}
# spelled IDS NAME: it holds but for the submit, under this name, which the driver itself says.
spelled() {
  composed "$1" gpu-probe --floor honey --pci-dump /mnt/bed-data/navi48.dump --format json
  [ "$status" -eq 1 ] || fail "exit status $status, expected 1"
  expect_json "$tmp/stdout" "[check['id'] for check in doc['expectations']
    if check['state'] != 'held'] == ['checked-submit']"
  expect_json "$tmp/stdout" "doc['device']['name'] == '$2' and doc['device']['drm'] == \\
    '/dev/dri/renderD128' and doc['checks']['held'] == len(doc['expectations']) - 1"
  expect_json "$tmp/stdout" "{'WRONG_RESULT', 'FACTS_DISAGREE'} <= {f['code']
    for f in doc['findings']}"
  expect_json "$tmp/stdout" "[r['state'] for r in doc['ladder']] == ['held'] * 7 + ['broken']"
}
spelled /usr/share/libdrm/amdgpu.ids 'AMD Radeon RX 9070 XT (RADV GFX1201)'
spelled /dev/null 'AMD Radeon Graphics (RADV GFX1201)'

# A few workloads, one of each kind: all of them take a CPU that checks every element a minute.
in_shim_ends 1 gpu-canary --format json \
  --workload dispatch,vadd,atomics,histogram,subgroup,matmul,peak_f32
cp -- "$tmp/stdout" "$tmp/canary.json"
expect_json "$tmp/canary.json" "doc['verdict'] == 'broken'"
expect_json "$tmp/canary.json" "not any(workload['verified'] for workload in doc['workloads'])"
expect_json "$tmp/canary.json" "doc['device']['software'] is False and len(doc['workloads']) >= 6"
expect_json "$tmp/canary.json" "all(workload[figure] is None for workload in doc['workloads']
  for figure in ('median', 'q1', 'q3', 'cpu_speedup'))"
expect_json "$tmp/canary.json" "not any(check['state'] == 'held' for check in doc['expectations'])"
in_shim_ends 1 gpu-canary --workload upload
expect_stdout WRONG
expect_no_stdout B/s
