# SPDX-License-Identifier: Apache-2.0
# Leases outlive the bridge: what was granted before it was stopped or killed is there again, never
# longer, with its epoch, and the log of it is one chain that shows every change.
. "$(dirname -- "$0")/../lib.sh"
need python3

host=$bin/gpu-bridge-host
lease=$bin/gpu-lease
state=$tmp/state
GPU_LANE_BRIDGE=unix:$tmp/bridge.sock
export GPU_LANE_BRIDGE
begin() {
  rm -f "$tmp/bridge.sock"
  start "$host" --mock --listen "$GPU_LANE_BRIDGE" --state "$state" "$@"
  wait_for 20 test -S "$tmp/bridge.sock"
}
stop() {
  kill "-$1" "$pid"
  wait "$pid" || [ "$1" = KILL ] || fail "status $? after SIG$1"
}
fields() {
  "$lease" list --format json >"$tmp/list"
}

begin
expect_status 0 "$lease" acquire --ttl 600 --mem-mb 300 --priority 5
expect_status 0 "$lease" acquire --ttl 1 --gpu GPU-1
expect_status 0 "$lease" run true
# One writer.
expect_status 2 "$host" --mock --listen "unix:$tmp/second.sock" --state "$state"
expect_stderr 'another bridge writes there'
expect_status 0 "$host" audit verify "$state"
expect_stdout 'sound: '

for how in KILL TERM; do
  stop "$how"
  sleep 1
  begin
  fields
  expect_json "$tmp/list" '[(l["gpu"], l["lease"], l["epoch"], l["mem_mb"], l["priority"], l["session"])
    for l in doc["leases"]] == [("GPU-0", 1, 1, 300, 5, 0)]'
  expect_json "$tmp/list" '590 < doc["leases"][0]["expires_in_s"] < 600'
done
# Ids and epochs go on.
# shellcheck disable=SC2016 # expanded by the inner shell
expect_status 0 "$lease" run sh -c 'echo "$GPU_LANE_LEASE $GPU_LANE_EPOCH"'
expect_stdout 'GPU-0/3 3'

# A command goes on over a restart, with the lease that it had.
"$lease" run --ttl 9 -- sh -c 'sleep 6' 2>"$tmp/held" &
holder=$!
started="$started $holder"
held() {
  fields
  grep -q '"ttl\|"lease": 4' "$tmp/list"
}
wait_for 10 held
stop KILL
begin
fields
expect_json "$tmp/list" '[l["session"] for l in doc["leases"]] == [0, 0]'
taken() {
  fields
  grep -q '"session": 1' "$tmp/list"
}
wait_for 10 taken
outcome=0
wait "$holder" || outcome=$?
[ "$outcome" -eq 0 ] || fail "status $outcome: $(cat "$tmp/held")"

# Renewed and released after a restart, by another session of its subject.
expect_status 0 "$lease" renew --ttl 30 GPU-0/1
expect_status 0 "$lease" release GPU-0/1
stop TERM
begin
expect_status 0 "$lease" list
expect_no_stdout GPU-0

# The log is the journal's rendering, over all restarts.
export PYTHONDONTWRITEBYTECODE=1
expect_status 0 python3 "$src/tests/hostile/cat.py" "$tmp/bridge.sock" /log/queen.log
expect_stdout 'spawned queen gpu=GPU-0 ttl=600 streams=1 mem_mb=300 priority=5 lease=1 epoch=1'
expect_stdout 'host-write outcome=allow role=queen tid=none path=/gpu/GPU-0/ctl control=LEASE'
expect_stdout 'renewed queen gpu=GPU-0 ttl=30'
expect_stdout 'revoked queen: released gpu=GPU-0 lease=1 epoch=1'
expect_stdout 'revoked queen: expired gpu=GPU-1 lease=1 epoch=1'
[ "$(grep -c 'reason=start' "$tmp/stdout")" -eq 5 ] || fail 'not every start is in the log'

# Tampering is found: an edit anywhere, records cut off, a whole file gone.
stop TERM
expect_status 0 "$host" audit verify "$state"
journal=$(ls "$state"/journal-*)
cp "$journal" "$tmp/whole"
python3 - "$journal" <<'PYTHON'
import sys
with open(sys.argv[1], "r+b") as file:
    data = file.read()
    file.seek(data.index(b'"mem_mb":300') + 9)
    file.write(b"9")
PYTHON
expect_status 1 "$host" audit verify "$state"
expect_stderr 'record 2 at byte '
expect_status 2 "$host" --mock --listen "unix:$tmp/second.sock" --state "$state"
expect_stderr 'sound ones follow'
cp "$tmp/whole" "$journal"
head -c -150 "$tmp/whole" >"$journal"
expect_status 1 "$host" audit verify "$state"
expect_stderr 'damaged, nothing sound follows'
# A bridge cuts such a tail; the checkpoint still tells.
begin
stop KILL
cp "$tmp/whole" "$journal"
python3 - "$journal" <<'PYTHON'
import struct, sys
with open(sys.argv[1], "r+b") as file:
    data = file.read()
    at = last = 0
    while at < len(data):
        last = at
        at += 100 + struct.unpack_from("<I", data, at + 4)[0]
    file.truncate(last)
PYTHON
expect_status 1 "$host" audit verify "$state"
expect_stderr ': cut'
expect_status 2 "$host" audit verify "$tmp/nowhere"
expect_usage_error "$host" audit verify
expect_usage_error "$host" audit repair "$state"

# A damaged one is served only when that is asked for, and from the damage on all is lost.
cp "$tmp/whole" "$journal"
printf 'x' | dd of="$journal" bs=1 seek=2000 conv=notrunc status=none
rm -f "$tmp/bridge.sock"
expect_status 2 "$host" --mock --listen "$GPU_LANE_BRIDGE" --state "$state"
begin --repair
stop TERM
expect_status 0 "$host" audit verify "$state"
