#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Leases: what the journal costs, and what many of them cost.
set -eu
. "$(dirname -- "$0")/lib.sh"

serve "$tmp/ours" gpu-bridge-host --mock --listen "unix:$tmp/ours" --state "$tmp/state"
"$tests/bench_lease" pairs "$rounds" 20 "unix:$tmp/ours" "$tmp/state" >"$tmp/figures"
revoked=$("$tests/bench_lease" revoke "$rounds" "unix:$tmp/ours")
stop_servers
head_row "a lease acquired and released, $(value bytes 2 "$tmp/figures") bytes on disk, us"
row '  / fdatasync of the same bytes, twice' "$(value ours 2 "$tmp/figures")" \
  "$(value fdatasync 2 "$tmp/figures")" at-most 1.3
if have etcd && have python3; then
  python3 "$here/etcd.py" "$tmp/etcd" $((rounds * 20)) >"$tmp/etcd.figures"
  row '  / etcd' "$(value ours 2 "$tmp/figures")" "$(value etcd 2 "$tmp/etcd.figures")" at-most 0.1
else
  absent '  / etcd' 'packages etcd-server and python3'
fi

echo
echo "from REVOKE until the old fid is dead and the next has the lease: ${revoked#revoke } us"
echo 'expiry, 250 leases a GPU: leases, ns for each from request to end'
"$tests/bench_lease" expiry 1000 10000 100000 1000000

# A session has one lease of a GPU at most, and a GPU 8 streams.
serve "$tmp/many" gpu-bridge-host --mock-gpus 1250 --listen "unix:$tmp/many" --state "$tmp/ends"
"$tests/bench_expiry" "$tmp/many" "$tmp/ends" 1250 8 5 >"$tmp/figures"
stop_servers
head_row "$(value leases 2 "$tmp/figures") leases alive, over within $(value leases 3 "$tmp/figures") s: lateness, us"
column=2
for part in median '99 of 100' most; do
  row "capacity free / a timerfd, idle: $part" "$(value freed "$column" "$tmp/figures")" \
    "$(value timer "$column" "$tmp/figures")"
  column=$((column + 1))
done
row 'told on events, on disk / 20 ms: 99 of 100' "$(value told 3 "$tmp/figures")" 20000 at-most 1
row 'told on events, on disk / 20 ms: most' "$(value told 4 "$tmp/figures")" 20000 at-most 1

"$tests/bench_lease" restart 1000000 "$tmp/journal" >"$tmp/figures"
head_row 'a journal of 1000000 records, ms'
row 'restart / reading all files' "$(value restart 2 "$tmp/figures")" \
  "$(value read 2 "$tmp/figures")"
row 'audit verify / reading all files' "$(value verify 2 "$tmp/figures")" \
  "$(value read 2 "$tmp/figures")"
