# SPDX-License-Identifier: Apache-2.0
# gpu-lease: a lease around a command, leases that outlive their session, and who may act on them.
. "$(dirname -- "$0")/../lib.sh"

socket=unix:$tmp/bridge.sock
start "$bin/gpu-bridge-host" --mock --listen "$socket"
wait_for 10 test -S "$tmp/bridge.sock"
GPU_LANE_BRIDGE=$socket
export GPU_LANE_BRIDGE
lease=$bin/gpu-lease

# run: the command's own status, output and environment.
# shellcheck disable=SC2016 # expanded by the inner shell
expect_status 7 "$lease" run -- sh -c 'echo "$GPU_LANE_GPU $GPU_LANE_LEASE $GPU_LANE_EPOCH"; exit 7'
expect_stdout 'GPU-0 GPU-0/1 1'
expect_status 137 "$lease" run sh -c 'kill -KILL $$'
expect_status 127 "$lease" run -- "$tmp/not-there"
expect_status 126 "$lease" run -- "$tmp"
# It is there while the command runs, and gone after it.
expect_status 0 "$lease" run --mem-mb 100 -- "$lease" list
expect_stdout 'GPU-0/5  ACTIVE  queen    100'
expect_status 0 "$lease" list
expect_no_stdout GPU-0

# No room, no command.
expect_status 125 "$lease" run --mem-mb 999999 -- touch "$tmp/ran"
expect_stderr 'more than the GPU has'
[ ! -e "$tmp/ran" ] || fail 'ran without a lease'
expect_status 125 "$lease" run --bridge "unix:$tmp/nobody.sock" -- touch "$tmp/ran"
expect_status 125 "$lease" run --exclusive -- "$lease" run -- touch "$tmp/ran"
expect_stderr 'leases held'
[ ! -e "$tmp/ran" ] || fail 'ran without a lease'

# It is renewed for as long as the command runs.
expect_status 0 "$lease" run --ttl 1 -- sleep 2.5

# Signals are handed on.
# shellcheck disable=SC2016 # expanded by the inner shell
"$lease" run -- sh -c 'trap "exit 9" TERM; touch "$1/ready"; while :; do sleep 0.1; done' sh "$tmp" &
holder=$!
started="$started $holder"
wait_for 10 test -e "$tmp/ready"
kill -TERM "$holder"
outcome=0
wait "$holder" || outcome=$?
[ "$outcome" -eq 9 ] || fail "status $outcome after SIGTERM"

# A lease that is taken away stops the command, whatever that makes of it.
"$lease" run --ttl 600 -- sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done' 2>"$tmp/lost" &
holder=$!
started="$started $holder"
listed() {
  "$lease" list | grep -q "$1"
}
wait_for 10 listed 'GPU-0/.* ACTIVE'
"$lease" revoke "$("$lease" list | sed -n 's/ .*//;2p')"
outcome=0
wait "$holder" || outcome=$?
[ "$outcome" -eq 125 ] || fail "status $outcome after the lease was lost"
grep -q 'is lost' "$tmp/lost" || fail 'nobody said that the lease is lost'
"$lease" run --ttl 600 --kill-after 1 -- sh -c 'trap "" TERM; while :; do sleep 0.1; done' \
  2>"$tmp/lost" &
holder=$!
started="$started $holder"
wait_for 10 listed 'GPU-0/.* ACTIVE'
"$lease" revoke "$("$lease" list | sed -n 's/ .*//;2p')"
outcome=0
wait "$holder" || outcome=$?
[ "$outcome" -eq 125 ] || fail "status $outcome of a command that ignores SIGTERM"
grep -q 'killing it' "$tmp/lost" || fail 'nobody said that it is killed'

# Killed, it releases, and takes the command with it.
"$lease" run -- sleep 60 &
holder=$!
wait_for 10 listed 'GPU-0/.* ACTIVE'
command=$(cat "/proc/$holder/task/$holder/children")
kill -KILL "$holder"
wait "$holder" && fail 'status 0 after SIGKILL'
not_listed() {
  ! listed GPU-0
}
wait_for 10 not_listed
gone() {
  [ ! -e "/proc/$1" ] || grep -q '^State:.*Z' "/proc/$1/status"
}
# shellcheck disable=SC2086 # one process, with a space behind it
wait_for 10 gone $command

# acquire: it outlives the session that took it, is renewed and released from others.
expect_status 0 "$lease" acquire --gpu GPU-1 --mem-mb 512 --ttl 30 --priority 3
name=$(cat "$tmp/stdout")
[ "$name" = GPU-1/1 ] || fail "acquire printed $name"
expect_status 0 "$lease" list --format json
expect_json "$tmp/stdout" '[(l["gpu"], l["lease"], l["state"], l["mem_mb"], l["priority"], l["keep"],
  l["session"]) for l in doc["leases"]] == [("GPU-1", 1, "ACTIVE", 512, 3, 1, 0)]'
expect_json "$tmp/stdout" '0 < doc["leases"][0]["expires_in_s"] <= 30'
expect_schema "$tmp/stdout" "$build/share/gpu-lane/schemas/gpu-lane-leases-v1.schema.json"
expect_status 0 "$lease" renew --ttl 900 "$name"
expect_status 0 "$lease" list --gpu GPU-1 --format json
expect_json "$tmp/stdout" '30 < doc["leases"][0]["expires_in_s"] <= 900'
expect_status 0 "$lease" list --gpu GPU-0
expect_no_stdout GPU-1
expect_status 0 "$lease" release "$name"
expect_status 1 "$lease" release "$name"
expect_stderr 'does not hold that lease'
# What a session still holds is not another one's to release.
# shellcheck disable=SC2016 # expanded by the inner shell
expect_status 1 "$lease" run -- sh -c '"$0" release "$GPU_LANE_LEASE"' "$lease"
expect_stderr 'does not hold that lease'
expect_status 0 "$lease" acquire --ttl 1 --format json
expect_schema "$tmp/stdout" "$build/share/gpu-lane/schemas/gpu-lane-lease-v1.schema.json"
wait_for 5 not_listed

# watch prints what changes.
"$lease" watch --gpu GPU-0 >"$tmp/watched" &
started="$started $!"
sleep 0.5
expect_status 0 "$lease" run --ttl 5 --mem-mb 77 -- true
wait_for 5 grep -q '^RELEASED GPU-0/.* mem_mb=77' "$tmp/watched"
grep -q '^ACTIVE .*mem_mb=77 streams=1 ttl_s=5' "$tmp/watched" || fail 'the grant was not printed'

# Waiting for room.
"$lease" run --exclusive -- sleep 1 &
started="$started $!"
wait_for 10 listed ACTIVE
expect_status 0 "$lease" run --wait 10 -- true

# Usage.
expect_usage_error "$lease"
expect_usage_error "$lease" frobnicate
expect_usage_error "$lease" run
expect_usage_error "$lease" renew
expect_usage_error "$lease" release GPU-0/7x
expect_usage_error "$lease" list GPU-0
expect_usage_error "$lease" acquire --mem-mb 0
expect_usage_error "$lease" acquire --streams 256
expect_usage_error "$lease" acquire --format yaml
expect_status 2 "$lease" list --bridge "unix:$tmp/nobody.sock"
expect_status 2 "$lease" acquire --gpu GPU-9
