#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: setup-p9ufs.sh PROGRAM
#
# Builds the server of a Go library for 9P2000.L from the module proxy.
set -eu
mkdir -p -- "$(dirname -- "$1")"
program=$(cd -- "$(dirname -- "$1")" && pwd)/$(basename -- "$1")
module=$(mktemp -d)
trap 'rm -rf "$module"' EXIT
cd "$module"
go mod init peer
go get github.com/hugelgupf/p9/cmd/p9ufs@v0.3.0
go build -o "$program" github.com/hugelgupf/p9/cmd/p9ufs
