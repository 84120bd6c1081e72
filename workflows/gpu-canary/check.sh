#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Holds the lane to its floor, computes on it, reports, and ends with the programs' own status: 0
# holds, 1 broken, 2 unknown; any other status is one that no verdict came with.
#
#   LANE_BIN        folder of the programs
#   LANE_FLOOR      name or file of the floor
#   LANE_SUITE LANE_WORKLOAD LANE_DEVICE LANE_STRICT   as gpu-canary takes them; empty: its default
#   LANE_DURATION   computes round after round for so long (90s, 10m, 1h; empty: one round)
#   LANE_TOKEN      for the check run. It goes to gpu-report alone: drivers are untrusted code
#
# Outputs: verdict, reports (a folder), report (the JSON that decided), check-url (from gpu-report).
set -eu

: "${LANE_BIN:?}" "${RUNNER_TEMP:?}" "${GITHUB_OUTPUT:?}"
token=${LANE_TOKEN-}
unset LANE_TOKEN GITHUB_TOKEN

output() {
  printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
}

# A verdict is there from the start, so that no way out of this script leaves a green one.
reports=$(mktemp -d "${RUNNER_TEMP%/}/gpu-canary.XXXXXX")
output verdict unknown
output reports "$reports"

usage() {
  printf '::error title=gpu-canary::%s\n' "$(printf '%s' "$1" | tr '\r\n' '  ' | sed 's/%/%25/g')"
  exit 64
}

# seconds DURATION: prints it, up to four hours.
seconds() {
  number=${1%[smh]}
  case $number in
    '' | *[!0-9]* | ?????*) return 1 ;;
  esac
  case $1 in
    *s) unit=1 ;;
    *m) unit=60 ;;
    *h) unit=3600 ;;
    *) return 1 ;;
  esac
  number=$(printf '%s' "$number" | sed 's/^0*//')
  total=$((${number:-0} * unit))
  [ "$total" -le 14400 ] || return 1
  printf '%s' "$total"
}

length=0
if [ -n "${LANE_DURATION-}" ]; then
  length=$(seconds "$LANE_DURATION") ||
    usage "duration \"$LANE_DURATION\" is no number with s, m or h up to 4h"
fi
case ${LANE_STRICT:-false} in
  true | false) ;;
  *) usage "strict is true or false, not \"$LANE_STRICT\"" ;;
esac

# judge PROGRAM FILE ARGUMENT...: runs it; its result must be there, whatever its status.
judge() {
  program=$1
  file=$2
  shift 2
  status=0
  "$LANE_BIN/$program" --floor "${LANE_FLOOR:?}" --format json -o "$file" "$@" || status=$?
  if [ "$status" -gt 2 ] || [ ! -s "$file" ]; then
    printf '::error title=%s gave no verdict::it ended with status %s\n' "$program" "$status"
    [ "$status" -gt 2 ] || status=2
    exit "$status"
  fi
}

if [ "${LANE_STRICT:-false}" = true ]; then
  strict=--strict
else
  strict=
fi
# shellcheck disable=SC2086 # an empty $strict is meant to vanish
judge gpu-probe "$reports/probe.json" --record "$reports/facts.json" $strict
probe_status=$status

set -- ${LANE_SUITE:+"--suite=$LANE_SUITE"} ${LANE_WORKLOAD:+"--workload=$LANE_WORKLOAD"} \
  ${LANE_DEVICE:+"--device=$LANE_DEVICE"} ${strict:+"$strict"}
begun=$(date +%s)
round=0
while :; do
  round=$((round + 1))
  report=$reports/canary-$round.json
  judge gpu-canary "$report" "$@"
  # The first round that does not hold is the one to tell about.
  if [ "$status" -ne 0 ] || [ $(($(date +%s) - begun)) -ge "$length" ]; then
    break
  fi
done
printf '%s rounds in %s s, reports in %s\n' "$round" "$(($(date +%s) - begun))" "$reports"

# For people, test reporters and Prometheus. A form that cannot be written takes no verdict away.
for form in markdown:report.md junit:junit.xml openmetrics:metrics.txt; do
  written=0
  "$LANE_BIN/gpu-report" "${form%%:*}" -o "$reports/${form#*:}" "$reports/probe.json" "$report" ||
    written=$?
  [ "$written" -le 2 ] || echo "::warning title=gpu-report::no ${form%%:*} form: status $written"
done
# Annotations, summary and check run; posting never fails, so the status is that of the worst result.
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
