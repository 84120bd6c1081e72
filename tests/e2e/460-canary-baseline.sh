# SPDX-License-Identifier: Apache-2.0
# A baseline is made of fresh processes, held against, and points at its own line; a file that is none
# is refused before anything runs.
. "$(dirname -- "$0")/../lib.sh"
need python3
lavapipe
schemas=$build/share/gpu-lane/schemas

canary() {
  expected=$1
  shift
  expect_status "$expected" "$bin/gpu-canary" --allow-software --workload copy,matmul \
    --format json -o "$tmp/report.json" "$@"
  expect_no_stdout ''
  expect_schema "$tmp/report.json" "$schemas/gpu-lane-report-v1.schema.json"
}

# A new entry takes five runs, and they are made.
canary 0 --baseline "$tmp/base.json" --update-baseline
expect_schema "$tmp/base.json" "$schemas/gpu-lane-baseline-v1.schema.json"
expect_json "$tmp/base.json" '([e["workload"] for e in doc["entries"]] == ["copy", "matmul"] and
  all(len(e["runs"]) == 5 and min(e["runs"]) > 0 for e in doc["entries"]))'
expect_json "$tmp/report.json" 'all(w["baseline"]["state"] == "NO-BASELINE" and
  w["baseline"]["ratio"] is None for w in doc["workloads"])'

# edit STATEMENT: changes the baseline as a person would.
edit() {
  python3 - "$tmp/base.json" "$1" <<'PYTHON'
import json, sys
path, statement = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    doc = json.load(file)
exec(statement)
with open(path, "w", encoding="utf-8") as file:
    json.dump(doc, file, indent=1)
PYTHON
}

# Ten times as fast as this machine can be: slow, said by a majority of processes, on the entry's line.
edit 'doc["entries"][1]["runs"] = [10 * run for run in doc["entries"][1]["runs"]]
doc["entries"][0]["runs"] = [run / 10 for run in doc["entries"][0]["runs"]]'
line=$(grep -n '"workload": "matmul"' "$tmp/base.json" | cut -d : -f 1)
cp "$tmp/base.json" "$tmp/before.json"
canary 1 --baseline "$tmp/base.json" --update-baseline
expect_json "$tmp/report.json" '({w["name"]: w["baseline"]["state"] for w in doc["workloads"]} ==
  {"copy": "FAST", "matmul": "SLOW"})'
expect_json "$tmp/report.json" "([f['where'] for f in doc['findings'] if f['code'] == 'CANARY_SLOW'] ==
  [{'path': '$tmp/base.json', 'line': $((line - 1))}])"
expect_json "$tmp/report.json" 'any("2 runs in fresh processes" in f["message"]
  for f in doc["findings"] if f["code"] == "CANARY_SLOW")'
expect_json "$tmp/report.json" 'any(c["id"] == "canary.matmul.speed" and c["state"] == "broken"
  for c in doc["expectations"])'
# What is slow is not learned.
expect_json "$tmp/base.json" '[len(e["runs"]) for e in doc["entries"]] == [6, 5]'

# Another key is no baseline: neutral, and no claim.
edit 'for entry in doc["entries"]: entry["device"]["driver_major"] += 1'
canary 0 --baseline "$tmp/base.json"
expect_json "$tmp/report.json" '(all(w["baseline"]["state"] == "NO-BASELINE" for w in doc["workloads"])
  and any(f["code"] == "CANARY_NO_BASELINE" and f["level"] == "notice" for f in doc["findings"])
  and any("within baseline" in c for c in doc["claims"]["does_not_prove"]))'

# An absolute floor cannot be held to a roofline that nobody knows.
cp "$tmp/before.json" "$tmp/base.json"
edit 'del doc["entries"][0]
doc["entries"][0]["floor_pct"] = 50
doc["entries"][0]["runs"] = [run / 10 for run in doc["entries"][0]["runs"]]
doc["entries"][0]["margin_pct"] = 90'
canary 2 --baseline "$tmp/base.json"
expect_json "$tmp/report.json" 'any(c["id"] == "canary.matmul.floor" and c["state"] == "unknown"
  for c in doc["expectations"])'

refuse() {
  expect_usage_error "$bin/gpu-canary" --allow-software -o "$tmp/none" "$@"
  [ ! -e "$tmp/none" ] || fail 'a report was written'
}
refuse --update-baseline
refuse --baseline "$tmp/absent.json"
printf '{"schema": "gpu-lane-baseline/v1",\n "entries": [{}]}\n' >"$tmp/base.json"
refuse --baseline "$tmp/base.json"
expect_stderr base.json:2
refuse --baseline "$tmp/base.json" --update-baseline
