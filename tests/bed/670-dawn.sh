#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Dawn as npm has it, on the drivers that Debian has: Mesa 25's software renderer is refused and, when
# allowed, right; one flipped bit is found; RADV on drm-shim, which says that it is honey's GPU and
# computes nothing, is broken in every word.
. "$(dirname -- "$0")/../lib.sh"
need python3
outcome=0
bed=$(sh "$src/tests/bed/setup-dawn.sh") || outcome=$?
[ "$outcome" -ne 77 ] || skip "$bed"
[ "$outcome" -eq 0 ] || fail 'the bed could not be set up'
bed_root trixie

# Beds see the build tree alone.
place=dawn.$$
mkdir -- "$build/$place"
leave() {
  outcome=$?
  set +e
  rm -rf -- "${build:?}/$place"
  (exit "$outcome")
  clean_up
}
trap leave EXIT
cp -- "$src"/dawn/*.js "$src/dawn/package.json" "$build/$place/"
cp -rl -- "$bed/node_modules" "$build/$place/"

# dawn STATUS [VARIABLE=VALUE]... -- OPTION...: gpu-dawn.js in the bed; its report is in $tmp/dawn.json.
dawn() {
  expected=$1
  shift
  variables=
  while [ "$1" != -- ]; do
    variables="$variables $1"
    shift
  done
  shift
  # shellcheck disable=SC2086 # one variable a word
  in_root $variables node "/mnt/$place/gpu-dawn.js" "$@"
  [ "$status" -eq "$expected" ] || fail "exit status $status, expected $expected"
  cp -- "$tmp/stdout" "$tmp/dawn.json"
  expect_schema "$tmp/dawn.json" "$build/share/gpu-lane/schemas/gpu-lane-report-v1.schema.json"
  expect_status "$expected" "$bin/gpu-report" markdown "$tmp/dawn.json"
}
lavapipe=VK_DRIVER_FILES=/usr/share/vulkan/icd.d/lvp_icd.json

dawn 2 "$lavapipe" --
expect_json "$tmp/dawn.json" "([f['code'] for f in doc['findings']] == ['DEVICE_SOFTWARE_ONLY'] and
  doc['device']['software'] and doc['claims']['proves'] == [])"
dawn 0 "$lavapipe" -- --allow-software
expect_json "$tmp/dawn.json" "(doc['verdict'] == 'holds' and
  doc['remark'] == 'software device: proves the toolchain, not a GPU' and
  [c[:11] for c in doc['claims']['proves']] == ['Dawn, WebGP'] * 2 and
  any(c.startswith('a GPU:') for c in doc['claims']['does_not_prove']))"
expect_stdout 'Dawn, WebGPU: every pixel of a pass rendered off screen is right'

# wrapped SOURCE: the package, with this around it, in $place/wrapped.
wrapped() {
  mkdir -p -- "$build/$place/wrapped"
  printf '{"version": "0", "main": "index.js", "type": "module"}\n' \
    >"$build/$place/wrapped/package.json"
  {
    echo 'import { create, globals } from "../node_modules/webgpu/index.js"; export { create, globals };'
    printf '%s\n' "$1"
  } >"$build/$place/wrapped/index.js"
}
# One bit of one word on its way back.
wrapped 'const read = globals.GPUBuffer.prototype.getMappedRange;
globals.GPUBuffer.prototype.getMappedRange = function (...range) {
  const bytes = read.apply(this, range);
  new Uint32Array(bytes)[7] ^= 1 << 20;
  return bytes;
};'
dawn 1 "$lavapipe" -- --allow-software --package "/mnt/$place/wrapped"
expect_json "$tmp/dawn.json" "([f['code'] for f in doc['findings']] == ['WRONG_RESULT'] * 2 and
  all(f['evidence']['element'] == 7 for f in doc['findings']) and
  all(f['evidence']['observed'] ^ f['evidence']['expected'] == 1 << 20 for f in doc['findings']) and
  doc['claims']['proves'] == [])"
# A device that is lost on the way is no answer.
wrapped 'const submit = globals.GPUQueue.prototype.submit;
const request = globals.GPUAdapter.prototype.requestDevice;
globals.GPUAdapter.prototype.requestDevice = async function () {
  const device = await request.call(this);
  globals.GPUQueue.prototype.submit = function (...work) {
    submit.apply(this, work);
    device.destroy();
  };
  return device;
};'
dawn 2 "$lavapipe" -- --allow-software --package "/mnt/$place/wrapped"
expect_json "$tmp/dawn.json" "[f['code'] for f in doc['findings']] == ['DAWN_FAILED']"

# The device that honey has, by its own driver, on a kernel that does no work.
bed_root forky
dawn 1 LD_PRELOAD=libamdgpu_noop_drm_shim.so AMDGPU_GPU_ID=gfx1201 \
  VK_DRIVER_FILES=/usr/share/vulkan/icd.d/radeon_icd.json --
expect_json "$tmp/dawn.json" "(not doc['device']['software'] and
  doc['device']['driver_info'] == 'amd rdna-4' and
  [e['state'] for e in doc['expectations']] == ['broken'] * 2 and doc['claims']['proves'] == [])"
