#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the kernel itself answers to opening a GPU node decides the finding: nothing behind the number,
# owner and mode against another user, and the device cgroup of a container.
. "$(dirname -- "$0")/../lib.sh"
need python3 unshare chroot ldd mknod
[ "$(id -u)" -eq 0 ] || skip 'only root may make device nodes'
unshare --mount true 2>/dev/null || skip 'this user may not make a mount namespace'

root=$tmp/root
mkdir -p -- "$root/bin" "$root/proc" "$root/dev"
cp -- "$bin/gpu-probe" "$root/bin/gpu-probe"
ldd "$bin/gpu-probe" | grep -o '/[^ ]*' | while read -r library; do
  mkdir -p -- "$root${library%/*}"
  cp -L -- "$library" "$root$library"
done
# The program's folder is the test's own and must be reachable for another user.
chmod -R a+rX -- "$tmp"

# probe MODE USER [CGROUP]: gpu-probe beside a render node with the number $number, by default one of
# DRM's that no driver has.
probe() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  run unshare --mount --propagation private sh -c '
    mount -t tmpfs tmpfs "$1/dev" && mkdir "$1/dev/dri" &&
      mknod -m "$2" "$1/dev/dri/renderD128" c ${5% *} ${5#* } || exit 125
    mount --rbind /proc "$1/proc" || exit 125
    [ -z "$4" ] || echo $$ >"$4/cgroup.procs" || exit 125
    exec chroot --userspec="$3" "$1" /bin/gpu-probe --only host,drm --format json' \
    sh "$root" "$1" "$2" "${3-}" "${number-226 255}"
  [ "$status" -ne 125 ] || skip 'device nodes cannot be set up here'
  [ "$status" -eq 1 ] || fail "exit status $status, expected 1"
}
# found CODE TEXT: the finding of this code holds the text in its message or evidence.
found() {
  expect_json "$tmp/stdout" "any(f['code'] == '$1' and f['level'] == 'failure' and
    '$2' in f['message'] + str(f['evidence']) for f in doc['findings'])"
}

probe 0600 0:0
found DRM_NODE_STALE ENXIO
# Something opens, but it is no GPU: the number of /dev/null.
number='1 3' probe 0666 0:0
found DRM_NODE_STALE 'DRM_IOCTL_VERSION says ENOTTY'
probe 0640 65534:65534
found DRM_NODE_DENIED EACCES
found DRM_NODE_DENIED 'owner, group or mode keep this process out'
found DRM_NODE_DENIED 'uid 65534, gid 65534'
found DRM_NODE_DENIED 'mode 0640, owner 0, group 0'

# As in a pod that has the node by hostPath and no permission for it. Version 2 needs a BPF program.
group=/sys/fs/cgroup/devices/gpu-lane-test.$$
if [ ! -d /sys/fs/cgroup/devices ] || ! mkdir -- "$group" 2>/dev/null; then
  skip 'EPERM: no cgroup v1 devices controller that may be written (ENXIO and EACCES were right)'
fi
leave_group() {
  code=$?
  set +e
  rmdir -- "$group"
  (exit "$code")
  clean_up
}
trap leave_group EXIT
printf 'c 226:* rwm' >"$group/devices.deny"
probe 0666 0:0 "$group"
found DRM_NODE_FORBIDDEN EPERM
