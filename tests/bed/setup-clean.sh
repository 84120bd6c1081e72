#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: setup-clean.sh SUITE FOLDER
#
# Completes FOLDER/SUITE-clean, the root of a machine as that Debian suite installs it, by apt's index
# and by the packages that ours asks for: fetched and not installed, so that what is installed later
# is what ours asks for, without a network. Prints its path. Where it cannot be made the reason is
# printed and the exit status is 77.
set -eu

here=$(cd -- "$(dirname -- "$0")" && pwd)
suite=$1
root=$(sh "$here/setup-root.sh" "$suite-clean" "$2") || {
  status=$?
  echo "$root"
  exit "$status"
}
folder=$(dirname -- "$root")

exec 9>"$folder/.lock-$suite-clean"
flock 9
wanted=$(cat -- "$root/gpu-lane-bed" "$0" | sha256sum)
if [ "$(cat -- "$root/gpu-lane-fetched" 2>/dev/null)" = "$wanted" ]; then
  echo "$root"
  exit 0
fi

log=$folder/$suite-clean.fetch.log
echo "bed $suite-clean: fetching packages for it (log in $log)" >&2
# Beside what the package depends on and recommends: a 9P client for the place of mount(8).
if ! chroot "$root" sh -c '
  echo "Acquire::Languages none; APT::Sandbox::User root;" >/etc/apt/apt.conf.d/gpu-lane-bed
  export DEBIAN_FRONTEND=noninteractive
  mkdir -p /var/lib/apt/lists/partial /var/cache/apt/archives/partial
  apt-get update
  apt-get install --yes --download-only libcjson1 libcurl4 libdrm2 libpci3 libseccomp2 libssl3 \
    libstdc++6 libvulkan1 mesa-vulkan-drivers ca-certificates pci.ids
  apt-get install --yes --download-only --no-install-recommends diod' >"$log" 2>&1 </dev/null; then
  tail -n 20 -- "$log" >&2
  echo "bed $suite-clean: its packages cannot be had"
  exit 77
fi
printf '%s\n' "$wanted" >"$root/gpu-lane-fetched"
echo "$root"
