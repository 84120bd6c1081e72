# SPDX-License-Identifier: Apache-2.0
# Lasting load: job after job checked, a section in the report in every form, and a signal that ends it
# early leaves the lease released and a report of what was seen until then.
. "$(dirname -- "$0")/../lib.sh"
need python3
lavapipe
schema=$build/share/gpu-lane/schemas/gpu-lane-report-v1.schema.json

expect_status 0 "$bin/gpu-canary" --allow-software --workload copy,matmul --soak 4s \
  --trace "$tmp/trace.json" --format json -o "$tmp/report.json"
expect_no_stdout ''
expect_no_stderr ''
expect_schema "$tmp/report.json" "$schema"
expect_json "$tmp/report.json" '(lambda soak: soak["complete"] and soak["requested_s"] == 4 and
  soak["ran_s"] >= 4 and soak["jobs"] >= 2 and soak["checked_elements"] > 0 and
  0 < soak["device_busy_pct"] <= 100 and soak["first_wrong"] is None and soak["workloads"][0]["name"] == "copy" and
  soak["workloads"][0]["n"] >= 2 and len(soak["workloads"][0]["points"]) >= 2)(doc["soak"])'
expect_json "$tmp/report.json" '(any(c["id"] == "canary.soak" and c["state"] == "held"
  for c in doc["expectations"]) and any("soak" in c for c in doc["claims"]["proves"]))'
expect_json "$tmp/trace.json" 'any(e["name"] == "soak" for e in doc["traceEvents"])'
for form in text markdown html; do
  expect_status 0 "$bin/gpu-report" "$form" "$tmp/report.json"
  expect_stdout 'Soak'
done

# ended_by_signal OPTION...: SIGTERM in the middle of the load; later where the machine is slow and
# it had not begun.
ended_by_signal() {
  for seconds in 4 12 36; do
    start "$bin/gpu-canary" --allow-software --workload copy --soak 1h --format json \
      -o "$tmp/cut.json" --trace "$tmp/cut-trace.json" "$@"
    sleep "$seconds"
    kill "$pid"
    status=0
    wait "$pid" || status=$?
    [ "$status" -eq 2 ] || fail "exit status $status, expected 2"
    expect_schema "$tmp/cut.json" "$schema"
    expect_json "$tmp/cut.json" '(doc["verdict"] == "unknown" and
      [f["code"] for f in doc["findings"]].count("CANARY_INTERRUPTED") == 1)'
    expect_json "$tmp/cut-trace.json" 'len(doc["traceEvents"]) > 0'
    if python3 -c 'import json, sys; sys.exit(json.load(open(sys.argv[1])).get("soak", {}).get(
      "jobs", 0) == 0)' "$tmp/cut.json"; then
      expect_json "$tmp/cut.json" '(not doc["soak"]["complete"] and doc["soak"]["ran_s"] > 0)'
      return
    fi
  done
  fail 'no load within 36 s'
}
ended_by_signal
ended_by_signal --direct

# One wrong word after a while ends it, and says when.
export VK_INSTANCE_LAYERS=VK_LAYER_GPU_LANE_fault VK_ADD_LAYER_PATH="$build/tests/fault_layer"
export GPU_LANE_FAULT="flip=7@300"
expect_status 1 "$bin/gpu-canary" --direct --allow-software --workload copy --soak 100s \
  --format json -o "$tmp/report.json"
unset VK_INSTANCE_LAYERS VK_ADD_LAYER_PATH GPU_LANE_FAULT
expect_schema "$tmp/report.json" "$schema"
expect_json "$tmp/report.json" '(lambda soak: not soak["complete"] and soak["ran_s"] < 99 and
  soak["first_wrong"]["job"] == soak["jobs"] and soak["first_wrong"]["workload"] == "copy" and
  soak["first_wrong"]["mismatch"]["element"] == 7)(doc["soak"])'
expect_json "$tmp/report.json" '(doc["verdict"] == "broken" and any(c["id"] == "canary.soak" and
  c["state"] == "broken" for c in doc["expectations"]))'
expect_status 1 "$bin/gpu-report" text "$tmp/report.json"
expect_stdout 'first word after'

for wrong in '' 30 0s 1.5h 200h 5d; do
  expect_usage_error "$bin/gpu-canary" --allow-software --soak "$wrong"
done
