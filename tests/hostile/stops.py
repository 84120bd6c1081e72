# SPDX-License-Identifier: Apache-2.0
"""Ends a bridge while an endless job runs: stops.py SOCKET PID FOLDER SIGNAL...

Sends the signals in turn, a quarter of a second apart, and waits until the bridge and all of its
workers are gone.
"""

import os
import signal
import sys
import time

from bed import demand
from lane import Lane
from states import Bed, running


def exists(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def main(address, pid, folder, *signals):
    bed = Bed(address, int(pid), folder)
    with bed.lane() as lane, Lane(bed.address) as other:
        job = lane.submit(bed.endless_job(timeout_ms=1500))
        running(lane, job)
        workers = bed.workers()
        demand(len(workers) == 1, f"workers {workers}")
        started = time.monotonic()
        for name in signals:
            os.kill(bed.pid, signal.Signals[name])
            time.sleep(0.25)
        if signals == ("SIGTERM",):
            demand(exists(bed.pid), "the bridge has not waited for the job")
            reply = other.lease()
            demand(reply[1].get("reason") == "cordoned", f"a lease while stopping: {reply}")
        while any(map(exists, [bed.pid, *workers])):
            demand(time.monotonic() - started < 4, "still there after 4 s")
            time.sleep(0.02)


if __name__ == "__main__":
    main(*sys.argv[1:])
