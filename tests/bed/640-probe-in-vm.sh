#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# gpu-probe in front of a real kernel: nodes of a GPU on PCI and of one without it, kept from it by
# owner, by the device cgroup, by a container that was not given them, and by drivers that are gone.
. "$(dirname -- "$0")/../lib.sh"
need python3
boot_vm trixie probe.sh

expect_status 0 python3 "$src/tests/bed/guest/probe_expect.py" "$tmp/gathered"
