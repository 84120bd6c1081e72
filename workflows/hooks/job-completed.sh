#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# ACTIONS_RUNNER_HOOK_JOB_COMPLETED of a GPU lane, in ARC's default mode: what a job left behind is
# cleaned, and a job after which the GPU no longer answers is the one that fails.
#
#   GPU_LANE_FLOOR GPU_LANE_BIN GPU_LANE_BRIDGE   as in job-started.sh
#
# The runner marks every process of a job with RUNNER_TRACKING_ID. It ends them itself, but only
# after this hook: ours are ended here, so that the last probe meets an idle GPU.
set -eu

: "${RUNNER_TEMP:?}"
PATH=${GPU_LANE_BIN:+$GPU_LANE_BIN:}$PATH
export PATH
state=${RUNNER_TEMP%/}/gpu-lane-hook

# ours: process ids of this job's gpu-lane programs, one a line.
ours() {
  for process in /proc/[0-9]*; do
    # Others' processes may not be read, and any may end while it is looked at.
    { read -r name <"$process/comm"; } 2>/dev/null || continue
    case $name in
      gpu-canary | gpu-bridge-host | gpu-lane-worker | gpu-probe | gpu-lease)
        if tr '\0' '\n' 2>/dev/null <"$process/environ" |
          grep -qxF "RUNNER_TRACKING_ID=$RUNNER_TRACKING_ID"; then
          echo "${process#/proc/}"
        fi
        ;;
    esac
  done
}

# send SIGNAL: to each of them; one that has ended meanwhile is no failure.
send() {
  for process in $(ours); do
    if kill -s "$1" "$process" 2>/dev/null; then
      echo "job-completed: $1 to leftover process $process"
    fi
  done
}

if [ -n "${RUNNER_TRACKING_ID-}" ]; then
  send TERM
  polls=25
  while [ "$polls" -gt 0 ] && [ -n "$(ours)" ]; do
    polls=$((polls - 1))
    sleep 0.2
  done
  send KILL
fi

if [ -s "$state/lease" ]; then
  lease=$(cat "$state/lease")
  # One that ended by its time meanwhile is no failure of the job.
  gpu-lease release "$lease" || echo "job-completed: lease $lease was not there to be released"
fi

# A bridge that was mounted below the job's folders, deepest first.
awk -v temp="${RUNNER_TEMP%/}/" -v workspace="${GITHUB_WORKSPACE:-$RUNNER_TEMP}/" \
  '$3 == "9p" && (index($2, temp) == 1 || index($2, workspace) == 1) { print $2 }' /proc/mounts |
  sort -r | while read -r mounted; do
    # The kernel writes a space as \040.
    mounted=$(printf '%b' "$mounted")
    umount -l -- "$mounted"
    echo "job-completed: unmounted $mounted"
  done

rm -rf -- "${RUNNER_TEMP%/}"/gpu-canary.?????? "${RUNNER_TEMP%/}"/gpu-dawn.?????? \
  "${RUNNER_TEMP%/}"/gpu-lane-package.??????

if [ -e "$state/held" ]; then
  rm -rf -- "$state"
  if ! gpu-probe --floor "${GPU_LANE_FLOOR:-honey}" --quiet; then
    echo '::error title=gpu-lane hook::the GPU held its floor before this job and does not after it'
    exit 1
  fi
fi
