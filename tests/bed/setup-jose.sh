#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: setup-jose.sh [FOLDER]
#
# Makes FOLDER/jose (default: $LANE_BEDS or build/beds) with the library that tests/jose/package.json
# names, an independent reader and writer of JSON Web Tokens, and prints its path. It is kept until
# that file changes, and appears whole or not at all. Where it cannot be made the reason is printed and
# the exit status is 77.
set -eu

src=$(cd -- "$(dirname -- "$0")/../.." && pwd)
folder=${1:-${LANE_BEDS:-$src/build/beds}}
mkdir -p -- "$folder"
folder=$(cd -- "$folder" && pwd)
bed=$folder/jose

cannot() {
  echo "bed jose: $*"
  exit 77
}

exec 9>"$folder/.lock-jose"
flock 9
if cmp -s -- "$src/tests/jose/package.json" "$bed/package.json"; then
  echo "$bed"
  exit 0
fi

command -v npm >/dev/null || cannot 'npm is not installed'
partial=$bed.partial
log=$folder/jose.log
rm -rf -- "$partial" "$bed"
mkdir -- "$partial"
cp -- "$src/tests/jose/package.json" "$partial"
if ! timeout 240 npm install --prefix "$partial" --no-package-lock --no-audit --no-fund \
  --ignore-scripts >"$log" 2>&1 </dev/null; then
  grep -qE 'E(NOTFOUND|CONNREFUSED|AI_AGAIN|TIMEDOUT)|network' "$log" &&
    cannot 'the npm registry does not answer'
  tail -n 20 -- "$log" >&2
  exit 1
fi
mv -T -- "$partial" "$bed"
echo "$bed"
