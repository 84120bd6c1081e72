#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Beside a driver that works stands one that crashes, hangs, leaves, talks, fails, contradicts itself
# or loses its device: each is a finding, the other one's device is known all the same, stdout is one
# document, the deadline holds.
. "$(dirname -- "$0")/../lib.sh"
need python3 vulkaninfo
lavapipe
good=$VK_DRIVER_FILES
# A sanitizer's own handler would turn a crash into an exit.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}handle_segv=0"
timeout_s=4
floor=software

# beside NAME: the loader finds this hostile driver, $manifest, and the good one.
beside() {
  manifest=$build/hostile_icd/$1.json
  export VK_DRIVER_FILES="$manifest:$good" VK_ICD_FILENAMES="$manifest:$good"
}
# hostile NAME STATUS [CODE TEXT...]: judged against $floor by the deadline. Exactly one finding has the
# code, and its message all of the texts.
hostile() {
  beside "$1"
  expected=$2
  code=${3-}
  shift $(($# < 3 ? $# : 3))
  texts=
  for text in "$@"; do
    texts="$texts'$text', "
  done
  begun=$(date +%s)
  expect_status "$expected" "$bin/gpu-probe" --floor "$floor" --timeout "$timeout_s" --format json
  [ $(($(date +%s) - begun)) -le $((timeout_s + 1)) ] || fail 'the deadline did not hold'
  expect_json "$tmp/stdout" "('$floor' != 'software' or 'llvmpipe' in doc['device']['name']) and (
    '$code' == '' or [all(text in f['message'] for text in ($texts)) for f in doc['findings']
      if f['code'] == '$code'] == [True])"
  if [ -z "${HOSTILE_RESULT-}" ]; then
    expect_schema "$tmp/stdout" "$build/share/gpu-lane/schemas/gpu-lane-report-v1.schema.json"
  fi
}

hostile crash_load 1 ICD_CRASHED "$build/hostile_icd/crash_load.json" SIGSEGV
hostile crash_create 1 ICD_CRASHED /crash_create.json 'create a Vulkan instance'
hostile crash_enumerate 1 ICD_CRASHED /crash_enumerate.json 'list the devices'
hostile crash_device 1 ICD_CRASHED /crash_device.json 'checked submit on Hostile'
hostile exit_create 1 ICD_CRASHED /exit_create.json 'exited with 0'
hostile hang_create 1 ICD_HANGS /hang_create.json 'create a Vulkan instance'
hostile hang_enumerate 1 ICD_HANGS /hang_enumerate.json 'list the devices'
hostile hang_device 1 ICD_HANGS /hang_device.json 'checked submit on Hostile'
# One that talks is every machine's; what it says is no fact.
hostile talk_create 0
expect_no_stdout noise
expect_json "$tmp/stdout" "doc['host']['kernel'] != 'invented'"

# The loader passes over a driver that does not come up, and says so; only without memory it gives up.
for result in -2 -3 -4 -7 -9 -13 -1000; do
  HOSTILE_RESULT=$result hostile fail_create 0 ICD_SKIPPED 'CreateInstance'
done
HOSTILE_RESULT=-1 hostile fail_create 1 VULKAN_OUT_OF_HOST_MEMORY /fail_create.json

# Newer loaders leave a driver that cannot list its devices out without a word, older ones fail for
# all. What an independent reader gets decides which of the two this is.
beside fail_enumerate
while read -r result name; do
  export HOSTILE_RESULT="$result"
  if vulkaninfo --summary >/dev/null 2>&1; then
    hostile fail_enumerate 0
  else
    hostile fail_enumerate 1 VULKAN_ENUMERATE_FAILED /fail_enumerate.json "$name"
  fi
done <<'RESULTS'
-1 VK_ERROR_OUT_OF_HOST_MEMORY
-2 VK_ERROR_OUT_OF_DEVICE_MEMORY
-3 VK_ERROR_INITIALIZATION_FAILED
-4 VK_ERROR_DEVICE_LOST
-9 VK_ERROR_INCOMPATIBLE_DRIVER
-13 VK_ERROR_UNKNOWN
-1000 -1000
RESULTS
unset HOSTILE_RESULT

# A GPU that is listed and gone when it is opened, and one whose ids depend on who asks. Who only
# wants the renderer is warned of the first.
floor=discrete
hostile lose_device 1 DEVICE_LOST 'Hostile (RADV GFX1201)' vkCreateDevice
hostile contradict_device 1 FACTS_DISAGREE \
  'vkGetPhysicalDeviceProperties says 1002:7550' 'vkGetPhysicalDeviceProperties2 says 10de:2684'
floor=software
hostile lose_device 0 DEVICE_LOST 'Hostile (RADV GFX1201)'

# Alone they leave no device at all, and that is never a pass.
for name in crash_create hang_create; do
  export VK_DRIVER_FILES="$build/hostile_icd/$name.json"
  export VK_ICD_FILENAMES="$VK_DRIVER_FILES"
  run "$bin/gpu-probe" --timeout 1
  [ "$status" -eq 1 ] || [ "$status" -eq 2 ] || fail "exit status $status"
  expect_stdout "$VK_DRIVER_FILES"
done
