#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: bench.sh BUILD-TREE [ROUNDS]
#
# gpu-lane beside what a person would run instead, in turns on the same machine and drivers. The
# ratios carry over to other machines, the times do not.
set -eu

build=$(cd -- "$1" && pwd)
rounds=${2:-10}
export PATH="$build/bin:$PATH" LC_ALL=C

times=$("$build/tests/bench_process" "$rounds" \
  gpu-probe --no-submit , \
  vulkaninfo --summary , \
  lspci -nn , \
  ls -l /dev/dri , \
  "$build/tests/bare_instance" , \
  gpu-canary --allow-software --workload vadd , \
  gpu-canary --allow-software --workload vadd --direct)
summary=$(vulkaninfo --summary 2>/dev/null)

# shellcheck source=/dev/null
distribution=$(. /etc/os-release && echo "$PRETTY_NAME")
echo "machine   $(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)," \
  "$(nproc) cores, Linux $(uname -r), $distribution"
echo "$summary" | awk -F ' = ' '
  /deviceName/ { name = $2 }
  /driverInfo/ { print "device    " name ", " $2 }
  /Vulkan Instance Version/ { sub(/.*: /, ""); print "loader    " $0 }'
echo "program   $(gpu-probe --version)"
echo "whole processes, milliseconds, $rounds rounds in turns after one that is not counted"
echo

printf '%s\n' "$times" | awk '
  function row(text, value, beside, goal) {
    printf "%-52s %8.2f %8.2f %8.2f   %s\n", text, value, beside, value / beside, goal
  }
  BEGIN { split("probe vulkaninfo lspci ls bare bridge direct", names) }
  {
    median[names[NR]] = $1; spread[names[NR]] = $2 " to " $3; status[names[NR]] = $4
  }
  END {
    printf "%-40s %8s   %-18s %s\n", "command", "median", "quartiles", "exit"
    command["probe"] = "gpu-probe --no-submit"
    command["vulkaninfo"] = "vulkaninfo --summary"
    command["lspci"] = "lspci -nn"
    command["ls"] = "ls -l /dev/dri"
    command["bare"] = "bare instance and properties"
    command["bridge"] = "gpu-canary --workload vadd"
    command["direct"] = "gpu-canary --workload vadd --direct"
    for (i = 1; i <= NR; i++) {
      name = names[i]
      printf "%-40s %8.2f   %-18s %s\n", command[name], median[name], spread[name], status[name]
    }
    printf "\n%-52s %8s %8s %8s   %s\n", "ours / beside it", "ours", "beside", "ratio", "goal"
    row("gpu-probe / vulkaninfo + lspci + ls", median["probe"],
      median["vulkaninfo"] + median["lspci"] + median["ls"], "at most 0.65")
    row("gpu-probe / bare instance and properties", median["probe"], median["bare"],
      "at most 1.40")
    row("canary through lease and bridge / direct", median["bridge"], median["direct"],
      "1.00: the bridge is free")
  }'
