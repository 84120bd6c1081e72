#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A check run with 5,000 annotations against a local server.
set -eu
. "$(dirname -- "$0")/lib.sh"

python3 "$here/../github/result.py" 5000 >"$tmp/result.json"
mkdir -p "$tmp/work/floors"
echo '{}' >"$tmp/work/floors/test.json"
python3 "$here/api.py" "$tmp/port" "$tmp/count" &
servers=$!
until [ -s "$tmp/port" ]; do
  sleep 0.05
done
cd "$tmp/work"
start=$(date +%s%N)
status=0
env GITHUB_ACTIONS=true GITHUB_API_URL="http://127.0.0.1:$(cat "$tmp/port")" GITHUB_TOKEN=none \
  GITHUB_REPOSITORY=tinyland-inc/lab GITHUB_SHA=0123456789abcdef0123456789abcdef01234567 \
  GITHUB_EVENT_NAME=push GITHUB_WORKSPACE="$tmp/work" GITHUB_STEP_SUMMARY="$tmp/summary" \
  gpu-report github "$tmp/result.json" >"$tmp/out" || status=$?
ms=$((($(date +%s%N) - start) / 1000000))
[ "$status" -eq 1 ] || exit 1
head_row 'a check run with 5000 annotations'
row 'requests / 50 annotations each' "$(cat "$tmp/count")" 100 at-most 1
row 'ms / one second' "$ms" 1000 at-most 1
