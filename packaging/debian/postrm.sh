#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The user stays, as its number may own files.
set -e

if [ -d /run/systemd/system ]; then
  systemctl --system daemon-reload
fi
if [ "$1" = purge ]; then
  if command -v deb-systemd-helper >/dev/null; then
    deb-systemd-helper purge gpu-bridge-host.socket >/dev/null
  fi
  rm -rf /var/lib/gpu-lane /var/cache/gpu-lane
fi
