#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# As 660, by Linux 6.12 of Debian 13; and a job that is submitted with nothing but a shell runs on a
# real driver, with the right result.
. "$(dirname -- "$0")/mount.sh"
mounts trixie driver
