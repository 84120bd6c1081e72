#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: setup-dawn.sh [FOLDER]
#
# Makes FOLDER/dawn (default: $LANE_BEDS or build/beds) with the npm package webgpu that
# dawn/package-lock.json names, and prints its path. It is kept until that file changes, and appears
# whole or not at all. Where it cannot be made the reason is printed and the exit status is 77.
set -eu

src=$(cd -- "$(dirname -- "$0")/../.." && pwd)
folder=${1:-${LANE_BEDS:-$src/build/beds}}
mkdir -p -- "$folder"
folder=$(cd -- "$folder" && pwd)
bed=$folder/dawn

cannot() {
  echo "bed dawn: $*"
  exit 77
}

exec 9>"$folder/.lock-dawn"
flock 9
if cmp -s -- "$src/dawn/package-lock.json" "$bed/package-lock.json"; then
  echo "$bed"
  exit 0
fi
command -v npm >/dev/null || cannot 'npm is not installed'
partial=$bed.partial
log=$folder/dawn.log
rm -rf -- "$partial" "$bed"
mkdir -- "$partial"
cp -- "$src/dawn/package.json" "$src/dawn/package-lock.json" "$partial/"
timeout 200 npm ci --prefix "$partial" --ignore-scripts --no-audit --no-fund >"$log" 2>&1 </dev/null ||
  cannot "the npm registry does not answer (log in $log)"
# Five systems in one package.
find "$partial/node_modules/webgpu/dist" -mindepth 1 -maxdepth 1 ! -name 'linux-*' \
  -exec rm -rf -- {} +
mv -T -- "$partial" "$bed"
echo "$bed"
