# SPDX-License-Identifier: Apache-2.0
# A command line that cannot be meant is refused with status 64 and one line, before anything is done.
. "$(dirname -- "$0")/../lib.sh"

mkdir "$tmp/folder"
printf '{"schema": "gpu-lane-floor/v1", "schema": 1}\n' >"$tmp/twice.json"
refuse() {
  expect_usage_error "$bin/gpu-canary" -o "$tmp/report" "$@"
  [ ! -e "$tmp/report" ] || fail 'a report was written'
}
refuse --no-such-option
refuse walk
refuse run list
refuse --suite slow
refuse --workload
refuse --workload ''
refuse --workload vadd,nothing
refuse --workload vadd,vadd
refuse --device gpu0
refuse --device 'name:('
refuse --mem-mb 0
refuse --mem-mb 12x
refuse --ttl -1
refuse --streams 256
refuse --timeout 0
refuse --format yaml
refuse --color pink
refuse --bridge unix:/a --embedded
refuse --direct --ttl 5
refuse --floor no-such-floor
refuse --floor "$tmp/folder"
refuse --floor "$tmp/twice.json"
expect_stderr twice.json:1
# Before anything runs, not after half an hour.
refuse --allow-software --soak 30m --output "$tmp/no/such/report.json"
expect_stderr 'no/such/report.json: No such file or directory'
refuse --allow-software --html "$tmp/folder"
refuse --allow-software --trace "$tmp/no/such/trace.json"
refuse --allow-software --history "$tmp/no/such/history"
refuse --allow-software --baseline "$tmp/no/such/baseline" --update-baseline
refuse list

expect_status 0 "$bin/gpu-canary" --allow-software list
expect_status 0 "$bin/gpu-canary" list
expect_no_stderr ''
for workload in vadd saxpy copy triad reduce matmul; do
  expect_stdout "$workload "
done
expect_status 0 "$bin/gpu-canary" --help
expect_stdout 'usage: gpu-canary'
expect_status 0 "$bin/gpu-canary" --version
