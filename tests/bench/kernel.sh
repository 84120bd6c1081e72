#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Kernels, every sample of ours checked, beside those of programs that check nothing. The peers are
# taken from PATH when they are there: clpeak (2.1 or later, with its Vulkan backend), vkpeak, and
# test-backend-ops of ggml.
set -eu
. "$(dirname -- "$0")/lib.sh"

start=$(date +%s%N)
gpu-canary --allow-software --quiet >"$tmp/quick.txt"
quick_ms=$((($(date +%s%N) - start) / 1000000))
gpu-canary --allow-software --suite full --format json -o "$tmp/full.json" >"$tmp/full.log" 2>&1 || {
  cat "$tmp/full.log" >&2
  exit 1
}

if have clpeak; then
  clpeak --vulkan --json-file "$tmp/clpeak.json" >"$tmp/clpeak.log" 2>&1
  head_row 'kernels / clpeak, best of its vector widths'
  python3 "$here/kernel.py" clpeak "$tmp/full.json" "$tmp/clpeak.json" >"$tmp/rows"
  while read -r name ours beside; do
    row "$name" "$ours" "$beside" at-least 1
  done <"$tmp/rows"
else
  absent 'kernels / clpeak' 'not on PATH'
fi
if have vkpeak; then
  start=$(date +%s%N)
  vkpeak 0 >"$tmp/vkpeak.txt" 2>"$tmp/vkpeak.log"
  vkpeak_ms=$((($(date +%s%N) - start) / 1000000))
  head_row 'kernels / vkpeak, best of scalar and vector'
  python3 "$here/kernel.py" vkpeak "$tmp/full.json" "$tmp/vkpeak.txt" >"$tmp/rows"
  while read -r name ours beside; do
    row "$name" "$ours" "$beside" at-least 1
  done <"$tmp/rows"
  row 'canary quick suite / whole run, ms' "$quick_ms" "$vkpeak_ms" at-most 0.5
else
  absent 'kernels / vkpeak' 'not on PATH'
fi
if have test-backend-ops; then
  # ggml passes over a CPU device unless it is named.
  GGML_VK_VISIBLE_DEVICES=0 test-backend-ops perf -o MUL_MAT -b Vulkan0 \
    -p "type_a=(q4_0|q8_0),type_b=f32,.*n=1," >"$tmp/ggml.txt" 2>"$tmp/ggml.log"
  head_row 'kernels / ggml'
  python3 "$here/kernel.py" ggml "$tmp/full.json" "$tmp/ggml.txt" >"$tmp/rows"
  while read -r name ours beside; do
    row "$name" "$ours" "$beside" at-least 1
  done <"$tmp/rows"
else
  absent 'kernels / ggml' 'test-backend-ops is not on PATH'
fi
