# SPDX-License-Identifier: Apache-2.0
# What a device lacks is skipped with the missing feature named: neither held nor broken, and no
# verdict of its own. Of the ways to do the same, the one that was measured is named.
. "$(dirname -- "$0")/../lib.sh"
need python3
lavapipe

expect_status 0 "$bin/gpu-canary" --allow-software --workload copy,peak_f32,subgroup --format json
cp "$tmp/stdout" "$tmp/report.json"
expect_json "$tmp/report.json" '[w["verified"] for w in doc["workloads"]] == [True] * 3'
expect_json "$tmp/report.json" '[("numbers" in w["params"].get("variant", ""))
  for w in doc["workloads"]] == [False, True, False]'
expect_json "$tmp/report.json" '[w["cpu_speedup"] is None for w in doc["workloads"]] == [
  False, True, False]'

# The widths that words are read in are raced in the full suite, which has the time.
expect_status 0 "$bin/gpu-canary" --allow-software --suite full --workload copy --format json
cp "$tmp/stdout" "$tmp/report.json"
expect_json "$tmp/report.json" 'doc["workloads"][0]["params"]["variant"].endswith("at a time")'
for name in f16 bf16 fp8 i8; do
  expect_status 2 "$bin/gpu-canary" --allow-software --workload "matmul_coop_$name"
  expect_stdout 'observed the device has'
done

# A device without half and double floats.
export VK_INSTANCE_LAYERS=VK_LAYER_GPU_LANE_fault VK_ADD_LAYER_PATH="$build/tests/fault_layer"
export GPU_LANE_FAULT=no-floats
expect_status 0 "$bin/gpu-canary" --allow-software --workload peak_f16,copy,peak_f64 --format json
cp "$tmp/stdout" "$tmp/report.json"
expect_schema "$tmp/report.json" "$build/share/gpu-lane/schemas/gpu-lane-report-v1.schema.json"
expect_json "$tmp/report.json" '[w["name"] for w in doc["workloads"]] == ["copy"]'
expect_json "$tmp/report.json" '{c["id"]: (c["state"], c["observed"])
  for c in doc["expectations"] if c["id"].startswith("canary.peak")} == {
    "canary.peak_f16": ("skipped", "the device has no shaderFloat16"),
    "canary.peak_f64": ("skipped", "the device has no shaderFloat64")}'
expect_json "$tmp/report.json" 'any("checked compute" in c for c in doc["claims"]["proves"])'

# Nothing but skipped is no answer.
expect_status 2 "$bin/gpu-canary" --allow-software --workload peak_f16
expect_stdout shaderFloat16
expect_stdout 'checked compute'
expect_no_stdout verified
