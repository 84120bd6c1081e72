#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Instructions of the bridge, by callgrind: the same whatever else the machine does, so that a change
# can be judged by them. Two runs that differ in their number of requests; what a start costs cancels.
set -eu
. "$(dirname -- "$0")/lib.sh"

# instructions NAME COMMAND...: what the bridge spends while COMMAND runs, with its start and end.
instructions() {
  name=$1
  shift
  rm -f "$tmp/$name"
  serve "$tmp/$name" valgrind --tool=callgrind --callgrind-out-file=/dev/null \
    "$(command -v gpu-bridge-host)" --mock --listen "unix:$tmp/$name"
  "$@" >/dev/null
  stop_servers
  sed -n 's/.*Collected : //p' "$tmp/$name.log"
}

# each TEXT FEW MANY INSTRUCTIONS-OF-FEW INSTRUCTIONS-OF-MANY
each() {
  awk -v text="$1" -v few="$2" -v many="$3" -v few_ir="$4" -v many_ir="$5" 'BEGIN {
    printf "%-44s %12.0f\n", text, (many_ir - few_ir) / (many - few)
  }'
}

printf '\n%-44s %12s\n' 'instructions of the bridge, by callgrind' each
few=$(instructions few "$tests/bench_wire" calls 1 500 "ours,$tmp/few,/")
many=$(instructions many "$tests/bench_wire" calls 1 1500 "ours,$tmp/many,/")
# A round that is not counted comes first: twice as many calls.
each 'a Tgetattr and its reply' 1000 3000 "$few" "$many"
mkdir "$tmp/none"
few=$(instructions pairs "$tests/bench_lease" pairs 1 20 "unix:$tmp/pairs" "$tmp/none")
many=$(instructions more "$tests/bench_lease" pairs 1 60 "unix:$tmp/more" "$tmp/none")
each 'a lease acquired and released, no journal' 40 120 "$few" "$many"
