#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In the machine: a Venus server of the payload in front of lavapipe, gpu-probe as its guest, and
# gpu-canary on a bridge whose device it is, also when the server stops in the middle.
set -eu
gathered=$1
socket=/run/vtest
bridge=unix:/run/bridge.sock
lavapipe=/usr/share/vulkan/icd.d/lvp_icd.json

fail() {
  echo "FAIL: $*"
  tail -n 20 /run/*.log
  exit 1
}
# within SECONDS COMMAND...: until it succeeds.
within() {
  polls=$(($1 * 10))
  shift
  until "$@" >/dev/null 2>&1; do
    polls=$((polls - 1))
    [ $polls -gt 0 ] || fail "waited in vain for: $*"
    sleep 0.1
  done
}
# serve: a server in a process group of its own, which holds its renderers too.
serve() {
  rm -f $socket
  LD_LIBRARY_PATH=/mnt/venus RENDER_SERVER_EXEC_PATH=/mnt/venus/virgl_render_server \
    VK_DRIVER_FILES=$lavapipe setsid \
    /mnt/venus/virgl_test_server --venus --no-virgl --multi-clients --socket-path $socket \
    >>/run/server.log 2>&1 &
  server=$!
  within 30 test -S $socket
}
# canary NAME OPTION...: its report in NAME.json.
canary() {
  name=$1
  shift
  gpu-canary --allow-software --format json -o "$gathered/$name.json" "$@" 2>"/run/$name.log"
}

[ -c /dev/udmabuf ] || fail 'no udmabuf in this kernel'
serve
export VN_DEBUG=vtest VTEST_SOCKET_NAME=$socket
export VK_DRIVER_FILES=/usr/share/vulkan/icd.d/virtio_icd.json
# Over a socket Venus has none of this machine's GPUs to do with, of which there are two.
status=0
gpu-probe --only host,vulkan --floor krunkit --timeout 60 --format json -o "$gathered/krunkit.json" || status=$?
[ $status -eq 1 ]
gpu-probe --facts-only --only vulkan --timeout 60 --format json -o "$gathered/facts.json"

# The same work on the driver behind it, and on Venus through a bridge that stays.
(export VK_DRIVER_FILES=$lavapipe && canary lavapipe --workload reduce,histogram) ||
  fail "lavapipe itself: $?"
gpu-bridge-host --allow-software --listen $bridge >/run/bridge.log 2>&1 &
within 60 test -S ${bridge#unix:}
canary venus --bridge $bridge --workload reduce,histogram || fail "on Venus: $?"

# The server goes away while a job runs, and comes back.
mkdir /run/m
mount -t 9p -o version=9p2000.L,cache=none,trans=unix,access=any ${bridge#unix:} /run/m
canary cut --bridge $bridge --suite full --workload scan &
cut=$!
within 60 grep -q '"job":"canary-scan-0-[^"]*","state":"RUNNING"' /run/m/gpu/GPU-0/status
cat /run/m/proc/leases >"$gathered/taken"
kill -s KILL -- -$server
status=0
wait $cut || status=$?
[ $status -eq 1 ] || fail "cut short: $status"
gpu-lease list --bridge $bridge --format json >"$gathered/freed.json"
serve
within 60 grep -q 'checked and serving again' /run/bridge.log
canary again --bridge $bridge --workload reduce || fail "afterwards: $?"
cp /run/bridge.log "$gathered"
