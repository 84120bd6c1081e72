#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs libFuzzer targets: fuzz.sh BUILD SECONDS [NAME...], each of them for so long, as many at a time
# as there are processors. What they find new is kept beside them and read again the next time; an
# input that breaks one is named, and its log says how.
set -eu

build=$1
seconds=$2
shift 2
here=$(dirname -- "$(readlink -f -- "$0")")
if [ $# -eq 0 ]; then
  for source in "$here"/*_fuzz.c; do
    name=${source##*/}
    set -- "$@" "${name%_fuzz.c}"
  done
fi
if [ ! -d "$build/fuzz" ]; then
  echo "SKIP: $build is not built: ./run fuzz does it"
  exit 77
fi
for name in "$@"; do
  if [ ! -x "$build/fuzz/${name}_fuzz" ]; then
    echo "fuzz: there is no target $name" >&2
    exit 64
  fi
done

# shellcheck disable=SC2016 # expanded by the inner shell
printf '%s\n' "$@" | xargs -P "$(nproc)" -I NAME sh -c '
  folder=$1/fuzz/$4
  mkdir -p -- "$folder/corpus"
  if timeout -k 60 $(($2 + 300)) "$1/fuzz/${4}_fuzz" -max_total_time="$2" -timeout=30 \
    -rss_limit_mb=2048 -artifact_prefix="$folder/" "$folder/corpus" "$3/corpus/$4" \
    >"$folder/log" 2>&1; then
    printf "%-14s %s\n" "$4" "$(grep "^Done" "$folder/log")"
  else
    printf "%-14s BROKEN: %s\n" "$4" "$(grep -m 1 -E "ERROR|SUMMARY|deadly" "$folder/log")"
    printf "  %s and the inputs beside it\n" "$folder/log"
    exit 1
  fi' sh "$build" "$seconds" "$here" NAME
