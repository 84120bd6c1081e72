#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The OpenMetrics form through python3-prometheus-client, whose reader is the strict one.
. "$(dirname -- "$0")/../lib.sh"

golden=$src/tests/golden
python=/usr/bin/python3
"$python" -c 'import prometheus_client.openmetrics' 2>/dev/null ||
  skip 'python3-prometheus-client is not installed'

# samples STATUS RESULT...: every sample, sorted, in $tmp/samples as the reader understood it.
samples() {
  expected_status=$1
  shift
  expect_status "$expected_status" "$bin/gpu-report" openmetrics -o "$tmp/report.prom" "$@"
  expect_stderr_lines 0
  "$python" - "$tmp/report.prom" >"$tmp/samples" <<'PYTHON' || fail 'the reader does not take it'
import sys
from prometheus_client.openmetrics import parser
with open(sys.argv[1], encoding="utf-8") as file:
    for family in parser.text_string_to_metric_families(file.read()):
        assert family.samples, family
        assert family.documentation.endswith("."), family
        for sample in family.samples:
            labels = " ".join(f"{k}={v}" for k, v in sorted(sample.labels.items()))
            print(f"{sample.name} {labels} {sample.value:.12g} {family.unit}")
PYTHON
}

expect_line() {
  grep -qxF -e "$1" "$tmp/samples" || { cat "$tmp/samples" >&2; fail "no line: $1"; }
}

samples 0 "$golden/report-canary-software.json"
gpu=gpu=6d657361-3232-2e33-2e36-000000000000
expect_line "gpu_lane_verdict $gpu tool=gpu-canary verdict=holds 1 "
expect_line "gpu_lane_verdict $gpu tool=gpu-canary verdict=broken 0 "
expect_line "gpu_lane_checks $gpu state=held tool=gpu-canary 6 "
expect_line "gpu_lane_findings code=DEVICE_SOFTWARE_ONLY $gpu level=warning tool=gpu-canary 1 "
expect_line "gpu_lane_duration_seconds $gpu tool=gpu-canary 9.142 seconds"
expect_line "gpu_lane_started_timestamp_seconds $gpu tool=gpu-canary $(date -ud 2026-04-22T18:03:11Z +%s) seconds"
expect_line "gpu_lane_lease_memory_bytes $gpu tool=gpu-canary 536870912 bytes"
expect_line "gpu_lane_workload_median_bytes_per_second $gpu tool=gpu-canary workload=vadd 8412300000 bytes_per_second"
expect_line "gpu_lane_workload_mad_flops_per_second $gpu tool=gpu-canary workload=matmul 210000000 flops_per_second"

# A wrong result has no figures.
samples 1 "$golden/report-canary-hostile.json"
expect_line 'gpu_lane_workload_verified gpu=0000:03:00.0 tool=gpu-canary workload=matmul 0 '
grep -q 'median.*workload=matmul' "$tmp/samples" && fail 'a figure of a wrong result'

# Several results are one exposition; of the same tool, floor and GPU the last one is shown.
sed 's/"verdict": "holds"/"verdict": "unknown"/' "$golden/report-canary-software.json" >"$tmp/later.json"
samples 1 "$golden/report-canary-software.json" "$golden/report-probe-broken.json" "$tmp/later.json"
expect_line 'gpu_lane_verdict floor=honey tool=gpu-probe verdict=broken 1 '
expect_line "gpu_lane_verdict $gpu tool=gpu-canary verdict=unknown 1 "
expect_line "gpu_lane_verdict $gpu tool=gpu-canary verdict=holds 0 "
expect_line 'gpu_lane_rung_held floor=honey rung=node tool=gpu-probe 0 '

# Names that end a label or a line, and names that are twice the same, keep it valid.
python3 -c 'import json, sys
doc = json.load(open(sys.argv[1]))
doc["workloads"][0]["name"] = doc["workloads"][1]["name"] = "a\\ \"b\"\n} 1\r"
doc["workloads"][2]["name"] = ""
doc["tool"] = ""
doc["device"]["pci"] = "\"\\\n# EOF\n"
json.dump(doc, sys.stdout)' "$golden/report-canary-software.json" >"$tmp/names.json"
samples 0 "$tmp/names.json"
expect_line 'gpu_lane_workload_verified gpu="\ # EOF  workload=a\ "b" } 1  1 '
