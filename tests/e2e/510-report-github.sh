#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A check run against an API that plays bad days: what it costs is one warning, never the exit
# status, the annotations or the summary.
. "$(dirname -- "$0")/../lib.sh"

token=ghs_secretSECRETsecret0123456789
sha=0123456789abcdef0123456789abcdef01234567
mkdir -p "$tmp/work/floors"
printf '{}\n' >"$tmp/work/floors/test.json"
server=0

# serve ANSWER...: starts a scripted API; sets $url and $log.
serve() {
  server=$((server + 1))
  log=$tmp/log.$server
  start python3 "$src/tests/github/server.py" "$tmp/port.$server" "$log" "$@"
  wait_for 10 test -s "$tmp/port.$server"
  url=http://127.0.0.1:$(cat "$tmp/port.$server")
}

# github RESULT: posts it as a step of a workflow would.
github() {
  : >"$tmp/summary"
  (cd "$tmp/work" && expect_status "$2" env GITHUB_ACTIONS=true GITHUB_API_URL="$url" \
    GITHUB_TOKEN="$token" GITHUB_REPOSITORY=tinyland-inc/lab GITHUB_SHA="$sha" \
    GITHUB_EVENT_NAME="${event-push}" GITHUB_EVENT_PATH="$tmp/event.json" \
    GITHUB_WORKSPACE="$tmp/work" GITHUB_RUN_ID=99 GITHUB_RUN_ATTEMPT=2 \
    GITHUB_JOB=canary GITHUB_STEP_SUMMARY="$tmp/summary" GITHUB_SERVER_URL=https://github.example \
    GITHUB_WORKFLOW_REF=tinyland-inc/lab/.github/workflows/soak.yml@refs/heads/main \
    GPU_LANE_GITHUB_TIMEOUT_S="${budget-3}" "$bin/gpu-report" github "$1")
}

# still_there: the other outlets did their work, and the token is nowhere.
still_there() {
  grep -q '^::error file=floors/test.json,line=1,title=' "$tmp/stdout" || fail 'no annotation'
  grep -q '^### ❌ gpu-probe: broken' "$tmp/summary" || fail 'no summary'
  # Most of it would be as bad as all of it.
  grep -q "${token%????????}" "$tmp/stdout" "$tmp/stderr" "$tmp/summary" &&
    fail 'the token was printed'
  return 0
}

for count in 0 1 50 51 120; do
  python3 "$src/tests/github/result.py" "$count" >"$tmp/$count.json"
done

# All annotations arrive, once each and in order, fifty a request.
for count in 0 1 50 51 120; do
  serve 201 200
  budget=30 github "$tmp/$count.json" "$((count > 0))"
  expect_stderr_lines 0
  expect_json "$log" "[r['method'] for r in doc] == ['POST'] + ['PATCH'] * (($count - 1) // 50)"
  expect_json "$log" "([a['message'].split(chr(10))[0] for r in doc
    for a in r['body']['output']['annotations']] == ['failure number %d' % i for i in range($count)])"
done
expect_json "$log" "([r['path'] for r in doc] == ['/repos/tinyland-inc/lab/check-runs'] +
  ['/repos/tinyland-inc/lab/check-runs/4711'] * 2)"
expect_json "$log" "(all(r['headers']['authorization'] == 'Bearer $token' and
  r['headers']['accept'] == 'application/vnd.github+json, application/json' and
  r['headers']['x-github-api-version'] == '2022-11-28' and
  r['headers']['user-agent'].startswith('gpu-lane/') for r in doc))"
expect_json "$log" "({k: doc[0]['body'][k] for k in ('name', 'head_sha', 'status', 'conclusion',
  'external_id', 'details_url')} == dict(name='gpu-probe: test', head_sha='$sha',
  status='completed', conclusion='failure', external_id='99-2-canary',
  details_url='https://github.example/tinyland-inc/lab/actions/runs/99'))"
expect_json "$log" "(doc[2]['body']['output']['annotations'][0] == dict(path='floors/test.json',
  start_line=101, end_line=101, annotation_level='failure',
  title='An expectation of the floor is broken (EXPECTATION_BROKEN)',
  message='failure number 100' + chr(10) * 2 + 'Remedy: Repair what the finding names.',
  raw_details='{' + chr(10) + '  \"number\": 100' + chr(10) + '}' + chr(10)))"
[ "$(grep -c '^::error ' "$tmp/stdout")" -eq 10 ] || fail 'not ten errors'
grep -q '^::notice .*::110 more findings' "$tmp/stdout" || fail 'the rest is not counted'

