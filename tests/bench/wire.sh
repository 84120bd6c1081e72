#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# 9P2000.L servers, one client for all of them. "raw" answers with as many bytes and looks at none.
set -eu
. "$(dirname -- "$0")/lib.sh"

serve "$tmp/ours" gpu-bridge-host --mock --listen "unix:$tmp/ours" --max-connections-each 2000
peers="ours,$tmp/ours,/"
if have diod; then
  serve "$tmp/diod" diod -f -n -N -S -U root -L stderr -e "$tmp" -l "$tmp/diod"
  peers="$peers diod,$tmp/diod,$tmp"
fi
go=$(dirname -- "$build")/tools/p9ufs
[ -x "$go" ] || sh "$here/setup-p9ufs.sh" "$go" >"$tmp/go.log" 2>&1 || go=
if [ -n "$go" ]; then
  serve "$tmp/go" "$go" -unix -root "$tmp" "$tmp/go"
  peers="$peers go,$tmp/go,"
fi

# beside SENSE GOAL: our line over each peer's.
beside() {
  for peer in diod go; do
    if [ -n "$(value "$peer" 2 "$tmp/figures")" ]; then
      row "  / $peer" "$(value ours 2 "$tmp/figures")" "$(value "$peer" 2 "$tmp/figures")" "$@"
    else
      absent "  / $peer" 'not installed, or not to be built'
    fi
  done
}

head_row '9P round trip on a unix socket, us'
# shellcheck disable=SC2086 # the list is meant to split
"$tests/bench_wire" calls "$rounds" 5000 raw $peers >"$tmp/figures"
row '  / raw' "$(value ours 2 "$tmp/figures")" "$(value raw 2 "$tmp/figures")" at-most 1.15
beside at-most 1

for clients in 1 10 100 1000; do
  head_row "9P requests/s, $clients clients with 16 requests on the way"
  # shellcheck disable=SC2086
  "$tests/bench_wire" flood "$rounds" 300 "$clients" 16 raw $peers >"$tmp/figures"
  row '  / raw' "$(value ours 2 "$tmp/figures")" "$(value raw 2 "$tmp/figures")"
  beside at-least 2
  echo "  half of ours took $(value ours 5 "$tmp/figures") us," \
    "99 of 100 at most $(value ours 6 "$tmp/figures") us"
done

# A server of its own: what an earlier flood left in the heap would hide what a session costs.
limit=$(awk '/^Max open files/ { print $5 }' /proc/self/limits)
clients=10000
[ "$limit" = unlimited ] || [ "$limit" -gt 10100 ] || clients=$((limit - 100))
serve "$tmp/idle" gpu-bridge-host --mock --listen "unix:$tmp/idle" --max-connections-each "$clients"
kib=$("$tests/bench_wire" idle "$clients" "${servers##* }" "idle,$tmp/idle,/")
echo
echo "$clients idle connections: ${kib#idle } KiB (goal: 10000 in at most 100000)"
