#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is wrong with the command line or with a file it names ends with 64, one line that says where,
# and nothing written.
. "$(dirname -- "$0")/../lib.sh"
need python3

# refused TEXT ARGUMENT...: refused with this text, and neither output nor record is made.
refused() {
  text=$1
  shift
  expect_usage_error "$bin/gpu-probe" "$@" -o "$tmp/out" --record "$tmp/record"
  expect_stderr "$text"
  if [ -e "$tmp/out" ] || [ -e "$tmp/record" ]; then
    fail 'something was written'
  fi
}

refused '--no-such' --no-such
refused 'unexpected argument' honey
refused 'yaml' --format yaml
refused 'gpu' --only host,gpu
refused '--timeout' --timeout 0
refused '--timeout' --timeout 5s
refused '--color' --color blue
refused 'NO_SUCH_CODE' --explain NO_SUCH_CODE
refused '--facts-only' --facts-only --floor honey
refused '--facts-only' --facts-only --format markdown
refused 'no-such-floor' --floor no-such-floor
refused "$tmp" --floor "$tmp"
refused /nonexistent/floor.json --floor /nonexistent/floor.json
refused 'no floor' --floor ''

expect_usage_error "$bin/gpu-probe" --floor
expect_stderr '--floor'

# broken LINE TEXT SED: the floor 'software' changed by sed is refused at this line.
broken() {
  sed "$3" "$build/share/gpu-lane/floors/software.json" >"$tmp/floor.json"
  refused "floor.json:$1: " --floor "$tmp/floor.json"
  expect_stderr "$2"
}
broken 2 'schema' 's,floor/v1,floor/v2,'
broken 2 'unknown key $.colour' '2s/^/"colour": 1,/'
broken 3 'duplicate key $.schema' '3s/^/"schema": "gpu-lane-floor\/v1",/'
broken 8 'is no fact' 's/"gpu.software"/"gpu.softwear"/'
broken 9 'unknown key $.expect[0].equal' '9s/"equals"/"equal"/'
broken 9 'wrong type' '9s/true/"true"/'
broken 10 'severity' '10s/failure/fatal/'
broken 6 'no operator' '9d'

head -c 300 "$build/share/gpu-lane/floors/software.json" >"$tmp/floor.json"
refused 'floor.json:' --floor "$tmp/floor.json"
printf '{"schema": "gpu-lane-floor/v1"} x' >"$tmp/floor.json"
refused 'floor.json:1: ' --floor "$tmp/floor.json"
python3 -c 'print("[" * 40 + "]" * 40)' >"$tmp/floor.json"
refused 'floor.json:1: ' --floor "$tmp/floor.json"
: >"$tmp/floor.json"
refused 'floor.json' --floor "$tmp/floor.json"
head -c 2000000 /dev/zero >"$tmp/floor.json"
refused 'floor.json' --floor "$tmp/floor.json"

# Recorded facts are read as strictly.
printf '{"schema": "gpu-lane-facts/v1", "host": {}, "drm": [],\n"pci": [], "vulkan": {"icd": []},
"collectors": []}\n' >"$tmp/facts.json"
refused 'facts.json:2: unknown key $.vulkan.icd' --replay "$tmp/facts.json"
refused "$tmp" --replay "$tmp"

# The result cannot be written: not a matter of the machine, so it is unknown.
expect_status 2 "$bin/gpu-probe" --only host -o /nonexistent/report
expect_stderr_lines 1