# GITHUB_SHA of a pull request is a merge that nobody sees: the run belongs to its head.
printf '{"pull_request": {"head": {"sha": "%s"}}}\n' fedcba9876543210fedcba9876543210fedcba98 \
  >"$tmp/event.json"
serve 201
event=pull_request github "$tmp/1.json" 1
expect_json "$log" "doc[0]['body']['head_sha'] == 'fedcba9876543210fedcba9876543210fedcba98'"

# Refusals are final: one request, one warning.
for answer in 401:GITHUB_DENIED 403:GITHUB_DENIED 404:GITHUB_NOT_FOUND 422:GITHUB_REFUSED; do
  serve "${answer%:*}"
  github "$tmp/51.json" 1
  expect_stderr_lines 1
  expect_stderr "answered ${answer%:*}"
  expect_stderr "[${answer#*:}]"
  expect_json "$log" 'len(doc) == 1'
  still_there
done
serve 201 422
github "$tmp/120.json" 1
expect_stderr 'annotations from 51 of 120 on'
expect_json "$log" 'len(doc) == 2'

# Limits are waited for when that fits, and given up at once when it does not.
serve 429:1 201
github "$tmp/1.json" 1
expect_stderr_lines 0
expect_json "$log" 'len(doc) == 2'
for answer in 429:3600 429:4 quota:3600 429; do
  serve "$answer"
  github "$tmp/1.json" 1
  expect_stderr_lines 1
  expect_stderr '[GITHUB_RATE_LIMITED]'
  expect_stderr 'beyond the 3 s'
  expect_json "$log" 'len(doc) == 1'
  still_there
done

# Trouble is tried again, within the time.
serve 500 201
github "$tmp/1.json" 1
expect_stderr_lines 0
for answer in 500 cut drip mute; do
  serve "$answer"
  github "$tmp/1.json" 1
  expect_stderr_lines 1
  expect_stderr '[GITHUB_UNREACHABLE]'
  still_there
done
for answer in garbage noid huge; do
  serve "$answer"
  github "$tmp/1.json" 1
  expect_stderr_lines 1
  still_there
done
url=http://127.0.0.1:1
github "$tmp/1.json" 1
expect_stderr_lines 1
expect_stderr '[GITHUB_UNREACHABLE]'
still_there

# A renamed repository is followed on the same host; nothing goes to another one.
serve 201
there=$url
there_log=$log
serve "redirect:$there/repos/x/y/check-runs"
github "$tmp/1.json" 1
expect_stderr_lines 1
expect_stderr 'where the token must not go'
[ ! -e "$there_log" ] || fail 'the other host got a request'
still_there
serve "redirect:http://localhost:${url##*:}/x"
github "$tmp/1.json" 1
expect_stderr 'where the token must not go'
serve redirect:/repositories/1/check-runs 201
github "$tmp/1.json" 1
expect_stderr_lines 0
expect_json "$log" "[r['path'] for r in doc][1:] == ['/repositories/1/check-runs']"
expect_json "$log" "doc[1]['method'] == 'POST' and doc[0]['body'] == doc[1]['body']"
serve redirect:/loop
github "$tmp/1.json" 1
expect_stderr_lines 1
expect_json "$log" 'len(doc) == 4'

# A server that echoes the token does not make us print it.
for answer in echo leak twice; do
  serve "$answer"
  github "$tmp/1.json" 1
  expect_stderr_lines 1
  still_there
done

# The summary is appended to what is there, and shortened to what fits.
serve 201 200
budget=30
head -c 1040000 /dev/zero | tr '\0' 'x' >"$tmp/full"
python3 "$src/tests/github/result.py" 2000 >"$tmp/2000.json"
cp "$tmp/full" "$tmp/summary.kept"
run env GITHUB_STEP_SUMMARY="$tmp/summary.kept" "$bin/gpu-report" github "$tmp/2000.json"
[ "$status" -eq 1 ] || fail "exit status $status"
size=$(wc -c <"$tmp/summary.kept")
[ "$size" -le 1048576 ] || fail "the summary has $size bytes: it would be dropped"
[ "$size" -gt 1040500 ] || fail "the summary has $size bytes: nothing was added"
head -c 1040000 "$tmp/summary.kept" | cmp -s - "$tmp/full" || fail 'the summary was overwritten'
tail -1 "$tmp/summary.kept" | grep -q 'more lines left out' || fail 'not said that it is shortened'
