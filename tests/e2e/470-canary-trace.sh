# SPDX-License-Identifier: Apache-2.0
# The trace opens in Perfetto by the rules of the trace event format: known phases, numbers where they
# belong, in the order of time, and spans of one row apart or inside each other.
. "$(dirname -- "$0")/../lib.sh"
need python3
lavapipe

for mode in --embedded --direct; do
  expect_status 0 "$bin/gpu-canary" --allow-software --workload copy,matmul "$mode" \
    --trace "$tmp/trace.json" --format json -o "$tmp/report.json"
  python3 - "$tmp/trace.json" "$tmp/report.json" "$mode" <<'PYTHON' || fail "$mode: not such a trace"
import json, sys

trace, report = (json.load(open(path, encoding="utf-8")) for path in sys.argv[1:3])
events = trace["traceEvents"]
names = {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
assert sorted(names.values()) == ["GPU", "canary", "job"], names
timed = [e for e in events if e["ph"] != "M"]
assert {e["ph"] for e in timed} <= {"X", "C"}
assert min(e["ts"] for e in timed) == 0
assert [e["ts"] for e in timed] == sorted(e["ts"] for e in timed)
assert all(isinstance(e["pid"], int) for e in events)
rows = {name: [] for name in names.values()}
for event in timed:
    if event["ph"] == "X":
        assert event["dur"] >= 0 and isinstance(event["name"], str)
        rows[names[event["tid"]]].append(event)
SLACK = 0.002  # microseconds: the numbers were rounded
for row in rows.values():
    open_until = []
    for event in row:
        end = event["ts"] + event["dur"]
        while open_until and open_until[-1] <= event["ts"] + SLACK:
            open_until.pop()
        assert not open_until or end <= open_until[-1] + SLACK, event
        open_until.append(end)
canary = [e["name"] for e in rows["canary"]]
for name in ["probe", "open the lane", "wait for the lease", "copy", "matmul", "readback", "verdict"]:
    assert name in canary, (name, canary)
job = [e["name"] for e in rows["job"]]
for name in ["queue", "run", "set up", "upload", "sample"]:
    assert name in job, (name, job)
# Each dispatch that was timed is there, with the time that was measured.
dispatches = [e for e in rows["GPU"] if e["name"] == "dispatch"]
assert len(dispatches) >= sum(w["n"] for w in report["workloads"])
for workload in report["workloads"]:
    spans = [e for e in rows["canary"] if e["name"] == workload["name"]]
    inside = sorted(e["dur"] for s in spans for e in dispatches
                    if s["ts"] <= e["ts"] <= s["ts"] + s["dur"])
    middle = inside[len(inside) // 2]
    assert middle > 0 and len(inside) >= workload["n"], (workload["name"], inside)
PYTHON
done

# A trace that cannot be written is said, and changes no verdict.
expect_status 0 "$bin/gpu-canary" --allow-software --workload copy --trace /dev/full
expect_stdout FILE_WRITE
