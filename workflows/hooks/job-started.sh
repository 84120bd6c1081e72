#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# ACTIONS_RUNNER_HOOK_JOB_STARTED of a GPU lane, in ARC's default mode: before the first step of any
# job, the GPU answers, or the job fails here with the reason, and not an hour later with a riddle.
#
#   GPU_LANE_FLOOR   floor to hold (default: honey)
#   GPU_LANE_BIN     folder of the programs (default: found on PATH)
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
