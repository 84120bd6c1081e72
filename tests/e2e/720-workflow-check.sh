# SPDX-License-Identifier: Apache-2.0
# The action's own step with the real programs: verdict, reports and exit status agree, software is
# never green, a cancelled step still reports, and the token is seen by gpu-report alone.
. "$(dirname -- "$0")/../lib.sh"
need python3
lavapipe
unset GPU_LANE_BRIDGE

token=ghs_secretSECRETsecret0123456789
mkdir "$tmp/temp" "$tmp/work"
# check STATUS VARIABLE=VALUE...: the step as the runner would start it; fills $tmp/output.
check() {
  expected=$1
  shift
  : >"$tmp/output"
  : >"$tmp/summary"
  expect_status "$expected" env -C "$tmp/work" GITHUB_ACTIONS=true GITHUB_OUTPUT="$tmp/output" \
    GITHUB_STEP_SUMMARY="$tmp/summary" GITHUB_WORKSPACE="$tmp/work" RUNNER_TEMP="$tmp/temp" \
    GITHUB_REPOSITORY=tinyland-inc/lab GITHUB_SHA=0123456789abcdef0123456789abcdef01234567 \
    GITHUB_EVENT_NAME=push GITHUB_RUN_ID=99 GITHUB_RUN_ATTEMPT=1 GITHUB_JOB=canary \
    GITHUB_API_URL="${api-http://127.0.0.1:1}" GITHUB_SERVER_URL=https://github.example \
    GPU_LANE_GITHUB_TIMEOUT_S=2 LANE_BIN="$bin" LANE_TOKEN="$token" LANE_WORKLOAD=vadd "$@" \
    sh "$src/workflows/gpu-canary/check.sh"
  ! grep -q "$token" "$tmp/stdout" "$tmp/stderr" "$tmp/output" "$tmp/summary" ||
    fail 'the token was printed'
}
# output NAME: its value; the last one counts, as for the runner.
output() {
  sed -n "s/^$1=//p" "$tmp/output" | tail -n 1
}

# No GPU, the lane's floor: broken.
check 1 LANE_FLOOR=honey
[ "$(output verdict)" = broken ] || fail "verdict $(output verdict)"
grep -q '^::error .*title=' "$tmp/stdout" || fail 'no annotation'
grep -q '^### ❌' "$tmp/summary" || fail 'no summary'
for name in probe.json facts.json canary.json report.md report.html junit.xml metrics.txt; do
  [ -s "$(output reports)/$name" ] || fail "no $name"
done
expect_json "$(output report)" 'doc["verdict"] != "holds"'

# A floor that software holds does not make the lane's verdict green.
check 2 LANE_FLOOR=software
[ "$(output verdict)" = unknown ] || fail "verdict $(output verdict)"

# Green, as it would be on a GPU: doubles say of the software renderer that it is none, and print
# what a driver might.
mkdir "$tmp/bin"
ln -s -- "$bin/gpu-report" "$tmp/bin/"
for program in gpu-probe gpu-canary; do
  cat >"$tmp/bin/$program" <<DOUBLE
#!/bin/sh
env >"$tmp/$program-environment"
echo '::error title=driver::from a driver'
echo '::set-output name=check-url::https://elsewhere.example' >&2
allow=
[ $program = gpu-probe ] || allow=--allow-software
[ -z "\${HONEST-}" ] || exec "$bin/$program" \$allow "\$@"
"$bin/$program" \$allow "\$@" || exit
while [ "\$1" != -o ]; do shift; done
sed -i 's/^\( *"software": \)true/\1false/' "\$2"
DOUBLE
  chmod +x "$tmp/bin/$program"
done
start python3 "$src/tests/github/server.py" "$tmp/port" "$tmp/log" 201
wait_for 10 test -s "$tmp/port"
api=http://127.0.0.1:$(cat "$tmp/port")
check 0 LANE_BIN="$tmp/bin" LANE_FLOOR=software LANE_DURATION=1s LANE_COMPARE_CPU=true
[ "$(output verdict)" = holds ] || fail "verdict $(output verdict)"
expect_json "$(output report)" "doc['soak']['complete'] and 'cpu_simd' in doc['workloads'][0]['params']"
grep -q '| load | ' "$(output reports)/report.md" || fail 'the Markdown has no soak'
expect_json "$(output reports)/trace.json" "any(e['name'] == 'soak' for e in doc['traceEvents'])"
# What the runner takes for a command is what stands outside of stop-commands.
awk '/^::stop-commands::/ { token = substr($0, 18); next }
  token != "" { if ($0 == "::" token "::") token = ""; next }
  /^::/' "$tmp/stdout" >"$tmp/commands"
