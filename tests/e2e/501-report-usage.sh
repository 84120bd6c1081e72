#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Bad input ends in 64, one line with file and place, and nothing written.
. "$(dirname -- "$0")/../lib.sh"

good=$src/tests/golden/report-canary-software.json
sed 's/"verdict": "holds"/"verdict": "splendid"/' "$good" >"$tmp/verdict.json"
sed 's/"tool": /"colour": 1, "tool": /' "$good" >"$tmp/unknown.json"
sed 's/"tool": /"tool": "x", "tool": /' "$good" >"$tmp/duplicate.json"
head -c 700 "$good" >"$tmp/cut.json"
: >"$tmp/empty.json"

expect_usage_error "$bin/gpu-report"
expect_usage_error "$bin/gpu-report" text
expect_usage_error "$bin/gpu-report" hologram "$good"
expect_usage_error "$bin/gpu-report" text --colour "$good"
expect_usage_error "$bin/gpu-report" text --color sometimes "$good"
expect_usage_error "$bin/gpu-report" json "$good" "$good"
expect_usage_error "$bin/gpu-report" github -o "$tmp/out" "$good"
expect_usage_error "$bin/gpu-report" faults "$good"
expect_usage_error "$bin/gpu-report" text "$tmp/none.json"
expect_usage_error "$bin/gpu-report" text "$tmp"
expect_stderr 'is a directory'
for name in verdict unknown duplicate cut empty; do
  # A good result before the bad one is not written either.
  expect_usage_error "$bin/gpu-report" text -o "$tmp/out" "$good" "$tmp/$name.json"
  expect_stderr "$tmp/$name.json"
  [ ! -e "$tmp/out" ] || fail "$name: something was written"
done
expect_usage_error "$bin/gpu-report" text "$tmp/verdict.json"
expect_stderr 'verdict.json:7: $.verdict'

expect_status 0 "$bin/gpu-report" --help
expect_stdout 'gpu-report text|json|markdown|html|junit|openmetrics'
expect_status 0 "$bin/gpu-report" --version
expect_status 2 "$bin/gpu-report" text -o "$tmp/no/such/folder" "$good"
expect_stderr_lines 1
