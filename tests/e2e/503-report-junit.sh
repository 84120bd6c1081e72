#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The JUnit form through python3-junitparser, an independent reader: what a service that knows
# nothing else of a report makes of it.
. "$(dirname -- "$0")/../lib.sh"

golden=$src/tests/golden
python=/usr/bin/python3
"$python" -c 'import junitparser' 2>/dev/null || skip 'python3-junitparser is not installed'

# summary STATUS RESULT...: one line a suite and a test case in $tmp/summary.
summary() {
  expected_status=$1
  shift
  expect_status "$expected_status" "$bin/gpu-report" junit -o "$tmp/report.xml" "$@"
  expect_stderr_lines 0
  "$python" - "$tmp/report.xml" >"$tmp/summary" <<'PYTHON' || fail 'junitparser does not read it'
import sys
import junitparser
for suite in junitparser.JUnitXml.fromfile(sys.argv[1]):
    stated = (suite.tests, suite.failures, suite.errors, suite.skipped)
    duration = suite.time
    suite.update_statistics()
    assert stated == (suite.tests, suite.failures, suite.errors, suite.skipped), stated
    verdict = {each.name: each.value for each in suite.properties()}["verdict"]
    print(f"{suite.name}: {stated[0]} tests, {stated[1]} failed, {stated[2]} errors, "
          f"{stated[3]} skipped, {duration} s, {verdict}")
    # The terminal's form goes along for people.
    assert verdict.upper() in suite._elem.find("system-out").text
    for case in suite:
        result = case.result[0] if case.result else None
        print(f"{case.classname} {case.name}", type(result).__name__ if result else "Passed",
              (result.type or "") if result else "")
        if isinstance(result, junitparser.Failure) and case.classname != "gpu-canary.workload":
            assert "remedy: " in result.text, result.text
PYTHON
}

expect_line() {
  grep -qxF -e "$1" "$tmp/summary" || { cat "$tmp/summary" >&2; fail "no line: $1"; }
}

summary 1 "$golden/report-probe-broken.json"
expect_line 'gpu-probe floor honey: 8 tests, 2 failed, 2 errors, 1 skipped, 0.083 s, broken'
expect_line 'gpu-probe.check card0 Passed '
expect_line 'gpu-probe.check renderD128 Failure DRM_NODE_FORBIDDEN'
expect_line 'gpu-probe.check vulkan.type Error EXPECTATION_UNKNOWN'
expect_line 'gpu-probe.check submit Skipped '
# A failure that no broken check tells of is a case of its own.
expect_line 'gpu-probe.finding EXPECTATION_BROKEN Failure EXPECTATION_BROKEN'

summary 0 "$golden/report-canary-software.json"
expect_line 'gpu-canary: 6 tests, 0 failed, 0 errors, 0 skipped, 9.142 s, holds'

summary 1 "$golden/report-canary-software.json" "$golden/report-canary-hostile.json"
expect_line 'gpu-canary: 6 tests, 0 failed, 0 errors, 0 skipped, 9.142 s, holds'
expect_line 'gpu-canary.check workload.matmul Failure WRONG_RESULT'

# A workload without a check has its own case, and a verdict that nothing else tells of is one too.
edit() {
  python3 -c 'import json, sys
doc = json.load(open(sys.argv[1]))
exec(sys.argv[2])
json.dump(doc, sys.stdout)' "$golden/report-canary-software.json" "$1" >"$tmp/edited.json"
}
edit 'doc["expectations"].pop()'
summary 0 "$tmp/edited.json"
expect_line 'gpu-canary.workload matmul Passed '
edit 'doc.update(expectations=[], workloads=[], verdict="unknown")'
summary 2 "$tmp/edited.json"
expect_line 'gpu-canary: 1 tests, 0 failed, 1 errors, 0 skipped, 9.142 s, unknown'
expect_line 'gpu-canary.check verdict Error EXPECTATION_UNKNOWN'
