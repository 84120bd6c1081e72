# SPDX-License-Identifier: Apache-2.0
# The other two ways of a job: through a bridge that runs already, and straight to a worker.
. "$(dirname -- "$0")/../lib.sh"
need python3
lavapipe
schema=$build/share/gpu-lane/schemas/gpu-lane-report-v1.schema.json

expect_status 0 "$bin/gpu-canary" --direct --allow-software --workload triad,matmul --format json \
  -o "$tmp/report.json"
expect_schema "$tmp/report.json" "$schema"
expect_json "$tmp/report.json" '(not doc.get("lease") and
  all(w["verified"] and w["bridge_overhead"] is None for w in doc["workloads"]) and
  any("leased compute" in c for c in doc["claims"]["does_not_prove"]))'

start "$bin/gpu-bridge-host" --allow-software --listen "unix:$tmp/bridge.sock"
wait_for 20 test -S "$tmp/bridge.sock"
expect_status 0 "$bin/gpu-canary" --bridge "unix:$tmp/bridge.sock" --allow-software \
  --workload triad,reduce --ttl 30 --priority 3 --mem-mb 16 --format json -o "$tmp/report.json"
expect_schema "$tmp/report.json" "$schema"
expect_json "$tmp/report.json" "doc['lease']['bridge'] == 'unix:$tmp/bridge.sock'"
expect_json "$tmp/report.json" '(doc["lease"]["ttl_s"] == 30 and doc["lease"]["priority"] == 3 and
  doc["lease"]["mem_mb"] == 16 and
  all(w["verified"] and w["params"]["device_bytes"] <= 16 << 20 for w in doc["workloads"]))'
# Its software device is not taken without leave, and nobody waits for a lease that cannot be.
expect_status 2 "$bin/gpu-canary" --bridge "unix:$tmp/bridge.sock"
expect_stdout DEVICE_SOFTWARE_ONLY
expect_status 1 "$bin/gpu-canary" --bridge "unix:$tmp/bridge.sock" --allow-software --streams 255
expect_stdout LEASE_INVALID

# A lease outlives its time to live while its jobs run: 2 s, renewed.
expect_status 0 "$bin/gpu-canary" --bridge "unix:$tmp/bridge.sock" --allow-software \
  --workload copy --ttl 2 --soak 5s --format json -o "$tmp/report.json"
expect_json "$tmp/report.json" 'doc["lease"]["ttl_s"] == 2 and doc["duration_ms"] > 5000'

kill -TERM "$pid"
wait "$pid" || fail "the bridge ended with status $?: $(cat "$tmp/gpu-bridge-host.log")"
expect_status 2 "$bin/gpu-canary" --bridge "unix:$tmp/bridge.sock"
expect_stdout BRIDGE_UNREACHABLE

# A machine beside it, with nothing but a ticket: over TCP it may read without one, and run with it.
expect_status 0 "$bin/gpu-lease" keygen "$tmp/key"
run "$bin/gpu-lease" mint --key "$tmp/key" --subject ci --ttl 60
cp -- "$tmp/stdout" "$tmp/ticket"
printf '{"schema": "gpu-lane-policy/v1", "keys": ["key.pub"], "issuers": [], "users": []}' \
  >"$tmp/policy.json"
port=$(python3 -c 'import socket
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    print(s.getsockname()[1])')
start "$bin/gpu-bridge-host" --allow-software --policy "$tmp/policy.json" \
  --listen "tcp:127.0.0.1:$port" --listen "unix:$tmp/bridge.sock"
wait_for 20 test -S "$tmp/bridge.sock"
expect_usage_error "$bin/gpu-canary" --embedded --ticket "$tmp/ticket"
expect_status 0 "$bin/gpu-canary" --bridge "tcp:127.0.0.1:$port" --ticket "$tmp/ticket" \
  --allow-software --workload triad --ttl 30
run "$bin/gpu-canary" --bridge "tcp:127.0.0.1:$port" --allow-software --workload triad
[ "$status" -ne 0 ] || fail 'a stranger runs jobs'
