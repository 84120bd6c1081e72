# SPDX-License-Identifier: Apache-2.0
"""A device that is lost under one tenant while another's job runs: lost.py SOCKET PID FOLDER

The bridge's workers load a layer that has the device lost at their fourth submit; a worker that
submits less often is not touched by it.
"""

import sys
import time

from bed import CASES, case, demand, run_once
from lane import vadd
from states import Bed, running

# Those of states.py have their own bridge.
CASES.clear()


@case("hostile@H55-device-lost-while-another-tenant-runs")
def _(bed):
    with bed.lane() as lost, bed.lane() as other:
        job = other.submit(bed.endless_job(timeout_ms=3000))
        running(other, job)
        waiting = lost.submit(vadd(bed.vadd))
        ends = []
        # Each of its jobs takes some submits.
        while "ERR DEVICE-LOST" not in ends:
            demand(len(ends) < 8, f"never lost: {ends}")
            ends.append(lost.finish(waiting)[1][-1])
            waiting = lost.submit(vadd(bed.vadd))
        demand(ends[:-1] == ["OK"] * (len(ends) - 1), f"{ends}")
        # The other tenant's job is not taken along; it ends as its own timeout has it.
        demand(other.states(job)[-1] == "RUNNING", f"{other.states(job)} {other.detail(job)}")
        demand(other.finish(job)[1][-1] == "ERR TIMEOUT", f"{other.states(job)}")
        # The GPU is kept aside until a fresh worker was checked; then both go on.
        for lane in (lost, other):
            deadline = time.monotonic() + 20
            after = waiting if lane is lost else lane.submit(vadd(bed.vadd))
            state = lane.finish(after, timeout=20)[1][-1]
            demand(state == "OK", f"after it: {state} {lane.detail(after)}")
            demand(time.monotonic() < deadline, "too late")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(f"usage: {sys.argv[0]} SOCKET PID FOLDER")
    sys.exit(1 if run_once(Bed(sys.argv[1], int(sys.argv[2]), sys.argv[3]), sys.argv[1]) else 0)
