#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# As 660, by the newest Linux that Debian has.
. "$(dirname -- "$0")/mount.sh"
mounts sid
