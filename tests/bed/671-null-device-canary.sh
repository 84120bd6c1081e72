#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# On RADV's null device, which lists itself and executes nothing, no canary gives a figure: it says
# what the device cannot do and that it is only pretended, whichever way the work takes.
. "$(dirname -- "$0")/../lib.sh"
need python3
bed_root trixie

for way in --embedded --direct; do
  in_root RADV_FORCE_FAMILY=gfx1201 VK_DRIVER_FILES=/usr/share/vulkan/icd.d/radeon_icd.json \
    gpu-canary "$way" --format json
  [ "$status" -eq 1 ] || fail "exit status $status, expected 1"
  expect_json "$tmp/stdout" "(doc['verdict'] == 'broken' and
    doc['device']['name'] == 'Null hardware (RADV GFX1201)' and
    not any(w['verified'] or w['median'] for w in doc.get('workloads', [])) and
    not any('checked compute' in claim for claim in doc['claims']['proves']))"
  expect_json "$tmp/stdout" "{'DEVICE_PRETENDED', 'VULKAN_DEVICE_FAILED'} <= {
    finding['code'] for finding in doc['findings']}"
  # What the device says of its clock is nonsense, and no reason to misunderstand the worker.
  expect_json "$tmp/stdout" "'WORKER_PROTOCOL' not in [f['code'] for f in doc['findings']]"
done
