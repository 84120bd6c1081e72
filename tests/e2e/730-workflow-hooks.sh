# SPDX-License-Identifier: Apache-2.0
# Runner hooks: a job without its GPU fails before the first step, leftovers of a job are ended and
# removed while those of others stay, and the job that broke the GPU is the one that fails.
. "$(dirname -- "$0")/../lib.sh"
lavapipe

mkdir "$tmp/temp" "$tmp/work"
# hook NAME STATUS VARIABLE=VALUE...
hook() {
  name=$1
  expected=$2
  shift 2
  expect_status "$expected" env RUNNER_TEMP="$tmp/temp" GITHUB_WORKSPACE="$tmp/work" \
    GPU_LANE_BIN="$bin" RUNNER_TRACKING_ID="github_$$" "$@" sh "$src/workflows/hooks/$name.sh"
}

hook job-started 1
expect_stdout 'honey'
hook job-completed 0
hook job-started 2 GPU_LANE_BIN="$tmp" PATH=/usr/bin:/bin
expect_stdout '::error'
hook job-started 0 GPU_LANE_FLOOR=software

# Leftovers: two of the job, one deaf to TERM, and one of another job. The names are what counts.
cp /bin/sleep "$tmp/gpu-lane-worker"
cp /bin/sh "$tmp/gpu-canary"
mine="RUNNER_TRACKING_ID=github_$$"
start env "$mine" "$tmp/gpu-lane-worker" 300
polite=$pid
start env "$mine" "$tmp/gpu-canary" -c 'trap "" TERM; while :; do sleep 1; done'
deaf=$pid
start env RUNNER_TRACKING_ID=github_other "$tmp/gpu-lane-worker" 300
others=$pid
mkdir "$tmp/temp/gpu-canary.ABCDEF" "$tmp/temp/gpu-dawn.ABCDEF" "$tmp/temp/kept"
wait_for 10 grep -qx gpu-canary "/proc/$deaf/comm"
wait_for 10 grep -qx gpu-lane-worker "/proc/$polite/comm"
hook job-completed 0 GPU_LANE_FLOOR=software
gone() {
  ! kill -0 "$1" 2>/dev/null || grep -q '^State:.*Z' "/proc/$1/status"
}
gone "$polite" || fail 'a leftover worker is alive'
gone "$deaf" || fail 'a deaf leftover is alive'
kill -0 "$others" || fail 'a process of another job was ended'
for left in gpu-canary.ABCDEF gpu-dawn.ABCDEF; do
  [ ! -e "$tmp/temp/$left" ] || fail 'reports were left behind'
done
[ -d "$tmp/temp/kept" ] || fail 'what is not ours was removed'
[ ! -e "$tmp/temp/gpu-lane-hook" ] || fail 'the state was left behind'

# The GPU was there before the job and is gone after it.
hook job-started 0 GPU_LANE_FLOOR=software
hook job-completed 1 GPU_LANE_FLOOR=honey
expect_stdout '::error title=gpu-lane hook::the GPU held its floor before this job'
# A job that never began does not fail twice.
hook job-completed 0 GPU_LANE_FLOOR=honey

# A lease for the job, of a bridge on the machine: given back at the end, and not had twice.
bridge=unix:$tmp/bridge.sock
start "$bin/gpu-bridge-host" --mock --listen "$bridge"
wait_for 10 "$bin/gpu-lease" list --bridge "$bridge"
held() {
  expect_status 0 "$bin/gpu-lease" list --bridge "$bridge" --format json
  expect_json "$tmp/stdout" "len([l for l in doc['leases'] if l['state'] == 'ACTIVE']) == $1"
}
: >"$tmp/environment"
hook job-started 0 GPU_LANE_FLOOR=software GPU_LANE_BRIDGE="$bridge" GPU_LANE_HOOK_LEASE_S=60 \
  GPU_LANE_HOOK_MEM_MB=64 GITHUB_ENV="$tmp/environment"
grep -qxE 'GPU_LANE_LEASE=[A-Za-z0-9-]+/[0-9]+' "$tmp/environment" || fail 'the lease is not named'
held 1
hook job-completed 0 GPU_LANE_FLOOR=software GPU_LANE_BRIDGE="$bridge"
held 0
hook job-started 1 GPU_LANE_FLOOR=software GPU_LANE_BRIDGE="unix:$tmp/none.sock" \
  GPU_LANE_HOOK_LEASE_S=1
expect_stdout '::error title=gpu-lane hook::no lease on the GPU'
