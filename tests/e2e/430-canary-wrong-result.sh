# SPDX-License-Identifier: Apache-2.0
# A device that computes wrong, leaves work out, dies or lies about time, by way of a faulty layer
# in front of lavapipe: every workload notices, the element is named, and no figure is given.
. "$(dirname -- "$0")/../lib.sh"
need python3
lavapipe
schema=$build/share/gpu-lane/schemas/gpu-lane-report-v1.schema.json
export VK_INSTANCE_LAYERS=VK_LAYER_GPU_LANE_fault VK_ADD_LAYER_PATH="$build/tests/fault_layer"

# canary STATUS FAULT OPTION...: a run on the faulty device.
canary() {
  expected=$1
  export GPU_LANE_FAULT="$2"
  shift 2
  expect_status "$expected" "$bin/gpu-canary" --direct --allow-software --format json "$@"
  cp "$tmp/stdout" "$tmp/report.json"
  expect_schema "$tmp/report.json" "$schema"
}

# One word, all words, the last workgroup's words, and a device that does nothing at all, where what
# went to it must not be taken for what came back; of every workload that the device can run. (One bit
# of each is unit/canary_check_test's.)
names=$("$bin/gpu-canary" list | cut -d ' ' -f 1 | paste -s -d ,)
for fault in flip=0 skip-dispatch short-grid idle; do
  canary 1 "$fault" --workload "$names"
  expect_json "$tmp/report.json" '(doc["verdict"] == "broken" and
    all(not w["verified"] and w["mismatches"] > 0 and w["median"] is None and
      w["cpu_speedup"] is None and w["samples"] == [] for w in doc["workloads"]))'
  expect_json "$tmp/report.json" '({f["evidence"].get("workload") for f in doc["findings"]
    if f["code"] == "WRONG_RESULT"} >= {w["name"] for w in doc["workloads"]})'
  # What it cannot run are matrices that older drivers do not have, and nothing else.
  expect_json "$tmp/report.json" "(lambda skipped: all(s.startswith('matmul_coop_') for s in skipped)
    and [name for name in '$names'.split(',') if name not in skipped] ==
      [w['name'] for w in doc['workloads']])(
    [c['id'].split('.')[1] for c in doc['expectations'] if c['state'] == 'skipped'])"
done

# A transfer that does not bring everything.
canary 1 short-copy --workload upload,download
expect_json "$tmp/report.json" '[w["first_mismatch"]["element"] for w in doc["workloads"]] == [
  w["checked_elements"] - 1 for w in doc["workloads"]]'

canary 1 flip=4321 --workload vadd
expect_json "$tmp/report.json" '(doc["workloads"][0]["mismatches"] == 1 and
  doc["workloads"][0]["first_mismatch"]["element"] == 4321 and
  doc["workloads"][0]["first_mismatch"]["found"].startswith("0x0badc0de "))'
expect_status 1 "$bin/gpu-canary" --allow-software --workload vadd
expect_stdout BROKEN
expect_stdout 'vadd: c[4321]: expected 0x'
expect_stdout 'found 0x0badc0de'
expect_no_stdout 'GB/s'

# In one sample of many. How many dispatches the warm-up takes depends on the machine, so the fault
# comes later and later until it meets a sample.
met=
for dispatch in 14 28 56 112; do
  export GPU_LANE_FAULT="flip=7@$dispatch"
  run "$bin/gpu-canary" --direct --allow-software --workload matmul --format json -o "$tmp/one.json"
  if [ "$status" -eq 1 ]; then
    met=$dispatch
    expect_json "$tmp/one.json" '(doc["workloads"][0]["first_mismatch"]["element"] == 7 and
      doc["workloads"][0]["mismatches"] == 1 and not doc["workloads"][0]["verified"])'
    break
  fi
done
[ -n "$met" ] || fail 'one wrong word in one sample went unnoticed'

# Lost: the first job says so, the others are not tried.
canary 1 device-lost=5
expect_json "$tmp/report.json" '(any(f["code"] == "JOB_DEVICE_LOST" for f in doc["findings"]) and
  len(doc["workloads"]) == 1 and doc["checks"]["skipped"] >= 9)'
# Also in a race, which ends there: it is not lost again for each variant.
expect_status 1 "$bin/gpu-canary" --allow-software --workload peak_f32
expect_stdout 'ended ERR DEVICE-LOST'
[ "$(grep -c 'quarantined: device lost' "$tmp/stderr")" -eq 1 ] || fail 'lost more than once'

# Right results at an impossible speed give no speed.
for fault in no-timestamps long-timestamps; do
  canary 2 "$fault" --workload copy
  expect_json "$tmp/report.json" '(any(f["code"] == "CANARY_TIMING" for f in doc["findings"]) and
    doc["workloads"][0]["verified"] and doc["workloads"][0]["median"] is None)'
done
