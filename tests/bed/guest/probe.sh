# SPDX-License-Identifier: Apache-2.0
# usage: probe.sh FOLDER
#
# Runs as the first process of the machine that tests/bed/boot-vm.sh boots and puts into FOLDER what
# gpu-probe says of real nodes: of virtio_gpu on PCI and on virtio-mmio, and of vgem, which has no
# hardware; and of what containers make of them. probe_expect.py judges it.
set -eu
. "$(dirname -- "$0")/lib.sh"

folder=$1
own=/run/own

evidence() {
  ls -l /dev/dri /sys/class/drm
  dmesg | tail -n 20
}

# probe NAME STATUS COMMAND...: COMMAND is gpu-probe, or becomes it; its JSON goes to NAME.json.
probe() {
  name=$1
  expected=$2
  shift 2
  status=0
  "$@" >"$folder/$name.json" 2>"$folder/$name.log" || status=$?
  [ "$status" -eq "$expected" ] || {
    cat "$folder/$name.json" "$folder/$name.log"
    fail "$name: status $status, expected $expected"
  }
  echo "ok $name: $status"
}

# in_container: gpu-probe where /dev/dri is the folder $own.
in_container() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  unshare --mount sh -c 'mount --bind "$1" /dev/dri && shift && exec "$@"' sh "$own" "$@"
}

icds=/usr/share/vulkan/icd.d
kernel='gpu-probe --only host,drm,pci --timeout 60 --format json'
vulkan="env VK_DRIVER_FILES=$icds/virtio_icd.json:$icds/lvp_icd.json
  gpu-probe --timeout 60 --format json"

[ "$(echo /dev/dri/renderD*)" = '/dev/dri/renderD128 /dev/dri/renderD129 /dev/dri/renderD130' ] ||
  fail 'the nodes are others'
mkdir "$own"
cp -a /dev/dri/. "$own"

# shellcheck disable=SC2016,SC2086 # commands of several words, and one that an inner shell expands
{
  probe root 1 $vulkan --record "$folder/facts.json"

  # As udev sets them, but for the world: those of the group may, nobody else.
  chgrp 44 /dev/dri/*
  chmod 0660 /dev/dri/*
  probe stranger 1 setpriv --reuid 1000 --regid 1000 --groups 100,106 $kernel
  probe member 2 setpriv --reuid 1000 --regid 1000 --groups 44 $kernel

  # The controller of version 1, as a pod finds it.
  umount /sys/fs/cgroup
  mount -t tmpfs tmpfs /sys/fs/cgroup
  mkdir /sys/fs/cgroup/devices
  mount -t cgroup -o devices cgroup /sys/fs/cgroup/devices
  mkdir /sys/fs/cgroup/devices/pod
  echo 'c 226:* rwm' >/sys/fs/cgroup/devices/pod/devices.deny
  probe forbidden 1 sh -c 'echo $$ >/sys/fs/cgroup/devices/pod/cgroup.procs && exec "$@"' sh $kernel

  # A container that was given one node, and none.
  rm "$own"/card[12] "$own"/renderD*
  probe only-card 1 in_container $kernel
  rm "$own"/*
  probe no-node 1 in_container $kernel

  # A container that made its nodes before the machine gave them other numbers.
  mknod "$own/renderD128" c 226 129
  mknod "$own/renderD129" c 226 128
  probe renumbered 2 in_container $kernel

  # A container that outlives a driver: the GPU on PCI is taken from it, then unplugged.
  rm "$own"/*
  cp -a /dev/dri/card0 /dev/dri/renderD128 "$own"
  for gpu in /sys/bus/virtio/drivers/virtio_gpu/virtio*; do
    case $(readlink -f "$gpu") in
      */pci*) on_pci=${gpu##*/} ;;
      *) on_mmio=${gpu##*/} ;;
    esac
  done
  echo "$on_pci" >/sys/bus/virtio/drivers/virtio_gpu/unbind
  probe unbound 1 in_container $kernel
  echo 1 >/sys/bus/pci/devices/0000:00:01.0/remove

  # What is left is numbered anew: the machine of krunkit, in which no GPU is on PCI.
  echo "$on_mmio" >/sys/bus/virtio/drivers/virtio_gpu/unbind
  echo "$on_mmio" >/sys/bus/virtio/drivers/virtio_gpu/bind
  probe krunkit 1 $vulkan --floor krunkit

  # The drivers are unloaded, down to DRM itself.
  echo "$on_mmio" >/sys/bus/virtio/drivers/virtio_gpu/unbind
  rmmod vgem virtio_gpu drm_shmem_helper drm_kms_helper drm || fail 'the drivers cannot be unloaded'
  probe no-driver 2 $kernel
  mkdir -p /dev/dri
  probe unloaded 1 in_container $kernel
}
