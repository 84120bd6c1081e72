# SPDX-License-Identifier: Apache-2.0
# RADV on drm-shim says of itself what honey says, and computes nothing. So the honey floor's Vulkan
# expectations hold, the card node that the shim does not have is named, and no result is believed.
. "$(dirname -- "$0")/../lib.sh"
need python3
bed_root forky

shim='LD_PRELOAD=libamdgpu_noop_drm_shim.so AMDGPU_GPU_ID=gfx1201
  VK_DRIVER_FILES=/usr/share/vulkan/icd.d/radeon_icd.json'
# shellcheck disable=SC2086 # the variables are meant to split
in_shim() {
  in_root $shim "$@"
}

in_shim vulkaninfo --summary
[ "$status" -eq 0 ] || fail 'vulkaninfo does not see the shim'
device_name=$(sed -n 's/^[[:space:]]*deviceName *= //p' "$tmp/stdout")
driver_info=$(sed -n 's/^[[:space:]]*driverInfo *= //p' "$tmp/stdout")
case $device_name in
  *'(RADV GFX1201)') ;;
  *) fail "vulkaninfo sees another device: $device_name" ;;
esac

in_shim gpu-probe --floor honey
[ "$status" -eq 1 ] || fail "exit status $status, expected 1"
expect_stdout "$device_name"
expect_stdout /dev/dri/card0
in_shim gpu-probe --floor honey --format json
[ "$status" -eq 1 ] || fail "exit status $status, expected 1"
cp -- "$tmp/stdout" "$tmp/report.json"
cat "$tmp/report.json"
