#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Beside a driver that works stands one that crashes, hangs, leaves, talks or fails: it is named by its
# manifest, the other one's device is known all the same, stdout is one document, the deadline holds.
. "$(dirname -- "$0")/../lib.sh"
need python3 vulkaninfo
lavapipe
good=$VK_DRIVER_FILES
# A sanitizer's own handler would turn a crash into an exit.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}handle_segv=0"
timeout_s=4

# hostile NAME STATUS CODE TEXT: one finding of this code names the manifest and holds the text.
hostile() {
  manifest=$build/hostile_icd/$1.json
  VK_DRIVER_FILES=$manifest:$good
  VK_ICD_FILENAMES=$VK_DRIVER_FILES
  begun=$(date +%s)
  expect_status "$2" "$bin/gpu-probe" --floor software --timeout "$timeout_s" --format json
  [ $(($(date +%s) - begun)) -le $((timeout_s + 1)) ] || fail "$1: the deadline did not hold"
  expect_schema "$tmp/stdout" "$build/share/gpu-lane/schemas/gpu-lane-report-v1.schema.json"
  expect_json "$tmp/stdout" "'llvmpipe' in doc['device']['name']"
  expect_no_stdout noise
  if [ -n "$3" ]; then
    expect_json "$tmp/stdout" "[f['code'] for f in doc['findings']
      if '$manifest' in f['message'] and '$4' in f['message']] == ['$3']"
  fi
}

hostile crash_load 1 ICD_CRASHED SIGSEGV
hostile crash_create 1 ICD_CRASHED 'create a Vulkan instance'
hostile crash_enumerate 1 ICD_CRASHED 'list the devices'
hostile exit_create 1 ICD_CRASHED 'exited with 0'
hostile hang_create 1 ICD_HANGS 'create a Vulkan instance'
hostile hang_enumerate 1 ICD_HANGS 'list the devices'
hostile memory_create 1 VULKAN_OUT_OF_HOST_MEMORY VK_ERROR_OUT_OF_HOST_MEMORY
# Newer loaders leave a driver that lists nothing out without a word, and so does what they serve.
if VK_DRIVER_FILES=$build/hostile_icd/init_enumerate.json:$good \
  VK_ICD_FILENAMES=$build/hostile_icd/init_enumerate.json:$good \
  vulkaninfo --summary >/dev/null 2>&1; then
  hostile init_enumerate 0 '' ''
else
  hostile init_enumerate 1 VULKAN_ENUMERATE_FAILED VK_ERROR_INITIALIZATION_FAILED
fi
# A driver whose hardware is not here, and one that talks about it, are every machine's.
hostile incompatible_create 0 '' ''
hostile talk_create 0 '' ''
expect_json "$tmp/stdout" "doc['host']['kernel'] != 'invented'"

# Alone they leave no device at all, and that is never a pass.
for name in crash_create hang_create; do
  export VK_DRIVER_FILES="$build/hostile_icd/$name.json"
  export VK_ICD_FILENAMES="$VK_DRIVER_FILES"
  run "$bin/gpu-probe" --timeout 2
  [ "$status" -eq 1 ] || [ "$status" -eq 2 ] || fail "exit status $status"
  expect_stdout "$VK_DRIVER_FILES"
done
