#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In the machine: a Venus server of the payload in front of lavapipe, and gpu-probe as its guest.
set -eu
gathered=$1

[ -c /dev/udmabuf ] || {
  echo 'no udmabuf in this kernel'
  exit 1
}
socket=/run/vtest
LD_LIBRARY_PATH=/mnt/venus RENDER_SERVER_EXEC_PATH=/mnt/venus/virgl_render_server \
  VK_DRIVER_FILES=/usr/share/vulkan/icd.d/lvp_icd.json \
  /mnt/venus/virgl_test_server --venus --no-virgl --multi-clients --socket-path $socket \
  >/run/server.log 2>&1 &
polls=300
until [ -S $socket ]; do
  polls=$((polls - 1))
  [ $polls -gt 0 ] || {
    cat /run/server.log
    exit 1
  }
  sleep 0.1
done
export VN_DEBUG=vtest VTEST_SOCKET_NAME=$socket
export VK_DRIVER_FILES=/usr/share/vulkan/icd.d/virtio_icd.json
# Over a socket Venus has none of this machine's GPUs to do with, of which there are two.
status=0
gpu-probe --only host,vulkan --floor krunkit --timeout 60 --format json -o "$gathered/krunkit.json" || status=$?
[ $status -eq 1 ]
gpu-probe --facts-only --only vulkan --timeout 60 --format json -o "$gathered/facts.json"
