#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In an emulated machine with Debian 13's kernel a bridge that has a control group to itself gives
# each worker one with bounds, says so, and says why a worker over them died. There, on the kernel's
# own mount, a shell stages a module in /bundles.
. "$(dirname -- "$0")/../lib.sh"
need python3
export PYTHONDONTWRITEBYTECODE=1

mkdir -p "$tmp/payload/data" "$tmp/shaders"
sh "$src/tests/hostile/shaders/compile.sh" "$tmp/shaders"
python3 "$src/tests/bed/guest/worker_cgroup.py" "$tmp/shaders" "$tmp/payload/data"
boot_vm trixie worker-cgroup.sh
expect_stdout 'ok no group is left behind'
