# SPDX-License-Identifier: Apache-2.0
# Two reports side by side, and the runs from which on a figure was another: both as text and as JSON.
. "$(dirname -- "$0")/../lib.sh"
need python3
lavapipe
schemas=$build/share/gpu-lane/schemas

# Appended by a run, one line each, with the figures of the report.
for run in 1 2; do
  expect_status 0 "$bin/gpu-canary" --allow-software --workload copy --history "$tmp/real.jsonl" \
    --format json -o "$tmp/$run.json"
done
[ "$(wc -l <"$tmp/real.jsonl")" -eq 2 ] || fail 'not two lines'
tail -n 1 "$tmp/real.jsonl" >"$tmp/line.json"
expect_schema "$tmp/line.json" "$schemas/gpu-lane-history-v1.schema.json"
# A line that a dead run left unfinished is neither read nor kept.
printf '{"schema": "gpu-lane-his' >>"$tmp/real.jsonl"
expect_status 0 "$bin/gpu-canary" history "$tmp/real.jsonl"
expect_stdout 'copy n='
expect_stdout '2 runs'
expect_status 0 "$bin/gpu-canary" --allow-software --workload copy --history "$tmp/real.jsonl"
expect_status 0 "$bin/gpu-canary" history "$tmp/real.jsonl"
expect_stdout '3 runs'

python3 - "$tmp/history.jsonl" <<'PYTHON'
import json, sys
with open(sys.argv[1], "w", encoding="utf-8") as file:
    for run in range(60):
        level = 640 if run < 40 else 600
        json.dump({"schema": "gpu-lane-history/v1", "started": "run %d" % run, "version": "1",
                   "device": {"vendor_id": "0x1002", "device_id": "0x7550", "name": "x",
                              "driver_info": "Mesa %d" % (26 if run < 40 else 27)},
                   "figures": [{"workload": "vadd", "n": 4096, "unit": "GB/s",
                                "median": level + run * 7 % 5 / 2},
                               {"workload": "\u001b[31mred", "n": 1, "unit": "GB/s",
                                "median": 100 + run * 7 % 5 / 10}]}, file)
        file.write("\n")
PYTHON
expect_status 0 "$bin/gpu-canary" history "$tmp/history.jsonl" --format json -o "$tmp/changes.json"
expect_schema "$tmp/changes.json" "$schemas/gpu-lane-changes-v1.schema.json"
expect_json "$tmp/changes.json" '(lambda series: len(series) == 2 and series[1]["changes"] == [] and
  [(c["run"], c["started"], c["driver"]) for c in series[0]["changes"]] ==
  [(41, "run 40", "Mesa 26 -> Mesa 27")])(doc["series"])'
expect_status 0 "$bin/gpu-canary" history "$tmp/history.jsonl"
expect_stdout 'run 41, run 40: 641 -> 601 GB/s, -6.2 %'
expect_no_stdout "$(printf '\033')"
sed 's/"version": "1"/"version": 1/' "$tmp/history.jsonl" >"$tmp/wrong.jsonl"
expect_usage_error "$bin/gpu-canary" history "$tmp/wrong.jsonl"
expect_stderr 'wrong.jsonl:1'

# variant FACTOR: the first report with every figure multiplied.
variant() {
  python3 - "$tmp/1.json" "$1" "$tmp/b.json" <<'PYTHON'
import json, sys
doc, factor = json.load(open(sys.argv[1], encoding="utf-8")), float(sys.argv[2])
for workload in doc["workloads"]:
    middle = workload["median"]
    workload["ci95"] = [middle * 0.99, middle * 1.01]
json.dump(doc, open(sys.argv[1], "w", encoding="utf-8"))
for workload in doc["workloads"]:
    for key in "median", "q1", "q3", "min", "max":
        workload[key] *= factor
    workload["ci95"] = [end * factor for end in workload["ci95"]]
json.dump(doc, open(sys.argv[3], "w", encoding="utf-8"))
PYTHON
}
for case in '0.9 1 SLOW' '1.1 0 FAST' '1.005 0 SAME' '0.975 0 AMBIGUOUS'; do
  # shellcheck disable=SC2086
  set -- $case
  variant "$1"
  expect_status "$2" "$bin/gpu-canary" compare "$tmp/1.json" "$tmp/b.json" --format json
  cp "$tmp/stdout" "$tmp/compared.json"
  expect_schema "$tmp/compared.json" "$schemas/gpu-lane-comparison-v1.schema.json"
  expect_json "$tmp/compared.json" "[w['state'] for w in doc['workloads']] == ['$3']"
done
expect_status 0 "$bin/gpu-canary" compare "$tmp/1.json" "$tmp/b.json"
expect_stdout 'AMBIGUOUS'
expect_stdout '-2.5 %'
expect_status 0 "$bin/gpu-canary" --allow-software --workload matmul --format json -o "$tmp/b.json"
expect_status 2 "$bin/gpu-canary" compare "$tmp/1.json" "$tmp/b.json"
expect_stdout 'only in a'

for wrong in 'compare' "compare $tmp/1.json" "history" "history a b" "list compare" \
  "compare $tmp/1.json $tmp/absent" "compare $tmp/1.json $tmp/history.jsonl" \
  "history $tmp/real.jsonl --direct" "history $tmp/real.jsonl --format html"; do
  # shellcheck disable=SC2086
  expect_usage_error "$bin/gpu-canary" $wrong
done
