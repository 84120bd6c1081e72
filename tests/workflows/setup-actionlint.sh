#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: setup-actionlint.sh FOLDER
#
# Builds actionlint into FOLDER once and prints its path. Where that cannot be done the reason is
# printed and the exit status is 77.
set -eu

version=v1.7.12
mkdir -p -- "$1"
folder=$(CDPATH='' cd -- "$1" && pwd)
tool=$folder/actionlint
exec 9>"$folder/.lock-actionlint"
flock 9
if [ -x "$tool" ] && "$tool" --version | grep -qx "$version"; then
  echo "$tool"
  exit 0
fi
command -v go >/dev/null || {
  echo 'go is not installed'
  exit 77
}
GOBIN=$folder GOFLAGS=-buildvcs=false timeout 240 \
  go install "github.com/rhysd/actionlint/cmd/actionlint@$version" >"$tool.log" 2>&1 || {
  echo "actionlint $version cannot be built, see $tool.log"
  exit 77
}
echo "$tool"
