#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The newest lavapipe computes every kernel right in every variant that it can, cooperative matrices
# too, which older ones do not have.
. "$(dirname -- "$0")/../lib.sh"
bed_root forky

in_root VK_DRIVER_FILES=/usr/share/vulkan/icd.d/lvp_icd.json /mnt/tests/run_kernels
[ "$status" -eq 0 ] || fail "exit status $status: a kernel computes wrong"
expect_stdout 'matmul_coop_f16 8 x 8 x 8: right'
expect_stdout 'matmul_coop_i8 8 x 8 x 8: right'
for width in '4 words' '2 words' '1 word'; do
  expect_stdout "read $width at a time: right"
done

# The programs say of them what is true: that they were run, or that a validator older than they are
# is in the way. The other types are not in this driver.
in_root VK_DRIVER_FILES=/usr/share/vulkan/icd.d/lvp_icd.json gpu-canary --allow-software \
  --workload copy,matmul_coop_f16,matmul_coop_bf16
[ "$status" -eq 0 ] || fail "exit status $status"
expect_stdout 'the device has no shaderBFloat16Type'
grep -qE 'matmul_coop_f16 .*verified|but the bridge was built' "$tmp/stdout" ||
  fail 'matmul_coop_f16 is neither verified nor skipped with its reason'
