#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs as the first process of the machine that tests/bed/boot-vm.sh boots: a bridge in a control
# group that is its own alone, as a service with Delegate=yes has it, gives each worker one of its
# own. A module is staged and jobs are submitted by a shell on the kernel's mount. /mnt holds bin/,
# libexec/ and data/.
set -eu
. "$(dirname -- "$0")/lib.sh"

data=/mnt/data
own=/sys/fs/cgroup/lane
export VK_DRIVER_FILES=/usr/share/vulkan/icd.d/lvp_icd.json
[ -e "$VK_DRIVER_FILES" ] || VK_DRIVER_FILES=$(echo /usr/share/vulkan/icd.d/lvp_icd*.json)

group() {
  set -- "$own"/gpu-lane-worker-*
  [ $# -eq 1 ] && [ -d "$1" ] && echo "$1"
}

mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup2 /sys/fs/cgroup
echo '+memory +pids' >/sys/fs/cgroup/cgroup.subtree_control
mkdir "$own"
sh -c 'echo 0 >"$1/cgroup.procs" && exec gpu-bridge-host --allow-software \
  --listen unix:/run/bridge.sock' sh "$own" >/tmp/bridge.log 2>&1 &
bridge=$!
within 120 grep -q 'listening on' /tmp/bridge.log
grep -q "sandbox of workers: control groups in $own" /tmp/bridge.log || fail 'the log does not say it'
mkdir -p /m
mount -t 9p -o version=9p2000.L,cache=none,trans=unix,access=any /run/bridge.sock /m
tr -d ' \n' </m/gpu/GPU-0/facts | grep -q "\"cgroup\":\"$own\"" || fail 'facts do not say it'
echo 'ok said in facts and log'

exec 4<>/m/gpu/GPU-0/ctl
echo 'LEASE mem_mb=100 streams=1 ttl_s=300' >&4
grep -q '^OK LEASE' <&4 || fail 'no lease'
exec 4>&-
within 60 group
one=$(group)
# 5 times the lease, and a GiB.
[ "$(cat "$one/memory.max")" -eq $((5 * 100 * 1048576 + 1073741824)) ] || fail "$(cat "$one/memory.max")"
[ "$(cat "$one/pids.max")" -eq 1024 ] || fail 'pids.max'
[ "$(wc -l <"$one/cgroup.procs")" -eq 1 ] || fail "in the group: $(cat "$one/cgroup.procs")"
tr '\0' ' ' <"/proc/$(cat "$one/cgroup.procs")/cmdline" | grep -q gpu-lane-worker ||
  fail 'it is not the worker that is in the group'
echo 'ok the worker is alone in a group with limits'

hash=$(sha256sum <"$data/vadd.spv" | cut -d ' ' -f 1)
cat "$data/vadd.spv" >"/m/bundles/$hash" || fail 'cat > bundles'
cmp "$data/vadd.spv" "/m/bundles/$hash" || fail 'read back differently'
cat "$data/vadd.spv" >"/m/bundles/$hash" || fail 'once more'
echo "$hash" >/m/bundles/vadd.spv || fail 'an alias'
[ "$(cat /m/bundles/vadd.spv)" = "$hash" ] || fail 'the alias is wrong'
echo junk >"/m/bundles/$(printf %064d 0)" || fail 'a wrong upload is refused too early'
[ ! -e "/m/bundles/$(printf %064d 0)" ] || fail 'a wrong upload stays'
dd if="$data/vadd.spv" of="/m/bundles/$(printf %064d 1)" conv=fsync 2>/dev/null &&
  fail 'fsync of a wrong upload'
cat "$data/staged.json" >>/m/gpu/GPU-0/job
ends_as staged OK 60
cmp "$data/expected" /m/worker/staged/result || fail 'the staged module is wrong'
echo 'ok a shell stages a module, and a job runs it'

# Less than the next job needs: the kernel kills the worker, and the bridge says why.
echo $(($(cat "$one/memory.current") + 16777216)) >"$one/memory.max"
cat "$data/large.json" >>/m/gpu/GPU-0/job
ends_as large 'ERR WORKER' 60
grep '"large"' /m/gpu/GPU-0/status | grep -q 'out of the memory of its control group' ||
  fail "$(grep '"large"' /m/gpu/GPU-0/status)"
cat "$data/again.json" >>/m/gpu/GPU-0/job
ends_as again OK 60
echo 'ok a worker over its bound is killed, and the next job is right'

umount /m
kill -TERM "$bridge"
wait "$bridge" || fail "the bridge ended with $?"
group && fail 'a group is left behind'
echo 'ok no group is left behind'
