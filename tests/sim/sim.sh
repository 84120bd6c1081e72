#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: sim.sh TREE HISTORIES KILLS
#
# Runs so many histories of each simulator of leases, spread over all processors, and then kills a
# bridge under load so many times. A history that breaks a rule is named by its seed; LEASE_SEED=N with
# the same program replays it.
set -eu

tree=$(cd -- "$1" && pwd)
histories=$2
kills=$3
src=$(cd -- "$(dirname -- "$0")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/gpu-lane-sim.XXXXXX")
trap 'rm -rf -- "$work"' EXIT

shards=$(nproc)
each=$(((histories + shards - 1) / shards))
failed=0
for simulator in lease_simulation_test lease_crash_test; do
  echo "$simulator: $((each * shards)) histories"
  pids=
  shard=0
  while [ "$shard" -lt "$shards" ]; do
    LEASE_SEED=$((shard * each + 1)) LEASE_HISTORIES=$each "$tree/tests/$simulator" \
      >"$work/$simulator.$shard" 2>&1 &
    pids="$pids $!"
    shard=$((shard + 1))
  done
  for pid in $pids; do
    wait "$pid" || failed=1
  done
  grep -hE 'LEASE_SEED=| histories: ' "$work/$simulator".* || [ "$failed" -eq 0 ]
done
LANE_KILLS=$kills LANE_TEST_TIMEOUT=3600 sh "$src/tests/e2e/365-journal-kill.sh" "$tree" || failed=1
[ "$failed" -eq 0 ] || echo 'a rule was broken'
exit "$failed"
