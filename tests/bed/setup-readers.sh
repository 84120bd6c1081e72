#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: setup-readers.sh [FOLDER]
#
# Makes FOLDER/readers (default: $LANE_BEDS or build/beds) with what others read reports by, and
# prints its path: jenkins-junit.xsd, the schema of Jenkins' JUnit reader, and promtool of
# Prometheus. Both are unpacked from their packages and not installed: Debian's prometheus would
# start a server. It appears whole or not at all. Where it cannot be made the reason is printed and
# the exit status is 77.
set -eu

src=$(cd -- "$(dirname -- "$0")/../.." && pwd)
folder=${1:-${LANE_BEDS:-$src/build/beds}}
mkdir -p -- "$folder"
folder=$(cd -- "$folder" && pwd)
bed=$folder/readers
reporter=mocha-junit-reporter@2.2.1

cannot() {
  echo "bed readers: $*"
  exit 77
}

exec 9>"$folder/.lock-readers"
flock 9
if [ -d "$bed" ]; then
  echo "$bed"
  exit 0
fi

for program in npm apt-get dpkg-deb; do
  command -v "$program" >/dev/null || cannot "$program is not installed"
done
partial=$bed.partial
log=$folder/readers.log
rm -rf -- "$partial"
mkdir -- "$partial" "$partial/unpacked"
cd -- "$partial/unpacked"
timeout 120 npm pack --silent "$reporter" >"$log" 2>&1 </dev/null ||
  cannot "the npm registry does not answer (log in $log)"
tar -xzf ./*.tgz
timeout 120 apt-get download prometheus >>"$log" 2>&1 </dev/null ||
  cannot "no package prometheus can be had (log in $log)"
dpkg-deb -x ./*.deb .
mv -- package/test/resources/jenkins-junit.xsd usr/bin/promtool "$partial"
cd -- "$folder"
rm -rf -- "$partial/unpacked"
mv -T -- "$partial" "$bed"
echo "$bed"
