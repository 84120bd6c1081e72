#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Linux 6.1 of Debian 12 mounts the bridge: over unix, TCP and a descriptor its 9p client and a
# shell look around, lease, submit jobs and follow them.
. "$(dirname -- "$0")/mount.sh"
mounts bookworm