[ "$(grep -c 'from a driver' "$tmp/stdout")" -eq 2 ] || fail 'a double did not print'
! grep -q 'from a driver' "$tmp/commands" || fail 'a driver speaks as the step'
! grep -q -e "$token" -e GITHUB_TOKEN "$tmp"/*-environment ||
  fail 'a driver could see the token'
expect_json "$tmp/log" "([r['body']['name'] for r in doc] ==
  ['gpu-probe: software', 'gpu-canary: software'])"
[ "$(output check-url)" = https://github.example/tinyland-inc/lab/runs/4711 ] ||
  fail "check-url $(output check-url)"
expect_status 0 "$bin/gpu-canary" history "$(output reports)/history.jsonl"
api=http://127.0.0.1:1
# Where the node has a bridge the lease is its: nobody measures beside its tenants.
start "$bin/gpu-bridge-host" --allow-software --listen "unix:$tmp/bridge.sock"
wait_for 20 test -S "$tmp/bridge.sock"
check 0 LANE_BIN="$tmp/bin" LANE_FLOOR=software GPU_LANE_BRIDGE="unix:$tmp/bridge.sock"
expect_json "$(output report)" "doc['lease']['bridge'] == 'unix:$tmp/bridge.sock'"
check 2 LANE_BIN="$tmp/bin" LANE_FLOOR=software GPU_LANE_BRIDGE="unix:$tmp/none.sock"
[ "$(output verdict)" = unknown ] || fail "verdict $(output verdict)"
# Software that is called so is not green, even where the programs let it pass.
check 2 LANE_BIN="$tmp/bin" LANE_FLOOR=software HONEST=1
[ "$(output verdict)" = unknown ] || fail "verdict $(output verdict)"
expect_stdout 'the device was a software renderer'

# A cancelled job: the runner signals the step's own process. The load ends, what was seen is kept.
: >"$tmp/output"
: >"$tmp/summary"
start env --default-signal=INT -C "$tmp/work" GITHUB_ACTIONS=true GITHUB_OUTPUT="$tmp/output" \
  GITHUB_STEP_SUMMARY="$tmp/summary" RUNNER_TEMP="$tmp/temp" LANE_BIN="$tmp/bin" HONEST=1 \
  LANE_FLOOR=software LANE_WORKLOAD=vadd LANE_DURATION=90s sh "$src/workflows/gpu-canary/check.sh"
# From here on gpu-canary takes a signal as the wish to end: INT and TERM are blocked.
takes_signals() {
  canary=$(pgrep -P "$pid" -x gpu-canary) && grep -q '^SigBlk:.*4002$' "/proc/$canary/status"
}
wait_for 20 takes_signals
kill -INT "$pid"
status=0
wait "$pid" || status=$?
[ "$status" -eq 2 ] || fail "a cancelled step ended with $status"
[ "$(output verdict)" = unknown ] || fail "verdict $(output verdict)"
expect_json "$(output report)" "[f['code'] for f in doc['findings']].count('CANARY_INTERRUPTED') == 1"
for name in canary.json report.md report.html trace.json; do
  [ -s "$(output reports)/$name" ] || fail "a cancelled step keeps no $name"
done
grep -q 'gpu-canary: unknown' "$tmp/summary" || fail 'a cancelled step has no summary'

# A crash, a program that is not there, and a result that is not there are never green.
printf '#!/bin/sh\nkill -ABRT $$\n' >"$tmp/bin/gpu-canary"
check 134 LANE_BIN="$tmp/bin" LANE_FLOOR=software
[ "$(output verdict)" = unknown ] || fail "verdict $(output verdict)"
expect_stdout '::error title=gpu-canary gave no verdict::'
printf '#!/bin/sh\nexit 0\n' >"$tmp/bin/gpu-canary"
check 2 LANE_BIN="$tmp/bin" LANE_FLOOR=software
[ "$(output verdict)" = unknown ] || fail "verdict $(output verdict)"
rm "$tmp/bin/gpu-canary"
check 127 LANE_BIN="$tmp/bin" LANE_FLOOR=software

# Inputs that make no sense are refused with one line.
for wrong in LANE_DURATION=10 LANE_DURATION=200h LANE_DURATION='1m; id' LANE_STRICT=yes \
  LANE_COMPARE_CPU=1 LANE_BASELINE="$tmp/no-such-file"; do
  check 64 LANE_FLOOR=honey "$wrong"
  [ "$(output verdict)" = unknown ] || fail "verdict $(output verdict)"
  expect_stdout '::error title=gpu-canary'
done
check 64 LANE_FLOOR=no-such-floor
check 64 LANE_FLOOR=honey LANE_WORKLOAD=no-such-workload
