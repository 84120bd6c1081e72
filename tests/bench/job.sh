#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Jobs through bridge and worker, beside the same work in one process.
set -eu
. "$(dirname -- "$0")/lib.sh"

serve "$tmp/ours" gpu-bridge-host --allow-software --listen "unix:$tmp/ours"
"$tests/bench_job" empty "$rounds" 20 "unix:$tmp/ours" >"$tmp/figures"
"$tests/bench_wire" calls "$rounds" 5000 raw >"$tmp/raw"
head_row 'an empty job from submission to OK, us'
row '  / pipeline, buffer and dispatch in process' "$(value job 2 "$tmp/figures")" \
  "$(value kernel 2 "$tmp/figures")"
row '  / buffer and dispatch in process' "$(value job 2 "$tmp/figures")" \
  "$(value buffer 2 "$tmp/figures")"
row '  / dispatch alone in process' "$(value job 2 "$tmp/figures")" \
  "$(value dispatch 2 "$tmp/figures")"
# beyond NAME TEXT: what the job costs more than NAME does in process, in round trips.
beyond() {
  more=$(awk -v job="$(value job 2 "$tmp/figures")" -v same="$(value "$1" 2 "$tmp/figures")" \
    'BEGIN { print job - same }')
  row "$2" "$more" "$(value raw 2 "$tmp/raw")" at-most 5
}
beyond kernel '  beyond pipeline and dispatch / round trip'
beyond buffer '  beyond buffer and dispatch / round trip'

file=worker/bench/result
for window in 1 8; do
  "$tests/bench_job" result 256 "unix:$tmp/ours" "$tests/bench_wire" read "$rounds" 256 "$window" \
    raw "ours,$tmp/ours,/,$file" >"$tmp/figures"
  head_row "a result of 256 MiB, $window reads on the way, MB/s"
  row '  / raw socket copy' "$(value ours 2 "$tmp/figures")" "$(value raw 2 "$tmp/figures")" \
    at-least 0.8
  row '  / raw socket copy, the first read of it' "$(value ours 5 "$tmp/figures")" \
    "$(value raw 2 "$tmp/figures")"
  if have diod; then
    [ -s "$tmp/file" ] || head -c 268435456 /dev/zero >"$tmp/file"
    [ -S "$tmp/diod" ] || serve "$tmp/diod" diod -f -n -N -S -U root -L stderr -e "$tmp" -l "$tmp/diod"
    "$tests/bench_wire" read "$rounds" 256 "$window" "diod,$tmp/diod,$tmp,file" >"$tmp/diod.figures"
    row '  / diod, a file in the page cache' "$(value ours 2 "$tmp/figures")" \
      "$(value diod 2 "$tmp/diod.figures")" at-least 2
  else
    absent '  / diod' 'package diod'
  fi
done
