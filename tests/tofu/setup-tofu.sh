#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: setup-tofu.sh FOLDER
#
# Builds OpenTofu into FOLDER once and prints its path; a tofu on PATH is taken as it is. Where there
# is none the reason is printed and the exit status is 77. A build that was cut off goes on next time.
set -eu

version=v1.10.10
if command -v tofu; then
  exit 0
fi
mkdir -p -- "$1"
folder=$(CDPATH='' cd -- "$1" && pwd)
tool=$folder/tofu

cannot() {
  echo "$*"
  exit 77
}

exec 9>"$folder/.lock-tofu"
flock 9
if [ -x "$tool" ]; then
  echo "$tool"
  exit 0
fi
command -v go >/dev/null || cannot 'neither tofu nor go is installed'
# Its go.mod replaces a module, so that `go install` refuses it: it is built where it is unpacked.
source=$(GOFLAGS=-mod=mod timeout 60 go mod download -json "github.com/opentofu/opentofu@$version" \
  2>"$tool.log" | sed -n 's/^[[:space:]]*"Dir": "\(.*\)",*$/\1/p') || source=
[ -d "$source" ] || cannot "the module of OpenTofu $version cannot be had, see $tool.log"
(cd -- "$source" && timeout 200 go build -buildvcs=false -trimpath -o "$tool.partial" \
  -ldflags '-s -w -X github.com/opentofu/opentofu/version.dev=no' ./cmd/tofu) >>"$tool.log" 2>&1 ||
  cannot "OpenTofu $version is not built yet, see $tool.log; another run goes on from there"
mv -- "$tool.partial" "$tool"
echo "$tool"
