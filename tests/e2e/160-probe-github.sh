#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --github of gpu-probe and gpu-canary reaches the step through gpu-report beside them: annotations
# on stdout only where no document is, the summary always, and without gpu-report one warning.
. "$(dirname -- "$0")/../lib.sh"
need python3
lavapipe
export GITHUB_ACTIONS=true GITHUB_STEP_SUMMARY="$tmp/summary" GITHUB_WORKSPACE="$src"
replayed=$src/tests/data/facts/lavapipe.json

# posted STATUS COMMAND...: it ends so and has written the summary.
posted() {
  : >"$tmp/summary"
  expect_status "$@"
  grep -q '^### ' "$tmp/summary" || fail 'no step summary'
}

posted 1 "$bin/gpu-probe" --floor honey --replay "$replayed" --github
expect_stdout '::error'
expect_stdout 'BROKEN'
posted 1 "$bin/gpu-probe" --floor honey --replay "$replayed" --github --format json
expect_no_stdout '::error'
expect_json "$tmp/stdout" 'doc["verdict"] == "broken"'
posted 1 "$bin/gpu-probe" --floor honey --replay "$replayed" --github --format json -o "$tmp/file"
expect_stdout '::error'
expect_json "$tmp/file" 'doc["verdict"] == "broken"'
posted 0 "$bin/gpu-probe" --floor software --replay "$replayed" --github

posted 0 "$bin/gpu-canary" --direct --allow-software --workload vadd --github
posted 2 "$bin/gpu-canary" --direct --workload vadd --github --format json
expect_json "$tmp/stdout" 'doc["tool"] == "gpu-canary"'

# A copy without gpu-report: the verdict is the same.
mkdir -p "$tmp/alone/bin"
cp -- "$bin/gpu-probe" "$tmp/alone/bin/"
cp -R -- "$build/share" "$tmp/alone/"
expect_status 1 "$tmp/alone/bin/gpu-probe" --floor honey --replay "$replayed" --github
expect_stderr_lines 1
expect_stderr "nothing is posted: $tmp/alone/bin/gpu-report"

# What an HTTP library costs at the start is paid by the one program that speaks HTTP.
for program in gpu-probe gpu-canary; do
  if ldd "$bin/$program" | grep -q libcurl; then
    fail "$program starts with libcurl"
  fi
done
ldd "$bin/gpu-report" | grep -q libcurl || fail 'gpu-report does not start with libcurl'
