# SPDX-License-Identifier: Apache-2.0
"""Has call n of one function after the other fail while a job is run, for all n: under the bridge
that hands it out, and in the worker that runs it: worker.py BUILD FOLDER VADD MOST bridge|worker
FUNCTION...

Of a function with more than MOST calls so many are drawn; 0: all are tried.

Whatever fails, the job ends once, the next one is right, and the bridge keeps neither a descriptor
nor a process of it.
"""

import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import ninep
from bed import descriptors
from lane import Lane, vadd, vadd_is_right

ENDS = ("OK", "ERR WORKER", "ERR LIMIT", "ERR DEVICE-LOST", "ERR INVALID")
# The bridge stops, with a line that says so, when there is no memory; and what it sends to a client
# is the client's loss.
WORKER = """#!/bin/sh
LD_PRELOAD=$0.so LANE_TORTURE=$(cat "$0.plan") LANE_TORTURE_ONCE=$0.once exec "$0.real" "$@"
"""


class Wrong(Exception):
    """What must not be."""


def demand(condition, what):
    if not condition:
        raise Wrong(what)


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as names:
        return names.read().split()


class Bed:
    """A bridge installed in a folder of its own, with a worker that can be made to fail."""

    def __init__(self, build, folder, module):
        self.folder = pathlib.Path(folder)
        self.module = pathlib.Path(module).read_bytes()
        self.library = f"{build}/tests/torture.so"
        self.once = self.folder / "libexec/gpu-lane/gpu-lane-worker.once"
        self.plan = self.folder / "libexec/gpu-lane/gpu-lane-worker.plan"
        worker = self.folder / "libexec/gpu-lane/gpu-lane-worker"
        worker.parent.mkdir(parents=True)
        (self.folder / "bin").mkdir()
        os.link(f"{build}/bin/gpu-bridge-host", self.folder / "bin/gpu-bridge-host")
        os.link(f"{build}/libexec/gpu-lane/gpu-lane-worker", f"{worker}.real")
        os.symlink(self.library, f"{worker}.so")
        worker.write_text(WORKER)
        worker.chmod(0o755)
        self.arm_worker("none", 0)
        self.process = None

    def arm_worker(self, function, number):
        self.plan.write_text(f"{function}:{number}")
        self.once.write_text("" if number else "x")

    def start(self, environment):
        self.socket = str(self.folder / "socket")
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        self.log = open(self.folder / "log", "w+b")
        self.process = subprocess.Popen(
            [self.folder / "bin/gpu-bridge-host", "--allow-software", "--listen",
             "unix:" + self.socket], stderr=self.log, env={**os.environ, **environment})
        deadline = time.monotonic() + 30
        while b"listening on" not in self.said():
            demand(time.monotonic() < deadline and self.process.poll() is None,
                   f"it does not listen: {self.said()}")
            time.sleep(0.01)

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        demand(status == 0, f"it ended with {status}: {self.said().decode()[-2000:]}")

    def job(self, lane, *ends):
        job = lane.submit(vadd(self.module))
        _, states = lane.finish(job, timeout=30)
        demand(states[-1] in ends, f"{states} {lane.detail(job)}")
        demand(states.count("QUEUED") == 1 and sum(state in ENDS for state in states) == 1, states)
        if states[-1] == "OK":
            demand(vadd_is_right(lane.session.read_all(f"/worker/{job}/result")), "vadd is wrong")
        return states[-1]

    def run(self, fired):
        """A lease and two jobs, of a cold worker and a warm one; then all is well again."""
        with Lane(self.socket) as lane:
            demand(lane.lease()[0] == "OK", "no lease")
            for _ in range(2):
                ended = self.job(lane, *ENDS)
                demand(ended == "OK" or fired(), f"{ended} by itself")
            # It may have been handed to a worker that was on its way out.
            if fired() and self.job(lane, *ENDS) != "OK":
                self.job(lane, "OK")

    def settle(self, most):
        """No process is left, nor more descriptors than there were."""
        pid = self.process.pid
        deadline = time.monotonic() + 10
        while children(pid) or descriptors(pid) > most:
            demand(time.monotonic() < deadline,
                   f"left: {children(pid)}, {descriptors(pid)} descriptors after {most}")
            time.sleep(0.01)


def in_worker(bed, function, number, idle):
    """Whether the call was made."""
    def fired():
        return bed.once.stat().st_size > 0

    bed.arm_worker(function, number)
    bed.run(fired)
    bed.settle(idle)
    return fired()


def under_bridge(bed, function, number):
    fired = bed.folder / "fired"
    fired.unlink(missing_ok=True)
    bed.start({"LD_PRELOAD": bed.library, "LANE_TORTURE": f"{function}:{number}",
               "LANE_TORTURE_FIRED": str(fired)})
    idle = descriptors(bed.process.pid)
    try:
        bed.run(fired.exists)
    except (OSError, AttributeError, ninep.RemoteError, ninep.Malformed):
        # A read of a result that fails is the client's, who tries again.
        demand(fired.exists(), "the script itself fails")
        bed.run(fired.exists)
    bed.settle(idle)
    bed.stop()
    return fired.exists()


def count_calls(tried):
    """How many calls there are, by doubling and halving; it differs a little from run to run."""
    high = 1
    while tried(high):
        high *= 2
    low = high // 2
    while high - low > max(1, low // 4):
        middle = (low + high) // 2
        low, high = (middle, high) if tried(middle) else (low, middle)
    return low


def torture(name, most, attempt):
    outcomes = {}

    def tried(number):
        if number not in outcomes:
            outcomes[number] = attempt(number)
        return outcomes[number]

    try:
        calls = count_calls(tried)
        demand(calls > 0, "it is never called")
        numbers = range(1, calls + 1)
        if 0 < most < calls:
            numbers = sorted(random.SystemRandom().sample(numbers, most))
        for number in numbers:
            tried(number)
    except Wrong as wrong:
        print(f"not ok torture@{name}: {wrong}", flush=True)
        return 1
    print(f"ok torture@{name}: {len(numbers)} of {calls} calls", flush=True)
    return 0


def main(build, folder, module, most, where, *functions):
    bed = Bed(build, f"{folder}/{where}", module)
    failed = 0
    if where == "worker":
        bed.start({})
        bed.run(lambda: False)
        bed.settle(1 << 10)
        idle = descriptors(bed.process.pid)
    for function in functions:
        def attempt(number, function=function):
            try:
                return in_worker(bed, function, number, idle) if where == "worker" else \
                    under_bridge(bed, function, number)
            except Wrong as wrong:
                if where == "bridge":
                    bed.process.kill()
                raise Wrong(f"call {number}: {wrong}") from None
        failed += torture(f"{where}-{function}", int(most), attempt)
    if where == "worker":
        bed.stop()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
