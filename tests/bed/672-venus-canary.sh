#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The canary on Venus with lavapipe behind it: the same results as on lavapipe itself, and a host that
# stops in the middle is a lost device or a dead worker, never a figure. Where the renderer's memory
# cannot reach the guest (no /dev/udmabuf) nothing executes, and that has to end in time and say so.
. "$(dirname -- "$0")/../lib.sh"
need python3
bed_root trixie

# The socket lies in the build tree, which is what both sides of the bed see.
folder=venus-canary.$$
mkdir -- "$build/$folder"
socket=$folder/.virgl_test
# serve: a host, in namespaces of its own, so that it ends with all its children. unshare lets no
# SIGTERM through, which is what timeout is for.
serve() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  start timeout -k 1 120 unshare --mount --propagation private --pid --fork --kill-child sh -c '
    mount --rbind /proc "$1/proc" && mount --rbind /dev "$1/dev" && mount --bind "$2" "$1/mnt" &&
      exec chroot "$1" env -i PATH=/usr/bin:/bin \
        VK_DRIVER_FILES=/usr/share/vulkan/icd.d/lvp_icd.json \
        virgl_test_server --venus --no-virgl --multi-clients --socket-path "/mnt/$3"' \
    sh "$root" "$build" "$socket"
  host=$pid
  wait_for 20 test -S "$build/$socket"
}
canary() {
  in_root VN_DEBUG=vtest VTEST_SOCKET_NAME="/mnt/$socket" \
    VK_DRIVER_FILES=/usr/share/vulkan/icd.d/virtio_icd.json \
    gpu-canary --allow-software --workload copy,matmul,reduce --format json "$@"
}

serve
if [ -c /dev/udmabuf ]; then
  canary
  [ "$status" -le 1 ] || fail "exit status $status"
  expect_json "$tmp/stdout" "(doc['device']['driver'] == 'venus' and
    [w['verified'] for w in doc['workloads']] == [True] * 3)"
  (
    sleep 5
    kill "$host"
  ) &
  canary --soak 60s
  [ "$status" -eq 1 ] || fail "exit status $status, expected 1"
  expect_json "$tmp/stdout" "{'JOB_DEVICE_LOST', 'JOB_WORKER'} & {f['code'] for f in doc['findings']}"
else
  echo 'no /dev/udmabuf: that work executes on Venus is not shown here'
  canary --timeout 3
  [ "$status" -eq 1 ] || fail "exit status $status, expected 1"
  expect_json "$tmp/stdout" "(doc['device']['driver'] == 'venus' and
    not any(w['verified'] or w['median'] for w in doc.get('workloads', [])) and
    not any('checked compute' in claim for claim in doc['claims']['proves']) and
    'ICD_HANGS' in [finding['code'] for finding in doc['findings']])"
  kill "$host"
fi
if wait "$host" 2>/dev/null; then
  fail 'the host had ended by itself'
fi
rm -rf -- "${build:?}/$folder"
