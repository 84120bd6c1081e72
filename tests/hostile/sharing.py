# SPDX-License-Identifier: Apache-2.0
"""One device, two leases with caps, jobs of both at once: sharing.py SOCKET PID FOLDER

One asks for more than its cap, one loops for ever and is killed, and the other finishes right. Each
in a worker of its own.
"""

import pathlib
import sys
import time

from bed import demand
from lane import Lane, descriptor, vadd, vadd_is_right

# Three buffers of these words are 12 of the 16 MiB of the second lease.
WORDS = 1 << 20


def workers(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
        return set(map(int, children.read().split()))


def main(address, pid, folder):
    module, endless = (pathlib.Path(folder, name + ".spv").read_bytes()
                       for name in ("vadd", "endless"))
    with Lane(address) as small, Lane(address) as large:
        demand(small.lease(mem_mb=8)[0] == "OK" and large.lease(mem_mb=16)[0] == "OK",
               "not both leased")

        # 12 MiB are within the cap of one, not of the other.
        beyond = small.submit(vadd(module, WORDS))
        _, states = small.finish(beyond)
        demand(states == ["QUEUED", "ERR LIMIT"], f"{states} {small.detail(beyond)}")
        demand("12582912 bytes, the lease has 8388608" in small.detail(beyond),
               small.detail(beyond))

        loop = small.submit(descriptor(
            endless, [65535, 65535, 1], [64, 1, 1],
            [{"binding": 0, "bytes": 4096, "input": True, "fill": {"kind": "zero"}}], 4000))
        small.wait(loop, lambda state: state == "RUNNING")
        started = time.monotonic()
        right = large.submit(vadd(module, WORDS))
        large.wait(right, lambda state: state != "QUEUED")
        both = workers(pid)
        demand(len(both) == 2, f"workers {both}")
        _, states = large.finish(right, timeout=30)
        demand(states == ["QUEUED", "RUNNING", "OK"], f"{states} {large.detail(right)}")
        demand(vadd_is_right(large.session.read_all(f"/worker/{right}/result"), WORDS),
               "vadd is wrong beside an endless loop")
        print(f"12 MiB right after {time.monotonic() - started:.1f} s beside an endless loop")

        _, states = small.finish(loop, timeout=30)
        demand(states == ["QUEUED", "RUNNING", "ERR TIMEOUT"], f"{states} {small.detail(loop)}")
        demand(len(workers(pid) & both) == 1, "the wrong worker was killed, or none")
        for lane in (small, large):
            job = lane.submit(vadd(module))
            _, states = lane.finish(job, timeout=30)
            demand(states[-1] == "OK", f"afterwards: {states} {lane.detail(job)}")
            demand(vadd_is_right(lane.session.read_all(f"/worker/{job}/result")), "vadd is wrong")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
