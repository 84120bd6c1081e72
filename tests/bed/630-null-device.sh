#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# RADV's null device says GFX1201 and is no discrete GPU: what the name and the driver promise holds,
# exactly the discrete expectation and those that need a node do not, and nobody trips over a driver
# in which vulkaninfo crashes.
. "$(dirname -- "$0")/../lib.sh"
need python3
bed_root trixie

# null STATUS PROGRAM...
null() {
  expected=$1
  shift
  in_root RADV_FORCE_FAMILY="${family-gfx1201}" \
    VK_DRIVER_FILES=/usr/share/vulkan/icd.d/radeon_icd.json "$@"
  [ "$status" -eq "$expected" ] || fail "exit status $status, expected $expected"
}

# states FLOOR: {id: state} of the floor's expectations, in $tmp/stdout; the judgement in probe.json.
judge() {
  null 1 gpu-probe --floor "$1" --format json
  cp -- "$tmp/stdout" "$tmp/probe.json"
  expect_json "$tmp/probe.json" "doc['device']['name'] == 'Null hardware (RADV GFX1201)'"
  expect_json "$tmp/probe.json" "'DEVICE_PRETENDED' in [f['code'] for f in doc['findings']]"
  expect_json "$tmp/probe.json" "{check['id'] for check in doc['expectations']
    if check['state'] == 'broken'} == {$2}"
  expect_json "$tmp/probe.json" "not any(check['state'] in ('unknown', 'skipped')
    for check in doc['expectations']) and doc['claims']['proves'] == []"
}

judge discrete "'device-type', 'checked-submit'"
judge honey "'device-type', 'checked-submit', 'card-node', 'render-node', 'render-node-opens',
  'kernel-driver', 'pci-id'"
expect_json "$tmp/probe.json" "{check['id'] for check in doc['expectations']} >= {'device-name',
  'vulkan-driver', 'mesa-version', 'hardware'}"

# What an independent program reads is what is told.
null 0 /mnt/tests/bare_instance
id=$(cut -d ' ' -f 1 "$tmp/stdout")
null 0 gpu-probe --facts-only --only vulkan --format json
expect_json "$tmp/stdout" "[d['id'] for d in doc['vulkan']['devices']] == ['$id']"

# A family that RADV does not know ends the process that asks; the probe names the driver.
family=gfx9999
null 1 gpu-probe --floor discrete --format json
expect_json "$tmp/stdout" "any(f['code'] == 'ICD_CRASHED' and 'radeon_icd.json' in f['message']
  for f in doc['findings'])"
