#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Check runs against GitHub's own OpenAPI document, which Prism serves and enforces: every request
# is accepted, and a wrong one is seen to be refused by the same setup.
. "$(dirname -- "$0")/../lib.sh"

outcome=0
bed=$(sh "$src/tests/bed/setup-npm.sh" prism github) || outcome=$?
[ "$outcome" -ne 77 ] || skip "$bed"
[ "$outcome" -eq 0 ] || fail 'the bed could not be set up'
need node openssl

port=$(python3 -c 'import socket
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    print(s.getsockname()[1])')
start node "$bed/node_modules/@stoplight/prism-cli/dist/index.js" mock --errors -h 127.0.0.1 \
  -p "$port" "$bed/node_modules/@octokit/openapi/generated/api.github.com.json"
prism_log=$tmp/node.log
url=http://127.0.0.1:$port
wait_for 120 grep -q 'Prism is listening' "$prism_log"

# github RESULT STATUS: posts it; one line on stderr would be a request that was not accepted.
github() {
  expect_status "$2" env GITHUB_ACTIONS=true GITHUB_API_URL="$url" GITHUB_TOKEN=ghs_test \
    GITHUB_REPOSITORY=tinyland-inc/lab GITHUB_SHA=0123456789abcdef0123456789abcdef01234567 \
    GITHUB_EVENT_NAME=push GITHUB_WORKSPACE="$src" GITHUB_RUN_ID=99 GITHUB_JOB=canary \
    GITHUB_STEP_SUMMARY="$tmp/summary" GITHUB_SERVER_URL=https://github.com \
    GITHUB_WORKFLOW_REF=tinyland-inc/lab/.github/workflows/soak.yml@refs/heads/main \
    "$bin/gpu-report" github "$1"
  expect_stderr_lines 0
}

requests() {
  grep -c 'Request received' "$prism_log"
}

for count in 0:1 1:1 50:1 51:2 120:3; do
  python3 "$src/tests/github/result.py" "${count%:*}" >"$tmp/result.json"
  before=$(requests) || before=0
  github "$tmp/result.json" "$((${count%:*} > 0))"
  [ "$(requests)" -eq $((before + ${count#*:})) ] || fail "$count: not so many requests"
done
# Every level, hostile strings, and texts longer than any limit.
python3 "$src/tests/github/result.py" 30 30 30 >"$tmp/result.json"
github "$tmp/result.json" 1
github "$src/tests/golden/report-canary-hostile.json" 1
python3 -c 'import json, sys
doc = json.load(open(sys.argv[1]))
for key in ("title", "message", "remedy"):
    doc["findings"][0][key] = "é" * 200000
json.dump(doc, sys.stdout)' "$tmp/result.json" >"$tmp/long.json"
github "$tmp/long.json" 1

# As a GitHub App: the installation, a token of it, and the check run.
openssl genrsa -out "$tmp/key.pem" 2048 2>/dev/null
export GPU_LANE_APP_ID=Iv1.0123456789abcdef GPU_LANE_APP_KEY_FILE="$tmp/key.pem"
python3 "$src/tests/github/result.py" 1 >"$tmp/result.json"
before=$(requests)
github "$tmp/result.json" 1
[ "$(requests)" -eq $((before + 3)) ] || fail 'not the three requests of an App'

# The same setup sees a wrong level.
expect_status 0 python3 "$src/tests/github/wrong_level.py" "$url/repos/tinyland-inc/lab/check-runs"
expect_stdout '422 '
expect_stdout 'annotation_level'
