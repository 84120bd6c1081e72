#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: setup-npm.sh NAME SOURCE [FOLDER]
#
# Makes FOLDER/NAME (default: $LANE_BEDS or build/beds) with what tests/SOURCE/package.json names, and
# prints its path. It is kept until that file changes, and appears whole or not at all. Where it
# cannot be made the reason is printed and the exit status is 77.
set -eu

src=$(cd -- "$(dirname -- "$0")/../.." && pwd)
name=$1
source=$src/tests/$2/package.json
folder=${3:-${LANE_BEDS:-$src/build/beds}}
mkdir -p -- "$folder"
folder=$(cd -- "$folder" && pwd)
bed=$folder/$name

cannot() {
  echo "bed $name: $*"
  exit 77
}

exec 9>"$folder/.lock-$name"
flock 9
if cmp -s -- "$source" "$bed/package.json"; then
  echo "$bed"
  exit 0
fi

command -v npm >/dev/null || cannot 'npm is not installed'
partial=$bed.partial
log=$folder/$name.log
rm -rf -- "$partial" "$bed"
mkdir -- "$partial"
cp -- "$source" "$partial"
echo "bed $name: installing it, up to half a minute (log in $log)" >&2
if ! timeout 240 npm install --prefix "$partial" --no-package-lock --no-audit --no-fund \
  --ignore-scripts >"$log" 2>&1 </dev/null; then
  grep -qE 'E(NOTFOUND|CONNREFUSED|AI_AGAIN|TIMEDOUT)|network' "$log" &&
    cannot 'the npm registry does not answer'
  tail -n 20 -- "$log" >&2
  exit 1
fi
mv -T -- "$partial" "$bed"
echo "$bed"
