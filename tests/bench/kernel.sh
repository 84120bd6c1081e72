#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Kernels, every sample of ours checked, beside those of programs that check nothing, in turns. The
# peers are taken from PATH when they are there: clpeak (2.1 or later, with its Vulkan backend),
# vkpeak, and test-backend-ops of ggml. Where the device is a CPU the time is CPU time
# (cpu_clock.c): the figures are those of one core, and nobody else on the machine is in them.
set -eu
. "$(dirname -- "$0")/lib.sh"

start=$(date +%s%N)
gpu-canary --allow-software --format json -o "$tmp/quick.json"
quick_ms=$((($(date +%s%N) - start) / 1000000))
clock=
per='second'
if grep -q '"software":[[:space:]]*true' "$tmp/quick.json"; then
  clock=$tests/libcpu_clock.so
  per='second of CPU time'
fi

# timed COMMAND...: by the clock of the section.
timed() {
  LD_PRELOAD=$clock "$@"
}

# No lease: it lives by a clock too.
run_ours() {
  timed gpu-canary --allow-software --suite full --direct --format json -o "$2" --workload "$1" \
    >"$2.log" 2>&1 || {
    cat "$2.log" >&2
    exit 1
  }
}

run_clpeak() {
  timed clpeak --vulkan --max-time 200 --json-file "$1" >"$1.log" 2>&1
}

run_vkpeak() {
  timed vkpeak 0 "$(python3 "$here/kernel.py" scenarios)" >"$1" 2>"$1.log"
}

# ggml passes over a CPU device unless it is named.
run_ggml() {
  GGML_VK_VISIBLE_DEVICES=0 timed test-backend-ops perf -o MUL_MAT -b Vulkan0 \
    -p "type_a=(q4_0|q8_0),type_b=f32,.*n=1," >"$1" 2>"$1.log"
}

# beside ROUNDS PEER PROGRAM TITLE: the rounds, then the medians of all that both have.
beside() {
  turns=$1
  shift
  if ! have "$2"; then
    absent "kernels / $1" "$2 is not on PATH"
    return
  fi
  names=$(python3 "$here/kernel.py" names "$1")
  round=0
  while [ "$round" -lt "$turns" ]; do
    run_ours "$names" "$tmp/$1.$round.ours"
    "run_$1" "$tmp/$1.$round.peer"
    round=$((round + 1))
  done
  head_row "kernels / $3, per $per"
  python3 "$here/kernel.py" "$1" "$tmp/$1".*.ours "$tmp/$1".*.peer >"$tmp/rows"
  while read -r name ours beside; do
    row "$name" "$ours" "$beside" at-least 1
  done <"$tmp/rows"
}

beside "$rounds" clpeak clpeak 'clpeak, best of its vector widths'
beside "$rounds" vkpeak vkpeak 'vkpeak, best of scalar and vector, best samples'
# It repeats by the size of a product, not by the time: minutes on a CPU.
beside 1 ggml test-backend-ops 'ggml, one round'
if have vkpeak; then
  start=$(date +%s%N)
  vkpeak 0 >"$tmp/vkpeak.txt" 2>"$tmp/vkpeak.log"
  vkpeak_ms=$((($(date +%s%N) - start) / 1000000))
  head_row 'whole runs'
  row 'canary quick suite / vkpeak, ms' "$quick_ms" "$vkpeak_ms" at-most 0.5
fi
