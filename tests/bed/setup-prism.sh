#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: setup-prism.sh [FOLDER]
#
# Makes FOLDER/prism (default: $LANE_BEDS or build/beds) with Prism and GitHub's OpenAPI documents
# as tests/github/package.json names them, and prints its path. It is kept until that file changes,
# and appears whole or not at all. Where it cannot be made the reason is printed and the exit status
# is 77.
set -eu

src=$(cd -- "$(dirname -- "$0")/../.." && pwd)
folder=${1:-${LANE_BEDS:-$src/build/beds}}
mkdir -p -- "$folder"
folder=$(cd -- "$folder" && pwd)
bed=$folder/prism

cannot() {
  echo "bed prism: $*"
  exit 77
}

exec 9>"$folder/.lock-prism"
flock 9
if cmp -s -- "$src/tests/github/package.json" "$bed/package.json"; then
  echo "$bed"
  exit 0
fi

command -v npm >/dev/null || cannot 'npm is not installed'
partial=$bed.partial
log=$folder/prism.log
rm -rf -- "$partial" "$bed"
mkdir -- "$partial"
cp -- "$src/tests/github/package.json" "$partial"
echo "bed prism: installing it, about half a minute (log in $log)" >&2
if ! timeout 240 npm install --prefix "$partial" --no-package-lock --no-audit --no-fund \
  --ignore-scripts >"$log" 2>&1 </dev/null; then
  grep -qE 'E(NOTFOUND|CONNREFUSED|AI_AGAIN|TIMEDOUT)|network' "$log" &&
    cannot 'the npm registry does not answer'
  tail -n 20 -- "$log" >&2
  exit 1
fi
mv -T -- "$partial" "$bed"
echo "$bed"
