#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In the machine: a Venus server of the payload in front of lavapipe, gpu-probe as its guest, and
# gpu-canary on a bridge whose device it is, also when the server ends while samples are taken.
set -eu
. "$(dirname -- "$0")/lib.sh"

gathered=$1
socket=/run/vtest
lavapipe=/usr/share/vulkan/icd.d/lvp_icd.json
export GPU_LANE_BRIDGE=unix:/run/bridge.sock

# serve: a server in a process group of its own, which holds its renderers too.
serve() {
  rm -f $socket
  LD_LIBRARY_PATH=/mnt/venus RENDER_SERVER_EXEC_PATH=/mnt/venus/virgl_render_server \
    VK_DRIVER_FILES=$lavapipe setsid \
    /mnt/venus/virgl_test_server --venus --no-virgl --multi-clients --socket-path $socket \
    >>/run/server.log 2>&1 &
  server=$!
  within 60 test -S $socket
}
# canary NAME OPTION...: its report in NAME.json.
canary() {
  name=$1
  shift
  gpu-canary --allow-software --format json -o "$gathered/$name.json" "$@" 2>"/run/$name.log"
}
# sampling: whether the job has come to its dispatches. By then its worker has had of the server its
# two buffers, a place for fences and one for timestamps; who waits at the socket for such memory
# while the server dies reads on and on (Mesa, vtest_read) until the job's time is over.
sampling() {
  worker=$(busybox pidof gpu-lane-worker) && [ "$(grep -c dmabuf "/proc/$worker/maps")" -ge 4 ]
}
serves() {
  gpu-lease list --format json >/run/leases.json && grep -q '"state": *"serving"' /run/leases.json
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
(export VK_DRIVER_FILES=$lavapipe && canary lavapipe --embedded --workload subgroup,atomics) ||
  fail "lavapipe itself: $?"
gpu-bridge-host --allow-software --listen $GPU_LANE_BRIDGE >/run/bridge.log 2>&1 &
within 60 grep -q 'listening on' /run/bridge.log
canary venus --bridge $GPU_LANE_BRIDGE --workload subgroup,atomics || fail "on Venus: $?"

# The server ends in the middle, and comes back.
canary cut --bridge $GPU_LANE_BRIDGE --suite full --workload scan &
cut=$!
within 60 sampling
gpu-lease list --format json >"$gathered/taken.json"
kill -s KILL -- -$server
status=0
wait $cut || status=$?
[ $status -eq 1 ] || fail "cut short: $status"
gpu-lease list --format json >"$gathered/freed.json"
serve
within 60 serves
canary again --bridge $GPU_LANE_BRIDGE --workload atomics || fail "afterwards: $?"
