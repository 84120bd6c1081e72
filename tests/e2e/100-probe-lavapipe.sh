#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What gpu-probe answers where only a software renderer is: every form says the same, the floor
# 'software' holds, every hardware floor does not, and facts can be recorded and judged elsewhere.
. "$(dirname -- "$0")/../lib.sh"
need python3
lavapipe
schemas=$build/share/gpu-lane/schemas

expect_status 0 "$bin/gpu-probe" --floor software
expect_stdout HOLDS
expect_stdout 'software device: proves the toolchain, not a GPU'
expect_stdout llvmpipe
expect_no_stderr ''

expect_status 0 "$bin/gpu-probe" --floor software --format json
expect_no_stderr ''
expect_schema "$tmp/stdout" "$schemas/gpu-lane-report-v1.schema.json"
expect_json "$tmp/stdout" 'doc["verdict"] == "holds" and doc["checks"]["held"] == 3'
expect_json "$tmp/stdout" '[r["rung"] for r in doc["ladder"] if r["state"] == "held"] == [
  "loader", "ICD", "device", "checked submit"]'

# A renderer is no GPU: without a floor the answer is "unknown" (or "broken" beside a real GPU that
# this driver list leaves out), with a hardware floor it is "broken".
run "$bin/gpu-probe" --format json
[ "$status" -eq 1 ] || [ "$status" -eq 2 ] || fail "exit status $status"
expect_json "$tmp/stdout" '"DEVICE_SOFTWARE_ONLY" in [f["code"] for f in doc["findings"]]'
for floor in honey krunkit discrete; do
  expect_status 1 "$bin/gpu-probe" --floor "$floor" --format json
  expect_schema "$tmp/stdout" "$schemas/gpu-lane-report-v1.schema.json"
  # Each broken expectation points at its line in the floor's file.
  expect_json "$tmp/stdout" "all('\"id\": \"' + f['evidence']['id'] in
    ''.join(open(f['where']['path']).readlines()[f['where']['line'] - 1:f['where']['line'] + 1])
    for f in doc['findings'] if f['code'] == 'EXPECTATION_BROKEN')"
done

# For people a broken check is told once, with what to do about it; with -v the findings say it again.
expect_status 1 "$bin/gpu-probe" --floor honey
expect_stdout "remedy: Mount the host's /dev/dri into the runner container."
expect_stdout 'expected one of 1002:7550, 1002:7551, observed'
[ "$(grep -c EXPECTATION_BROKEN "$tmp/stdout")" -eq 1 ] || fail 'more than the warning is told twice'
expect_status 1 "$bin/gpu-probe" --floor honey -v
[ "$(grep -c EXPECTATION_BROKEN "$tmp/stdout")" -gt 5 ] || fail 'with -v not all is told'

# What was not measured is not held.
expect_status 2 "$bin/gpu-probe" --floor software --no-submit --format json
expect_json "$tmp/stdout" 'doc["checks"]["unknown"] == 1 and doc["verdict"] == "unknown"'
expect_status 2 "$bin/gpu-probe" --floor software --only host,drm,pci --format json
expect_json "$tmp/stdout" 'doc["checks"]["held"] == 0'

# Facts.
expect_status 0 "$bin/gpu-probe" --facts-only --format json
expect_schema "$tmp/stdout" "$schemas/gpu-lane-facts-v1.schema.json"
expect_json "$tmp/stdout" '[c["outcome"] for c in doc["collectors"]] == ["ok"] * 4'
expect_json "$tmp/stdout" 'doc["vulkan"]["devices"][0]["driver_id"] == "MESA_LLVMPIPE"'
expect_json "$tmp/stdout" 'doc["vulkan"]["devices"][0]["submit"] == "ok"'
expect_status 0 "$bin/gpu-probe" --facts-only
expect_stdout MESA_LLVMPIPE

# Recorded and judged elsewhere: the same judgement, and nothing claimed of this machine.
expect_status 0 "$bin/gpu-probe" --floor software --record "$tmp/facts.json" -o "$tmp/live.txt"
expect_no_stdout ''
expect_schema "$tmp/facts.json" "$schemas/gpu-lane-facts-v1.schema.json"
expect_status 0 "$bin/gpu-probe" --floor software --replay "$tmp/facts.json" --format json
expect_json "$tmp/stdout" "doc['replayed'] == '$tmp/facts.json' and not doc['claims']['proves']"
expect_status 1 "$bin/gpu-probe" --floor honey --replay "$tmp/facts.json"
expect_status 0 "$bin/gpu-probe" --facts-only --format json --replay "$tmp/facts.json"
expect_stdout_is "$tmp/facts.json"

# The floors that come with it are what their schema says, and one of one's own is found by name.
for floor in "$build"/share/gpu-lane/floors/*.json; do
  expect_schema "$floor" "$schemas/gpu-lane-floor-v1.schema.json"
done
expect_status 0 "$bin/gpu-probe" --list-floors
for floor in discrete honey krunkit software; do
  expect_stdout "$floor"
done
sed 's/"name": "software"/"name": "mine"/' "$build/share/gpu-lane/floors/software.json" \
  >"$tmp/mine.json"
GPU_LANE_FLOORS=$tmp expect_status 0 "$bin/gpu-probe" --floor mine
expect_stdout 'floor mine'
expect_status 0 "$bin/gpu-probe" --floor "$tmp/mine.json" --format markdown
expect_stdout '|'

expect_status 0 "$bin/gpu-probe" --explain DRM_NODE_FORBIDDEN
expect_stdout 'cgroup'
