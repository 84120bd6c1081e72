# SPDX-License-Identifier: Apache-2.0
# The whole way on lavapipe: probe, embedded bridge, lease, workers, every element checked, one report
# in three forms; and nothing of it without leave to use a software renderer.
. "$(dirname -- "$0")/../lib.sh"
need python3
lavapipe
schema=$build/share/gpu-lane/schemas/gpu-lane-report-v1.schema.json

expect_status 0 "$bin/gpu-canary" --allow-software --format json -o "$tmp/report.json"
expect_no_stdout ''
expect_schema "$tmp/report.json" "$schema"
expect_json "$tmp/report.json" 'doc["verdict"] == "holds" and doc["tool"] == "gpu-canary"'
expect_json "$tmp/report.json" 'doc["remark"] == "software device: proves the toolchain, not a GPU"'
expect_json "$tmp/report.json" 'doc["device"]["software"] and "llvmpipe" in doc["device"]["name"]'
expect_json "$tmp/report.json" 'doc["lease"]["bridge"] == "embedded" and doc["lease"]["id"] >= 1'
# The quick suite is a part of all there is, in the same order.
expect_status 0 "$bin/gpu-canary" list
names=$(cut -d ' ' -f 1 "$tmp/stdout" | tr '\n' ' ')
expect_json "$tmp/report.json" "(lambda quick: len(quick) >= 10 and
  [n for n in '$names'.split() if n in quick] == quick)([w['name'] for w in doc['workloads']])"
# Every figure is of a verified result and belongs with the others.
expect_json "$tmp/report.json" '(all(w["verified"] and w["mismatches"] == 0 and
  w["first_mismatch"] is None and w["checked_elements"] > 0 and w["job"]["state"] == "OK" and
  w["n"] == len(w["samples"]) >= 15 and w["timer"] == "gpu" and
  0 < w["min"] <= w["q1"] <= w["median"] <= w["q3"] <= w["max"] and
  w["ci95"][0] <= w["median"] <= w["ci95"][1] and w["min"] == min(w["samples"]) and
  (w["cpu_speedup"] is w["cpu_median"] is None or
    abs(w["cpu_speedup"] - w["median"] / w["cpu_median"]) < 1e-9) and
  w["params"]["cpu_threads"] == 1 and w["bridge_overhead"] is not None
  for w in doc["workloads"]))'
expect_json "$tmp/report.json" \
  '(lambda states: states == ["held"] * len(doc["workloads"]))(
    [c["state"] for c in doc["expectations"] if c["id"].startswith("canary.")])'
expect_json "$tmp/report.json" '(any("leased compute" in c for c in doc["claims"]["proves"]) and
  any("WebGPU" in c for c in doc["claims"]["does_not_prove"]))'

expect_status 0 "$bin/gpu-canary" run --allow-software --workload copy,vadd
expect_stdout 'software device: proves the toolchain, not a GPU'
expect_stdout 'embedded bridge'
expect_stdout 'verified'
expect_stdout 'checked compute'
expect_status 0 "$bin/gpu-canary" --allow-software --workload copy --format markdown
expect_stdout 'copy'

# Fails closed: the diagnosis, and no job was run.
expect_status 2 "$bin/gpu-canary" --format json
cp "$tmp/stdout" "$tmp/report.json"
expect_schema "$tmp/report.json" "$schema"
expect_json "$tmp/report.json" '(doc["verdict"] == "unknown" and not doc.get("workloads") and
  any(f["code"] == "DEVICE_SOFTWARE_ONLY" and f["remedy"] for f in doc["findings"]))'
# A floor that asks for hardware is broken, whatever is allowed.
expect_status 1 "$bin/gpu-canary" --allow-software --workload copy --floor discrete --format json
expect_status 0 "$bin/gpu-canary" --allow-software --workload copy --floor software
expect_stdout 'floor software'
# A floor that software holds allows no software: nothing was computed, and nothing is said to hold.
expect_status 2 "$bin/gpu-canary" --workload copy --floor software
expect_stdout 'UNKNOWN'

# Other ways to say which device.
uuid=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["device"]["uuid"])' \
  "$tmp/report.json")
for device in "uuid:$uuid" name:llvmpipe; do
  expect_status 0 "$bin/gpu-canary" --allow-software --workload copy --device "$device"
done
expect_status 2 "$bin/gpu-canary" --allow-software --workload copy --device pci:0000:7f:1f.7
expect_stdout DEVICE_NOT_FOUND
