#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The loader is there and finds no driver that it could use: no manifest, one whose library is not
# there, one that is no manifest, and one that only finds its hardware missing.
. "$(dirname -- "$0")/../lib.sh"
need python3

# probe VALUE: with these driver files, to JSON; never a pass.
probe() {
  VK_DRIVER_FILES=$1
  VK_ICD_FILENAMES=$1
  export VK_DRIVER_FILES VK_ICD_FILENAMES
  run "$bin/gpu-probe" --format json
  [ "$status" -eq 1 ] || [ "$status" -eq 2 ] || fail "exit status $status"
  expect_json "$tmp/stdout" 'doc["verdict"] != "holds"'
}
# found CODE TEXT: a finding of this code whose message or evidence holds the text.
found() {
  expect_json "$tmp/stdout" "any(f['code'] == '$1' and '$2' in f['message'] + str(f['evidence'])
    for f in doc['findings'])"
}

mkdir -- "$tmp/icd.d"
probe "$tmp/icd.d"
# Only a machine without the loader says something else.
found VULKAN_NO_DRIVER manifests_not_used
found VULKAN_ENVIRONMENT VK_DRIVER_FILES
expect_json "$tmp/stdout" '[r["state"] for r in doc["ladder"] if r["rung"] == "ICD"] == ["broken"]'

probe /nonexistent/radeon_icd.json
found ICD_LOAD_FAILED /nonexistent/radeon_icd.json

printf '{"file_format_version": "1.0.0", "ICD": {"api_version": "1.3.0",
"library_path": "/nonexistent/libvulkan_radeon.so"}}' >"$tmp/icd.d/radeon_icd.json"
probe "$tmp/icd.d/radeon_icd.json"
found ICD_LOAD_FAILED /nonexistent/libvulkan_radeon.so
found VULKAN_NO_DRIVER radeon_icd.json

printf 'no manifest' >"$tmp/icd.d/radeon_icd.json"
probe "$tmp/icd.d/radeon_icd.json"
found ICD_LOAD_FAILED radeon_icd.json:1

probe "$build/hostile_icd/fail_create.json"
found VULKAN_NO_DRIVER fail_create.json
