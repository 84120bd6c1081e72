#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# ACTIONS_RUNNER_HOOK_JOB_STARTED of a GPU lane, in ARC's default mode: before the first step of any
# job, the GPU answers, or the job fails here with the reason, and not an hour later with a riddle.
#
#   GPU_LANE_FLOOR          floor to hold (default: honey)
#   GPU_LANE_BIN            folder of the programs (default: found on PATH)
#   GPU_LANE_HOOK_LEASE_S   with a number: leases for so long from the bridge at GPU_LANE_BRIDGE, or
#                           fails the job after waiting so long; the lease's name is in GPU_LANE_LEASE
#   GPU_LANE_HOOK_MEM_MB    memory of that lease (default: gpu-lease's own)
set -eu

: "${RUNNER_TEMP:?}"
PATH=${GPU_LANE_BIN:+$GPU_LANE_BIN:}$PATH
export PATH

command -v gpu-probe >/dev/null || {
  echo '::error title=gpu-lane hook::gpu-probe is not on PATH; set GPU_LANE_BIN'
  exit 2
}
state=${RUNNER_TEMP%/}/gpu-lane-hook
rm -rf -- "$state"
mkdir -- "$state"
gpu-probe --floor "${GPU_LANE_FLOOR:-honey}" --quiet
: >"$state/held"

if [ -n "${GPU_LANE_HOOK_LEASE_S-}" ]; then
  # A lease outlives the job by its life at most, should the end of the job never come.
  gpu-lease acquire --ttl "$GPU_LANE_HOOK_LEASE_S" --wait "$GPU_LANE_HOOK_LEASE_S" \
    ${GPU_LANE_HOOK_MEM_MB:+--mem-mb "$GPU_LANE_HOOK_MEM_MB"} >"$state/lease" || {
    echo '::error title=gpu-lane hook::no lease on the GPU'
    exit 1
  }
  if [ -n "${GITHUB_ENV-}" ]; then
    printf 'GPU_LANE_LEASE=%s\n' "$(cat "$state/lease")" >>"$GITHUB_ENV"
  fi
fi
