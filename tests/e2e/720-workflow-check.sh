# SPDX-License-Identifier: Apache-2.0
# The action's own step with the real programs: verdict, reports and exit status agree, software is
# never green, and the token is seen by gpu-report alone.
. "$(dirname -- "$0")/../lib.sh"
need python3
lavapipe

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
for name in probe.json facts.json canary-1.json report.md junit.xml metrics.txt; do
  [ -s "$(output reports)/$name" ] || fail "no $name"
done
expect_json "$(output report)" 'doc["verdict"] != "holds"'

# A floor that software holds does not make the lane's verdict green.
check 2 LANE_FLOOR=software
[ "$(output verdict)" = unknown ] || fail "verdict $(output verdict)"
expect_stdout 'the device was a software renderer'

# Green, as it would be on a GPU: doubles say of the software renderer that it is none. Rounds last
# as long as asked.
mkdir "$tmp/bin"
ln -s -- "$bin/gpu-report" "$tmp/bin/"
for program in gpu-probe gpu-canary; do
  cat >"$tmp/bin/$program" <<DOUBLE
#!/bin/sh
env >"$tmp/$program-environment"
"$bin/$program" "\$@" || exit
while [ "\$1" != -o ]; do shift; done
sed -i 's/^\( *"software": \)true/\1false/' "\$2"
DOUBLE
  chmod +x "$tmp/bin/$program"
done
start python3 "$src/tests/github/server.py" "$tmp/port" "$tmp/log" 201
wait_for 10 test -s "$tmp/port"
api=http://127.0.0.1:$(cat "$tmp/port")
check 0 LANE_BIN="$tmp/bin" LANE_FLOOR=software LANE_DURATION=3s
[ "$(output verdict)" = holds ] || fail "verdict $(output verdict)"
[ -s "$(output reports)/canary-2.json" ] || fail 'one round does not last three seconds'
! grep -q -e "$token" -e GITHUB_TOKEN "$tmp"/*-environment ||
  fail 'a driver could see the token'
expect_json "$tmp/log" "([r['body']['name'] for r in doc] ==
  ['gpu-probe: software', 'gpu-canary: software'])"
[ "$(output check-url)" = https://github.example/tinyland-inc/lab/runs/4711 ] ||
  fail "check-url $(output check-url)"
api=http://127.0.0.1:1

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
for wrong in LANE_DURATION=10 LANE_DURATION=5h LANE_DURATION=m LANE_DURATION='1m; id' \
  LANE_DURATION=99999s LANE_STRICT=yes; do
  check 64 LANE_FLOOR=honey "$wrong"
  [ "$(output verdict)" = unknown ] || fail "verdict $(output verdict)"
  expect_stdout '::error title=gpu-canary::'
done
check 64 LANE_FLOOR=no-such-floor
check 64 LANE_FLOOR=honey LANE_WORKLOAD=no-such-workload
