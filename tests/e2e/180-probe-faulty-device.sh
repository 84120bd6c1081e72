#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A device that enumerates well and then is lost, answers one word wrong or does nothing at all, by way
# of a faulty layer in front of lavapipe: the one cause is named, with nothing about GPUs that nobody
# asked for, and gpu-canary judges the same machine in the same words.
. "$(dirname -- "$0")/../lib.sh"
need python3
lavapipe
export VK_INSTANCE_LAYERS=VK_LAYER_GPU_LANE_fault VK_ADD_LAYER_PATH="$build/tests/fault_layer"

# faulty FAULT CODE TEXT
faulty() {
  export GPU_LANE_FAULT="$1"
  expect_status 1 "$bin/gpu-probe" --floor software --format json
  expect_json "$tmp/stdout" "[(f['code'], '$3' in f['message']) for f in doc['findings']
    if f['level'] != 'notice'] == [('$2', True), ('EXPECTATION_BROKEN', False)]"
  expect_json "$tmp/stdout" "[r['state'] for r in doc['ladder']] == ['held'] * 3 + ['broken']"
  cp -- "$tmp/stdout" "$tmp/probe.json"
  expect_status 1 "$bin/gpu-canary" --floor software --allow-software --direct --workload vadd \
    --format json
  # What it adds is about its own workload.
  expect_json "$tmp/stdout" "[(f['code'], f['message']) for f in doc['findings']
    if f['level'] == 'failure' and not f['message'].startswith('vadd: ')] == [
    (f['code'], f['message']) for f in __import__('json').load(open('$tmp/probe.json'))['findings']
    if f['level'] == 'failure']"
}

faulty device-lost=0 DEVICE_LOST 'vkQueueSubmit: VK_ERROR_DEVICE_LOST'
faulty flip=0 WRONG_RESULT 'word 0 of 1024'
faulty idle WRONG_RESULT 'nothing was written'
