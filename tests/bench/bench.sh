#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: bench.sh BUILD-TREE ROUNDS [SECTION...]
#
# gpu-lane beside what a person would run instead, in turns on the same machine and drivers. The
# ratios carry over to other machines, the times do not. A section is a script of this folder.
set -eu

here=$(cd -- "$(dirname -- "$0")" && pwd)
build=$(cd -- "$1" && pwd)
rounds=$2
shift 2
[ $# -gt 0 ] || set -- process wire lease job kernel report count
export PATH="$build/bin:$PATH:/usr/sbin" LC_ALL=C
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' INT TERM

# shellcheck source=/dev/null
distribution=$(. /etc/os-release && echo "$PRETTY_NAME")
echo "machine   $(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)," \
  "$(nproc) cores, Linux $(uname -r), $distribution"
vulkaninfo --summary 2>/dev/null | awk -F ' = ' '
  /deviceName/ { name = $2 }
  /driverInfo/ { print "device    " name ", " $2 }
  /Vulkan Instance Version/ { sub(/.*: /, ""); print "loader    " $0 }'
echo "program   $(gpu-probe --version)"
echo "medians of $rounds rounds in turns, after one that is not counted"

for section in "$@"; do
  mkdir "$tmp/$section"
  sh "$here/$section.sh" "$build" "$rounds" "$tmp/$section"
done
