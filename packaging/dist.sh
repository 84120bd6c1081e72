#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: dist.sh BUILD-TREE FOLDER
#
# Makes what a release consists of, out of a built tree: the Debian package, a tarball with its
# installer, and SHA256SUMS over both. The same commit gives the same tarball: times are those of
# SOURCE_DATE_EPOCH, or of the commit.
set -eu

source=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
build=$(CDPATH='' cd -- "$1" && pwd)
mkdir -p -- "$2"
folder=$(CDPATH='' cd -- "$2" && pwd)
scratch=$(mktemp -d "$folder/dist.XXXXXX")
trap 'rm -rf -- "$scratch"' EXIT
trap 'exit 143' TERM INT HUP

if [ -z "${SOURCE_DATE_EPOCH-}" ]; then
  SOURCE_DATE_EPOCH=$(git -C "$source" log -1 --format=%ct 2>/dev/null ||
    date -r "$source/CMakeLists.txt" +%s)
fi
export SOURCE_DATE_EPOCH
umask 022

version=$("$build/bin/gpu-probe" --version)
name=gpu-lane-${version#gpu-probe }-linux-$(uname -m)
DESTDIR=$scratch/stage cmake --install "$build" --strip --prefix /usr/local >"$scratch/log"
mv -- "$scratch/stage/usr/local" "$scratch/$name"
install -m 644 -- "$source/LICENSE" "$scratch/$name/LICENSE"
install -m 755 -- "$source/packaging/install.sh" "$scratch/$name/install.sh"
(cd -- "$scratch/$name" && find . -type f -printf '%P\n' | LC_ALL=C sort |
  xargs sha256sum) >"$scratch/sums"
mv -- "$scratch/sums" "$scratch/$name/SHA256SUMS"
tar --create --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
  --directory "$scratch" "$name" | gzip -9 -n >"$scratch/$name.tar.gz"
mv -- "$scratch/$name.tar.gz" "$folder"

set -- "$name.tar.gz"
if command -v dpkg-shlibdeps >/dev/null; then
  cpack --config "$build/CPackConfig.cmake" -B "$scratch/deb" >"$scratch/log"
  for package in "$scratch"/deb/*.deb; do
    mv -- "$package" "$folder"
    set -- "$@" "${package##*/}"
  done
fi
cd -- "$folder"
sha256sum "$@" >SHA256SUMS
printf '%s\n' "$@"
