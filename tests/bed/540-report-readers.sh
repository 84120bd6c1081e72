#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# JUnit and OpenMetrics forms before readers of others: Jenkins' schema and Prometheus' promtool.
. "$(dirname -- "$0")/../lib.sh"

outcome=0
bed=$(sh "$src/tests/bed/setup-readers.sh") || outcome=$?
[ "$outcome" -ne 77 ] || skip "$bed"
[ "$outcome" -eq 0 ] || fail 'the bed could not be set up'
need xmllint

valid() {
  run xmllint --noout --schema "$bed/jenkins-junit.xsd" "$1"
}

linted() {
  last_command="promtool check metrics <$1"
  status=0
  "$bed/promtool" check metrics <"$1" >"$tmp/stdout" 2>"$tmp/stderr" || status=$?
}

for results in report-probe-broken.json report-canary-software.json report-canary-hostile.json '*.json'; do
  # shellcheck disable=SC2086 # the last is a pattern
  set -- "$src"/tests/golden/report-${results#report-}
  run "$bin/gpu-report" junit -o "$tmp/report.xml" "$@"
  valid "$tmp/report.xml"
  [ "$status" -eq 0 ] || fail "$results: not valid JUnit"
  run "$bin/gpu-report" openmetrics -o "$tmp/report.prom" "$@"
  linted "$tmp/report.prom"
  [ "$status" -eq 0 ] || fail "$results: not accepted by Prometheus"
  expect_no_stdout ''
  expect_no_stderr ''
done

# Both would see a defect.
sed 's/<failure /<defect /; s/<\/failure>/<\/defect>/' "$tmp/report.xml" >"$tmp/bad.xml"
valid "$tmp/bad.xml"
[ "$status" -ne 0 ] || fail 'the schema takes anything'
sed 's/_mad_bytes_per_second{/_mad_bytes_per_second[/' "$tmp/report.prom" >"$tmp/bad.prom"
linted "$tmp/bad.prom"
[ "$status" -ne 0 ] || fail 'promtool takes anything'
