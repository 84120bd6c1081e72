#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: setup-tool.sh actionlint|act FOLDER
#
# Builds the tool into a folder of FOLDER once, by Go, and prints its path. Where that cannot be done
# the reason is printed and the exit status is 77. A build that was cut off goes on next time.
set -eu

case $1 in
  actionlint) module=github.com/rhysd/actionlint/cmd/actionlint@v1.7.12 ;;
  act) module=github.com/nektos/act@v0.2.89 ;;
  *) exit 64 ;;
esac
folder=$2/$1-${module##*@}
mkdir -p -- "$folder"
folder=$(CDPATH='' cd -- "$folder" && pwd)
exec 9>"$folder/.lock"
flock 9
if [ ! -x "$folder/$1" ]; then
  command -v go >/dev/null || {
    echo "$1: go is not installed"
    exit 77
  }
  GOBIN=$folder GOFLAGS='-buildvcs=false -trimpath' timeout 240 \
    go install "$module" >"$folder/log" 2>&1 || {
    echo "$module is not built yet, see $folder/log; another run goes on from there"
    exit 77
  }
fi
echo "$folder/$1"
