#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Whole processes, from their start to their end, in milliseconds.
set -eu
. "$(dirname -- "$0")/lib.sh"

"$tests/bench_process" "$rounds" \
  gpu-probe --no-submit , \
  vulkaninfo --summary , \
  lspci -nn , \
  ls -l /dev/dri , \
  "$tests/bare_instance" , \
  gpu-canary --allow-software --workload vadd , \
  gpu-canary --allow-software --workload vadd --direct >"$tmp/times"

# process LINE: its median.
process() {
  sed -n "$1s/ .*//p" "$tmp/times"
}

head_row 'whole processes, ms'
row 'gpu-probe / vulkaninfo + lspci + ls' "$(process 1)" \
  "$(awk 'NR >= 2 && NR <= 4 { sum += $1 } END { print sum }' "$tmp/times")" at-most 0.65
row 'gpu-probe / bare instance and properties' "$(process 1)" "$(process 5)" at-most 1.4
row 'canary through lease and bridge / direct' "$(process 6)" "$(process 7)"
