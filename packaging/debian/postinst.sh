#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# As debhelper's snippets do it: user and folders by systemd's tools, the socket enabled once and
# left as the administrator has it, nothing started where policy-rc.d or the lack of systemd says no.
set -e

case $1 in
  configure | abort-upgrade | abort-deconfigure | abort-remove) ;;
  *) exit 0 ;;
esac

systemd-sysusers gpu-lane.conf
systemd-tmpfiles --create gpu-lane.conf

if deb-systemd-helper --quiet was-enabled gpu-bridge-host.socket; then
  deb-systemd-helper enable gpu-bridge-host.socket >/dev/null
else
  deb-systemd-helper update-state gpu-bridge-host.socket >/dev/null
fi

if [ -d /run/systemd/system ]; then
  systemctl --system daemon-reload
  deb-systemd-invoke start gpu-bridge-host.socket
  if [ -n "$2" ]; then
    # An upgrade: leases outlive it in the journal.
    deb-systemd-invoke try-restart gpu-bridge-host.service
  fi
fi
