#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Venus as a krunkit guest has it, with a renderer behind it: the driver is recognised, and refused
# because llvmpipe is what renders. Without a virtio-gpu that cause is named.
. "$(dirname -- "$0")/../lib.sh"
need python3
bed_root trixie
venus=/usr/share/vulkan/icd.d/virtio_icd.json

# has CODE: a finding of the report in $tmp/stdout has it.
has() {
  expect_json "$tmp/stdout" "'$1' in [finding['code'] for finding in doc['findings']]"
}

# The driver is there, the device is not.
in_root VK_DRIVER_FILES=$venus gpu-probe --floor krunkit --format json
[ "$status" -eq 1 ] || fail "exit status $status"
has VENUS_NO_DEVICE

# The socket lies in the build tree, which is what both sides of the bed see.
folder=venus.$$
mkdir -- "$build/$folder"
socket=$folder/.virgl_test
# guest COMMAND...: in_root as the guest; probe OPTION...: gpu-probe there.
guest() {
  in_root VN_DEBUG="${guest_debug-vtest,init}" VTEST_SOCKET_NAME="/mnt/$socket" \
    VK_DRIVER_FILES=$venus "$@"
}
probe() {
  guest gpu-probe "$@"
}
# serve SCRIPT ARGUMENT...: a host, in namespaces of its own, so that it ends with all its children.
# unshare lets no SIGTERM through, which is what timeout is for.
serve() {
  start timeout -k 1 120 unshare --mount --propagation private --pid --fork --kill-child sh -c "$@"
  wait_for 20 test -S "$build/$socket"
}
stop() {
  kill "$pid"
  if wait "$pid" 2>/dev/null; then
    fail 'the host had ended by itself'
  fi
  rm -f -- "$build/$socket"
}

# shellcheck disable=SC2016 # expanded by the inner shell
serve '
  mount --rbind /proc "$1/proc" && mount --rbind /dev "$1/dev" && mount --bind "$2" "$1/mnt" &&
    exec chroot "$1" env -i PATH=/usr/bin:/bin \
      VK_DRIVER_FILES=/usr/share/vulkan/icd.d/lvp_icd.json \
      virgl_test_server --venus --no-virgl --multi-clients --socket-path "/mnt/$3"' \
  sh "$root" "$build" "$socket"
probe --floor krunkit --no-submit --format json
[ "$status" -eq 1 ] || fail "exit status $status"
has VENUS_SOFTWARE
has DEVICE_SOFTWARE_ONLY
expect_json "$tmp/stdout" "'VENUS_PROTOCOL' not in [f['code'] for f in doc['findings']]"
expect_json "$tmp/stdout" "(doc['device']['name'].startswith('Virtio-GPU Venus (llvmpipe') and
  doc['device']['driver'] == 'venus' and doc['device']['software'] is True)"
expect_json "$tmp/stdout" "{check['id']: check['state'] for check in doc['expectations']
  if check['id'] in ('venus', 'hardware')} == {'venus': 'held', 'hardware': 'broken'}"

# The renderer's memory reaches the guest as a dma-buf, which llvmpipe gets of udmabuf alone. Where
# the kernel has none the server drops the guest, which waits for ever: that has to be told, in time.
# That work executes is shown by 625, in a machine whose kernel has it.
probe --facts-only --only vulkan --timeout 6 --format json
if [ -c /dev/udmabuf ]; then
  expect_json "$tmp/stdout" "doc['vulkan']['devices'][0]['submit'] == 'ok'"
else
  expect_json "$tmp/stdout" "[icd['alone']['outcome'] for icd in doc['vulkan']['icds']
    if 'alone' in icd] == ['timeout']"
  probe --floor software --timeout 6 --format json
  [ "$status" -eq 1 ] || fail "exit status $status"
  has ICD_HANGS
  guest gpu-canary --allow-software --workload copy --timeout 3 --format json
  [ "$status" -eq 1 ] || fail "exit status $status"
  has ICD_HANGS
  expect_json "$tmp/stdout" "(doc['device']['driver'] == 'venus' and
    not any(w['verified'] or w['median'] for w in doc.get('workloads', [])) and
    not any('checked compute' in claim for claim in doc['claims']['proves']))"
fi
stop

# A host of another age, where this machine has one: Debian 12's speaks a version before Mesa's. What
# the guest's own driver says of it decides which of the two this is.
if command -v virgl_test_server >/dev/null; then
  start timeout -k 1 120 virgl_test_server --no-fork --venus --use-egl-surfaceless --multi-clients \
    --socket-path="$build/$socket"
  wait_for 20 test -S "$build/$socket"
  in_root VN_DEBUG=vtest,init VTEST_SOCKET_NAME="/mnt/$socket" VK_DRIVER_FILES=$venus \
    vulkaninfo --summary
  if grep -q 'wire format version [0-9]* != ' "$tmp/stdout" "$tmp/stderr"; then
    # It only says so with "init" among its debug flags, which gpu-probe adds.
    guest_debug=vtest probe --floor krunkit --format json
    [ "$status" -eq 1 ] || fail "exit status $status"
    expect_json "$tmp/stdout" "[f['level'] for f in doc['findings']
      if f['code'] == 'VENUS_PROTOCOL' and 'wire format version' in f['message']] == ['failure']"
  else
    echo 'both sides speak one version: that a quarrel is told is not shown here'
  fi
  stop
else
  echo 'no virgl_test_server: that host and guest disagree is not shown here'
fi

rmdir -- "$build/$folder"
