#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: setup-root.sh BED FOLDER
#
# Makes FOLDER/BED, a root with another suite's drivers, from the Debian mirror that this machine's
# apt uses, and prints its path. It is kept until its suite or packages change here, and appears
# whole or not at all. Where it cannot be made the reason is printed and the exit status is 77.
set -eu

bed=$1
mkdir -p -- "$2"
folder=$(cd -- "$2" && pwd)
case $bed in
  forky) # RADV on drm-shim: the device that says what honey says, also to Dawn
    suite=forky
    set -- mesa-vulkan-drivers mesa-drm-shim vulkan-tools nodejs \
      libcjson1 libcurl4t64 libssl3t64 libpci3 libdrm2
    ;;
  trixie) # RADV's null device, Venus in front of a renderer over vtest, and Dawn on Mesa 25
    suite=trixie
    set -- mesa-vulkan-drivers virgl-server vulkan-tools nodejs \
      libcjson1 libcurl4t64 libssl3t64 libpci3 libdrm2
    ;;
  vm) # the disk of what tests/bed/setup-vm.sh boots, without a kernel
    suite=trixie
    set -- kmod busybox-static mesa-vulkan-drivers \
      libcjson1 libcurl4t64 libssl3t64 libpci3 libdrm2 libseccomp2
    ;;
  bookworm-clean | trixie-clean) # what tests/bed/setup-clean.sh makes a machine of
    suite=${bed%-clean}
    set -- systemd-sysv
    ;;
  *)
    echo "unknown bed: $bed" >&2
    exit 64
    ;;
esac

cannot() {
  echo "bed $bed: $*"
  exit 77
}

root=$folder/$bed
wanted="$suite $*"
exec 9>"$folder/.lock"
flock 9
if [ "$(cat -- "$root/gpu-lane-bed" 2>/dev/null)" = "$wanted" ]; then
  echo "$root"
  exit 0
fi

[ "$(id -u)" -eq 0 ] || cannot 'needs root'
command -v debootstrap >/dev/null || cannot 'debootstrap is not installed'
unshare --mount true 2>/dev/null || cannot 'this machine does not allow mount namespaces'
# shellcheck disable=SC2016 # these are apt's variables
mirror=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
  awk '$1 == "Debian" { print $2; exit }')
[ -n "$mirror" ] || cannot 'the sources of apt name no Debian mirror (or apt-get update never ran)'

# A suite newer than this debootstrap has no script of its own; all newer suites share sid's.
script=/usr/share/debootstrap/scripts/$suite
[ -e "$script" ] || script=/usr/share/debootstrap/scripts/sid
partial=$root.partial
log=$folder/$bed.log
rm -rf -- "$partial" "$root"
echo "bed $bed: building it, about a minute (log in $log)" >&2
if ! debootstrap --variant=minbase --force-check-gpg --include="$(echo "$*" | tr ' ' ',')" \
  "$suite" "$partial" "$mirror" "$script" >"$log" 2>&1 </dev/null; then
  if grep -qE 'Failed getting release|Invalid Release|release signature' "$log"; then
    cannot "the mirror does not answer for $suite"
  fi
  tail -n 20 -- "$log" >&2
  exit 1
fi
rm -rf -- "$partial/var/cache/apt/archives" "$partial/var/lib/apt/lists"
printf '%s\n' "$wanted" >"$partial/gpu-lane-bed"
mv -T -- "$partial" "$root"
echo "$root"
