#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bash completes what the programs know: every option of --help and no other, verbs, choices, floors,
# workloads, fault codes, leases; and it does so as bash cuts words, at "=" and ":".
. "$(dirname -- "$0")/../lib.sh"
need bash
export SRC="$src" BIN="$bin"
mkdir -p -- "$tmp/folder/results/deep"
cd -- "$tmp/folder"
: >results/report.json
unset GPU_LANE_BRIDGE

# ask WORD...: what the last word may become, one a line in $tmp/stdout.
ask() {
  # shellcheck disable=SC2016 # expanded by bash
  expect_status 0 bash -c '
    source "$SRC/packaging/completions/gpu-lane.bash"
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    COMP_WORDS[0]=$BIN/$1
    complete -p "$1" >/dev/null || exit 1
    _gpu_lane "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    [ ${#COMPREPLY[@]} -eq 0 ] || printf "%s\n" "${COMPREPLY[@]}"' bash "$@"
  expect_no_stderr ''
}
# offers EXPECTED WORD...: exactly these, in any order.
offers() {
  printf '%s\n' "$1" | tr ' ' '\n' | sed '/^$/d' | sort >"$tmp/expected"
  shift
  ask "$@"
  sort -o "$tmp/stdout" "$tmp/stdout"
  expect_stdout_is "$tmp/expected"
}

for program in "$bin"/gpu-*; do
  "$program" --help | sed -nE '1,/^options:/d; /^$/q; s/^  (-., |    )(--[a-z0-9-]+).*/\2/p' |
    sort >"$tmp/options"
  [ -s "$tmp/options" ] || fail "no options of $program"
  offers "$(cat -- "$tmp/options")" "${program##*/}" -
done
offers '--format' gpu-probe --form

floors=$("$bin/gpu-probe" --list-floors | cut -d ' ' -f 1)
offers "$floors results" gpu-probe --floor ''
offers honey gpu-probe -f ho
offers krunkit gpu-canary --floor = kr
offers "$floors results" gpu-canary --floor =
offers 'VULKAN_LOADER_BROKEN VULKAN_LOADER_MISSING' gpu-probe --explain VULKAN_LOADER
offers 'text json markdown html junit openmetrics' gpu-probe --format ''
offers 'auto always never' gpu-report --color ''
offers 'host,drm' gpu-probe --only host,d
offers 'quick full' gpu-canary --suite ''
offers 'vadd,triad' gpu-canary -w vadd,tr
offers 'observer worker-gpu queen' gpu-lease mint --role ''

offers 'run list compare history' gpu-canary ''
offers 'text json markdown html junit openmetrics github faults' gpu-report ''
offers 'audit' gpu-bridge-host ''
offers 'verify' gpu-bridge-host audit ''
offers 'results' gpu-bridge-host audit verify re
offers 'results/deep results/report.json' gpu-report text results/
ask gpu-lease run sha256s
expect_stdout sha256sum

# Leases come from the bridge, words behind a colon from the folder.
start "$bin/gpu-bridge-host" --mock --listen "unix:$PWD/bridge.sock"
wait_for 10 test -S bridge.sock
offers 'bridge.sock' gpu-lease --bridge unix : bri
export GPU_LANE_BRIDGE="unix:$PWD/bridge.sock"
lease=$("$bin/gpu-lease" acquire)
offers "$lease" gpu-lease release ''
offers "$lease" gpu-lease renew --ttl 30 GPU

# A program that is not there completes nothing, quietly.
BIN=$tmp/none offers '' gpu-probe --flo
