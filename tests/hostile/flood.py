# SPDX-License-Identifier: Apache-2.0
"""More connections than the bridge has descriptors for: flood.py SOCKET PID COUNT"""

import os
import socket
import sys
import time

from bed import alive, case, demand, run_once
from ninep import session


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@case("hostile@connections-beyond-the-descriptors")
def _(subject):
    address, pid, count = subject
    with session(address) as early:
        flood = [socket.socket(socket.AF_UNIX) for _ in range(count)]
        for one in flood:
            one.settimeout(2)
            one.connect(address)
        before = processor_seconds(pid)
        time.sleep(1)
        used = processor_seconds(pid) - before
        demand(used < 0.2, f"{used:.2f} s of processor time in 1 s of idling")
        early.rpc("Tgetattr", fid=0, request_mask=0x7FF)
        for one in flood:
            one.close()
    alive(address)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(f"usage: {sys.argv[0]} SOCKET PID COUNT")
    flooded = (sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    sys.exit(1 if run_once(flooded, flooded[0]) else 0)
