#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Holds the lane to its floor, computes on it, reports, and ends with the programs' own status: 0
# holds, 1 broken, 2 unknown; any other status is one that no verdict came with.
#
#   LANE_BIN        folder of the programs
#   LANE_FLOOR      name or file of the floor
#   LANE_SUITE LANE_WORKLOAD LANE_DEVICE LANE_BASELINE LANE_COMPARE_CPU LANE_STRICT
#                   as gpu-canary takes them; empty: its default
#   LANE_DURATION   keeps the load on for so long after the measurement (90s, 10m, 1h; empty: not)
#   GPU_LANE_BRIDGE address of the node's bridge, where the lane has one: the work is leased from it
#   LANE_TOKEN      for the check run. It goes to gpu-report alone: drivers are untrusted code
#
# Outputs: verdict, reports (a folder), report (the JSON that decided), check-url (from gpu-report).
#
# A cancelled job gets SIGINT here and has ten seconds: what was seen until then is still reported.
set -eu

: "${LANE_BIN:?}" "${LANE_FLOOR:?}" "${RUNNER_TEMP:?}" "${GITHUB_OUTPUT:?}"
token=${LANE_TOKEN-}
unset LANE_TOKEN GITHUB_TOKEN

output() {
  printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
}

# A verdict is there from the start, so that no way out of this script leaves a green one.
reports=$(mktemp -d "${RUNNER_TEMP%/}/gpu-canary.XXXXXX")
output verdict unknown
output reports "$reports"

for flag in "strict=${LANE_STRICT:-false}" "compare-cpu=${LANE_COMPARE_CPU:-false}"; do
  case ${flag#*=} in
    true | false) ;;
    *)
      printf '::error title=gpu-canary::%s is true or false, not "%s"\n' "${flag%%=*}" \
        "$(printf '%s' "${flag#*=}" | tr '\r\n' '  ' | sed 's/%/%25/g')"
      exit 64
      ;;
  esac
done
strict=
[ "${LANE_STRICT:-false}" = false ] || strict=--strict
compare_cpu=
[ "${LANE_COMPARE_CPU:-false}" = false ] || compare_cpu=--compare-cpu

# What a driver prints must not be taken for a command of this step.
pause=$(od -A n -N 16 -t x1 /dev/urandom | tr -d ' \n')

child=
cancelled=
# Once: a second signal would stop the canary without a report.
# shellcheck disable=SC2317 # called by the trap
cancel() {
  if [ -n "$child" ] && [ -z "$cancelled" ] && kill -TERM "$child"; then
    echo 'cancelled: what was seen until now is reported'
  fi
  cancelled=yes
}
trap cancel INT TERM

# judge PROGRAM FILE ARGUMENT...: runs it; its result must be there, whatever its status.
judge() {
  program=$1
  file=$2
  shift 2
  printf '::stop-commands::%s\n' "$pause"
  "$LANE_BIN/$program" --floor "$LANE_FLOOR" --format json -o "$file" ${strict:+"$strict"} "$@" &
  child=$!
  # A trapped signal ends wait before the child has ended.
  while :; do
    status=0
    wait "$child" || status=$?
    kill -0 "$child" 2>/dev/null || break
  done
  child=
  printf '::%s::\n' "$pause"
  if [ "$status" -gt 2 ] || [ ! -s "$file" ]; then
    printf '::error title=%s gave no verdict::it ended with status %s; what it said stands above\n' \
      "$program" "$status"
    [ "$status" -gt 2 ] || status=2
    exit "$status"
  fi
}

judge gpu-probe "$reports/probe.json" --record "$reports/facts.json"
probe_status=$status
[ -z "$cancelled" ] || exit 2

report=$reports/canary.json
judge gpu-canary "$report" --trace "$reports/trace.json" --history "$reports/history.jsonl" \
  ${LANE_SUITE:+"--suite=$LANE_SUITE"} ${LANE_WORKLOAD:+"--workload=$LANE_WORKLOAD"} \
  ${LANE_DEVICE:+"--device=$LANE_DEVICE"} ${LANE_BASELINE:+"--baseline=$LANE_BASELINE"} \
  ${LANE_DURATION:+"--soak=$LANE_DURATION"} ${compare_cpu:+"$compare_cpu"} \
  ${GPU_LANE_BRIDGE:+"--bridge=$GPU_LANE_BRIDGE"}

# For people, test reporters and Prometheus. A form that cannot be written takes no verdict away.
for form in markdown:report.md html:report.html junit:junit.xml openmetrics:metrics.txt; do
  written=0
  "$LANE_BIN/gpu-report" "${form%%:*}" -o "$reports/${form#*:}" "$reports/probe.json" "$report" ||
    written=$?
  [ "$written" -le 2 ] || echo "::warning title=gpu-report::no ${form%%:*} form: status $written"
done
printf '::stop-commands::%s\n' "$pause"
"$LANE_BIN/gpu-report" text --quiet --color never "$reports/probe.json" "$report" || written=$?
printf '::%s::\n' "$pause"
# Annotations, summary and check run; posting never fails, so the status is that of the worst result.
if [ -n "$cancelled" ]; then
  export GPU_LANE_GITHUB_TIMEOUT_S=2
fi
final=0
GITHUB_TOKEN=$token "$LANE_BIN/gpu-report" github ${strict:+"$strict"} "$reports/probe.json" \
  "$report" || final=$?

# A report that is milder than the programs themselves would be a defect: the worse counts.
if [ "$final" -le 2 ]; then
  case $probe_status$status$final in
    *1*) final=1 ;;
    *2*) final=2 ;;
  esac
fi
# A floor may ask for a software renderer, as the tool's own tests do; a lane may not.
if [ "$final" -eq 0 ] && grep -q '^ *"software": true' "$reports/probe.json" "$report"; then
  echo '::error title=gpu-canary::the device was a software renderer, which proves nothing of a lane'
  final=2
fi
case $final in
  0) output verdict holds ;;
  1) output verdict broken ;;
esac
if [ "$probe_status" -ne 0 ] && [ "$status" -eq 0 ]; then
  report=$reports/probe.json
fi
output report "$report"
exit "$final"
