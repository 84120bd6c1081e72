# SPDX-License-Identifier: Apache-2.0
# A lease whose holder agreed to it goes, with notice, for a request of higher priority; a subject
# keeps to its quota; over restarts too.
. "$(dirname -- "$0")/../lib.sh"
need python3

host=$bin/gpu-bridge-host
lease=$bin/gpu-lease
cat >"$tmp/policy.json" <<POLICY
{"schema": "gpu-lane-policy/v1",
 "users": [{"uid": $(id -u), "subject": "me", "role": "worker-gpu"}],
 "quotas": [{"subject": "worker-gpu:me", "leases": 2, "mem_mb": 25000}],
 "sharing": {"min_run_s": 1, "grace_s": 2}}
POLICY
schemas=$build/share/gpu-lane/schemas
expect_schema "$tmp/policy.json" "$schemas/gpu-lane-policy-v1.schema.json"
GPU_LANE_BRIDGE=unix:$tmp/bridge.sock
export GPU_LANE_BRIDGE
begin() {
  rm -f "$tmp/bridge.sock"
  start "$host" --mock --listen "$GPU_LANE_BRIDGE" --state "$tmp/state" --policy "$tmp/policy.json"
  wait_for 10 test -S "$tmp/bridge.sock"
}
listed() {
  "$lease" list --gpu GPU-0 | grep -q "$1"
}
begin

# Who did not agree is not asked to go.
"$lease" run --exclusive -- sleep 2 &
started="$started $!"
wait_for 10 listed ACTIVE
expect_status 1 "$lease" acquire --exclusive --priority 9 --wait 1
expect_stderr 'not granted within'
not_listed() {
  ! listed GPU-0/
}
wait_for 10 not_listed

# Who did gets SIGTERM and the grace, and the other the GPU.
"$lease" watch --gpu GPU-0 >"$tmp/watched" &
started="$started $!"
# shellcheck disable=SC2016 # expanded by the inner shell
"$lease" run --exclusive --preemptible -- sh -c \
  'trap "touch $1/told; exit 0" TERM; touch "$1/ready"; while :; do sleep 0.05; done' sh "$tmp" \
  2>"$tmp/held" &
holder=$!
started="$started $holder"
wait_for 10 test -e "$tmp/ready"
expect_status 0 "$lease" acquire --exclusive --priority 1 --wait 20 --ttl 600
name=$(cat "$tmp/stdout")
outcome=0
wait "$holder" || outcome=$?
[ "$outcome" -eq 125 ] || fail "status $outcome of the command that was preempted"
[ -e "$tmp/told" ] || fail 'the command was not told'
grep -q 'a request of higher priority takes it' "$tmp/held" || fail 'nobody said why'
wait_for 5 grep -q '^PREEMPTING GPU-0/' "$tmp/watched"

# The quota counts what waits as well.
expect_status 0 "$lease" acquire --gpu GPU-1 --mem-mb 100
expect_status 0 "$lease" acquire --gpu GPU-1 --mem-mb 100
expect_status 1 "$lease" acquire --gpu GPU-1 --mem-mb 100
expect_stderr 'of its quota of 2 here'
expect_status 0 "$lease" release "$name"

# Restarted in the middle of the grace: it ends when it was to end, and not later.
sed -i 's/"grace_s": 2/"grace_s": 4/' "$tmp/policy.json"
kill "$pid"
wait "$pid" || fail "status $?"
begin
expect_status 0 "$lease" acquire --exclusive --preemptible --ttl 600
"$lease" acquire --exclusive --priority 5 --wait 60 --ttl 600 >"$tmp/second" 2>"$tmp/second.err" &
started="$started $!"
wait_for 10 listed PREEMPTING
"$lease" list --gpu GPU-0 --format json >"$tmp/list"
expect_json "$tmp/list" '[(l["preemptible"], l["expires_in_s"] <= 4) for l in doc["leases"]
  if l["state"] == "PREEMPTING"] == [(1, True)]'
expect_schema "$tmp/list" "$schemas/gpu-lane-leases-v1.schema.json"
expect_status 1 "$lease" renew --ttl 600 "$("$lease" list --gpu GPU-0 | sed -n 's/ .*//;2p')"
expect_stderr 'is PREEMPTING'
kill -KILL "$pid"
wait "$pid" && fail 'status 0 after SIGKILL'
begin
"$lease" list --gpu GPU-0 --format json >"$tmp/list"
expect_json "$tmp/list" '[(l["state"], l["expires_in_s"] <= 4) for l in doc["leases"]] in (
  [], [("PREEMPTING", True)])'
wait_for 10 not_listed
expect_status 0 "$host" audit verify "$tmp/state"
export PYTHONDONTWRITEBYTECODE=1
expect_status 0 python3 "$src/tests/hostile/cat.py" "$tmp/bridge.sock" /gpu/GPU-0/status
expect_stdout '"state":"LEASE-PREEMPTING","detail":"ends_in_ms='
expect_stdout '"state":"LEASE-ENDED","detail":"preempted lease='
