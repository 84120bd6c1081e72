# SPDX-License-Identifier: Apache-2.0
"""A worker that does not go when it is killed: unkillable.py SOCKET PID FOLDER GPU-LEASE

As one in uninterruptible sleep, which cannot be had without a broken driver: who traces a process
sees its death first, and until that is taken note of it is there for its parent.
"""

import ctypes
import json
import os
import subprocess
import sys
import time

from bed import CASES, demand
from states import Bed, running, runs_right

PTRACE_SEIZE = 0x4206

# Those of states.py have their own bridge.
CASES.clear()


def seize(pid):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
    if libc.ptrace(PTRACE_SEIZE, pid, None, None) != 0:
        print("SKIP: processes cannot be traced here:", os.strerror(ctypes.get_errno()))
        sys.exit(77)


def until(what, condition, seconds=15):
    deadline = time.monotonic() + seconds
    while not condition():
        demand(time.monotonic() < deadline, f"waited in vain until {what}")
        time.sleep(0.01)


def health(lane):
    return json.loads(lane.session.read_all("/gpu/GPU-0/facts"))["health"]


def leases(lane):
    return lane.session.read_all("/proc/leases").decode()


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(address, pid, folder, program):
    bed = Bed(address, int(pid), folder)
    with bed.lane(mem_mb=64) as lane, bed.lane(mem_mb=64) as other:
        job = lane.submit(bed.endless_job(timeout_ms=500))
        running(lane, job)
        before = set(bed.workers())
        # That of the other lease is idle.
        worker = max(before, key=cpu_seconds)
        seize(worker)
        _, states = lane.finish(job, timeout=20)
        demand(states[-1] == "ERR TIMEOUT", f"{states}")
        demand(f"worker {worker} cannot be killed, GPU quarantined" in lane.detail(job),
               lane.detail(job))
        demand(health(lane)["state"] == "quarantined", health(lane))
        demand(lane.states("GPU-0") == ["QUARANTINED"], lane.states("GPU-0"))
        listed = subprocess.run([program, "list", "--bridge", "unix:" + address], check=True,
                                capture_output=True, text=True, timeout=20).stdout
        demand(f"GPU-0 is quarantined: worker {worker} cannot be killed" in listed, listed)

        # Nothing of its lease is free, not even when that is given back.
        demand(lane.ctl("RELEASE").startswith("OK RELEASE"), "not released")
        waiting = other.submit(bed.endless_job(timeout_ms=500))
        spent = cpu_seconds(bed.pid)
        time.sleep(1)
        demand(cpu_seconds(bed.pid) - spent < 0.5, "the bridge spins while it waits")
        demand("state=ENDING" in leases(lane), leases(lane))
        demand(other.states(waiting) == ["QUEUED"], other.states(waiting))
        word, fields = lane.lease(mem_mb=1)
        demand(word == "ERR" and fields["reason"] == "cordoned", f"granted: {word} {fields}")

        # Gone after all: reaped, freed, checked, and given back.
        os.waitpid(worker, 0x40000000)
        until("its lease has ended", lambda: "state=ENDING" not in leases(lane))
        until("it serves", lambda: health(lane)["state"] == "serving")
        demand(other.finish(waiting)[1][-1] == "ERR TIMEOUT", other.states(waiting))
        demand(lane.lease(mem_mb=64)[0] == "OK", "not granted afterwards")
        runs_right(bed, lane)
        runs_right(bed, other)
    print("a worker that cannot be killed is told, kept account of, and got over")


if __name__ == "__main__":
    main(*sys.argv[1:])
