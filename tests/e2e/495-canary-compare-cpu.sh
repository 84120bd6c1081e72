# SPDX-License-Identifier: Apache-2.0
# Vector, matrix and inference work against all of the CPU: threads and width are told, the claim is
# made for what was measured alone, and without the option one thread stays one thread.
. "$(dirname -- "$0")/../lib.sh"
need python3
lavapipe
schema=$build/share/gpu-lane/schemas/gpu-lane-report-v1.schema.json
threads=$(nproc)

expect_status 0 "$bin/gpu-canary" --allow-software --workload vadd,read,matmul,q4_matvec,mlp \
  --compare-cpu --format json -o "$tmp/report.json"
expect_schema "$tmp/report.json" "$schema"
expect_json "$tmp/report.json" "(lambda done: done == {'vadd', 'matmul', 'q4_matvec', 'mlp'})(
  {w['name'] for w in doc['workloads'] if w['params'].get('cpu_simd') and
   w['params']['cpu_threads'] == $threads and
   abs(w['cpu_speedup'] - w['median'] / w['cpu_median']) < 1e-9 * w['cpu_speedup']})"
expect_json "$tmp/report.json" '[w["params"]["cpu_threads"] for w in doc["workloads"]
  if w["name"] == "read"] == [1]'
expect_json "$tmp/report.json" "any('speed-ups over the whole CPU: $threads threads' in c
  for c in doc['claims']['proves'])"
expect_json "$tmp/report.json" "not any('one thread' in c for c in doc['claims']['does_not_prove'])"
expect_status 0 "$bin/gpu-report" text "$tmp/report.json"
expect_stdout 'CPU threads'
expect_stdout " on $threads "

# One CPU is one thread.
if command -v taskset >/dev/null; then
  expect_status 0 taskset -c 0 "$bin/gpu-canary" --allow-software --workload vadd --compare-cpu \
    --format json -o "$tmp/report.json"
  expect_json "$tmp/report.json" 'doc["workloads"][0]["params"]["cpu_threads"] == 1'
fi

expect_status 0 "$bin/gpu-canary" --allow-software --workload vadd
expect_no_stdout 'CPU threads'
expect_stdout 'a speed-up over the whole CPU'
