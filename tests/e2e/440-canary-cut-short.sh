# SPDX-License-Identifier: Apache-2.0
# A run that is cut short by a signal, by the death of its bridge or by the death of a worker ends in
# a report that says so, and leaves no process and no lease behind.
. "$(dirname -- "$0")/../lib.sh"
need python3
lavapipe
schema=$build/share/gpu-lane/schemas/gpu-lane-report-v1.schema.json

# begin OPTION...: a long run in the background; sets $canary.
begin() {
  rm -f "$tmp/report.json"
  start "$bin/gpu-canary" --allow-software --suite full --format json -o "$tmp/report.json" "$@"
  canary=$pid
}
# ends STATUS CODE: the run ends in this way.
ends() {
  outcome=0
  wait "$canary" || outcome=$?
  [ "$outcome" -eq "$1" ] || fail "exit status $outcome, expected $1: $(cat "$tmp/gpu-canary.log")"
  expect_schema "$tmp/report.json" "$schema"
  expect_json "$tmp/report.json" "any(f['code'] == '$2' for f in doc['findings'])"
}
children() {
  [ ! -e "/proc/$1/task/$1/children" ] || cat "/proc/$1/task/$1/children"
}
# worker_of PID: sets $worker to a worker that PID has started.
worker_of() {
  workers=$(children "$1")
  for worker in $workers; do
    [ "$(cat "/proc/$worker/comm" 2>/dev/null)" != gpu-lane-worker ] || return 0
  done
  return 1
}
# find_bridge: sets $bridge to the child of the canary that has a worker. It has its parent's name.
find_bridge() {
  bridges=$(children "$canary")
  for bridge in $bridges; do
    ! worker_of "$bridge" || return 0
  done
  return 1
}
gone() {
  [ ! -e "/proc/$1" ]
}
# The first worker only describes the devices; a second later the jobs have one.
in_the_middle() {
  wait_for 20 find_bridge
  sleep 1
  wait_for 20 find_bridge
  find_bridge
}

for signal in TERM INT; do
  begin
  in_the_middle
  kill "-$signal" "$canary"
  ends 2 CANARY_INTERRUPTED
  expect_json "$tmp/report.json" 'doc["verdict"] == "unknown" and doc["checks"]["skipped"] > 0'
  gone "$bridge" || fail 'the embedded bridge is still there'
  gone "$worker" || fail 'a worker is still there'
done

begin
in_the_middle
kill -KILL "$bridge"
ends 2 BRIDGE_DIED
wait_for 5 gone "$worker"

# The bridge survives a worker and so does the run: the next workload gets a new one.
begin --workload matmul,vadd
in_the_middle
kill -KILL "$worker"
ends 1 JOB_WORKER
expect_json "$tmp/report.json" '[w["verified"] for w in doc["workloads"]] == [False, True]'

# Even when nobody is left to clean up.
begin
in_the_middle
kill -KILL "$canary"
outcome=0
wait "$canary" || outcome=$?
[ "$outcome" -eq 137 ] || fail "exit status $outcome of a killed process"
wait_for 5 gone "$bridge"
wait_for 5 gone "$worker"

# All that a running bridge has to give is given again once the one who had it was stopped.
start "$bin/gpu-bridge-host" --allow-software --listen "unix:$tmp/bridge.sock"
host=$pid
wait_for 20 test -S "$tmp/bridge.sock"
begin --bridge "unix:$tmp/bridge.sock" --streams 8
wait_for 20 worker_of "$host"
expect_status 1 "$bin/gpu-canary" --bridge "unix:$tmp/bridge.sock" --allow-software --streams 8 \
  --workload copy --timeout 1
expect_stdout LEASE_WAIT_TIMEOUT
kill -TERM "$canary"
ends 2 CANARY_INTERRUPTED
expect_status 0 "$bin/gpu-canary" --bridge "unix:$tmp/bridge.sock" --allow-software --streams 8 \
  --workload copy
