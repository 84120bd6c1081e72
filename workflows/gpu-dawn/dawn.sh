#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs dawn/gpu-dawn.js, reports, and ends with its status: 0 holds, 1 broken, 2 unknown.
#
#   LANE_BIN            folder of gpu-report
#   LANE_DAWN_PACKAGE   folder of the npm package webgpu; empty: the pinned one, by npm
#   LANE_REPORTS        folder for the reports; empty: a new one
#   LANE_TOKEN          for the check run. It goes to gpu-report alone: drivers are untrusted code
#
# Outputs: verdict, report, check-url (from gpu-report).
set -eu

: "${LANE_BIN:?}" "${RUNNER_TEMP:?}" "${GITHUB_OUTPUT:?}"
token=${LANE_TOKEN-}
unset LANE_TOKEN GITHUB_TOKEN
dawn=$(CDPATH='' cd -- "$(dirname -- "$0")/../../dawn" && pwd)

output() {
  printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
}

fail() {
  printf '::error title=gpu-dawn gave no verdict::%s\n' "$1"
  exit 2
}

output verdict unknown
reports=${LANE_REPORTS:-$(mktemp -d "${RUNNER_TEMP%/}/gpu-dawn.XXXXXX")}
report=$reports/dawn.json
pause=$(od -A n -N 16 -t x1 /dev/urandom | tr -d ' \n')

command -v node >/dev/null || fail 'node is not on PATH'
package=${LANE_DAWN_PACKAGE-}
if [ -z "$package" ]; then
  command -v npm >/dev/null || fail 'npm is not on PATH, and no package is given'
  modules=$(mktemp -d "${RUNNER_TEMP%/}/gpu-dawn.XXXXXX")
  cp -- "$dawn/package.json" "$dawn/package-lock.json" "$modules/"
  npm ci --prefix "$modules" --ignore-scripts --no-audit --no-fund ||
    fail 'npm does not bring what package-lock.json names'
  package=$modules/node_modules/webgpu
fi

printf '::stop-commands::%s\n' "$pause"
node "$dawn/gpu-dawn.js" --package "$package" -o "$report" &
child=$!
# The runner signals this process alone; a trapped signal ends wait before the child has ended.
trap 'kill -TERM "$child"' INT TERM
while :; do
  status=0
  wait "$child" || status=$?
  kill -0 "$child" 2>/dev/null || break
done
trap - INT TERM
printf '::%s::\n' "$pause"
if [ "$status" -gt 2 ] || [ ! -s "$report" ]; then
  fail "it ended with status $status; what it said stands above"
fi
output report "$report"
for form in markdown:dawn.md html:dawn.html; do
  written=0
  "$LANE_BIN/gpu-report" "${form%%:*}" -o "$reports/${form#*:}" "$report" || written=$?
  [ "$written" -le 2 ] || echo "::warning title=gpu-report::no ${form%%:*} form: status $written"
done
final=0
GITHUB_TOKEN=$token "$LANE_BIN/gpu-report" github "$report" || final=$?
# The worse of the two counts, as in gpu-canary's check.sh.
case $status$final in
  *1*) final=1 ;;
  *[!0]*) final=2 ;;
esac
case $final in
  0) output verdict holds ;;
  1) output verdict broken ;;
esac
exit "$final"
