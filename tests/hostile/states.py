# SPDX-License-Identifier: Apache-2.0
"""Every way a job can end: states.py SOCKET PID FOLDER, where FOLDER holds the shaders as *.spv

On a bridge with a real device each cause must show as its own state within two seconds, the bridge
must live, and the next job must run and be right.
"""

import errno
import json
import os
import pathlib
import random
import signal
import sys
import time

import ninep
from bed import case, demand, refused, run_once
from lane import JOB_FID, Lane, descriptor, parse_reply, vadd, vadd_is_right

DEADLINE = 2.0
ENDS = ("OK", "ERR TIMEOUT", "ERR HASH", "ERR INVALID", "ERR LIMIT", "ERR DEVICE-LOST",
        "ERR WORKER", "ERR LEASE-EXPIRED", "ERR CANCELLED")


class Bed:
    def __init__(self, address, pid, folder):
        self.address = address
        self.pid = pid
        self.vadd, self.endless, self.wild = (
            pathlib.Path(folder, name + ".spv").read_bytes()
            for name in ("vadd", "endless", "wild"))

    def lane(self, **lease):
        lane = Lane(self.address)
        word, fields = lane.lease(**lease)
        if word == "QUEUED":
            word, fields = parse_reply(lane.reply())
        demand(word == "OK", f"no lease: {word} {fields}")
        lane.grant = fields
        return lane

    def endless_job(self, timeout_ms=20000):
        # lavapipe leaves any loop after 65536 turns: with the largest grid it still takes years.
        return descriptor(self.endless, [65535, 65535, 1], [64, 1, 1],
                          [{"binding": 0, "bytes": 4096, "input": True, "fill": {"kind": "zero"}}],
                          timeout_ms)

    def workers(self):
        """Process ids of the bridge's children."""
        with open(f"/proc/{self.pid}/task/{self.pid}/children", encoding="ascii") as children:
            return [int(child) for child in children.read().split()]


def runs_right(bed, lane, words=4096):
    job = lane.submit(vadd(bed.vadd, words))
    _, states = lane.finish(job)
    demand(states == ["QUEUED", "RUNNING", "OK"], f"vadd: {states} {lane.detail(job)}")
    demand(vadd_is_right(lane.session.read_all(f"/worker/{job}/result"), words), "vadd is wrong")


def ends(bed, lane, job, state, since=None, runs=True):
    """The job ends in this state in time, and the next one is right."""
    started = time.monotonic() if since is None else since
    _, states = lane.finish(job)
    passed = time.monotonic() - started
    demand(states[-1] == state, f"{states}, not {state}: {lane.detail(job)}")
    demand(("RUNNING" in states) == runs, f"{states}")
    ended = [one for one in states if one in ENDS]
    demand(len(ended) == 1, f"ended more than once: {states}")
    demand(passed < DEADLINE, f"{state} took {passed:.1f} s")
    runs_right(bed, lane)


def running(lane, job):
    lane.wait(job, lambda state: state != "QUEUED")
    demand(lane.states(job)[-1] == "RUNNING", f"{lane.states(job)} {lane.detail(job)}")
    time.sleep(0.1)


@case("job@right-result")
def _(bed):
    with bed.lane() as lane:
        for _ in range(3):
            runs_right(bed, lane)


@case("job@wrong-hash")
def _(bed):
    with bed.lane() as lane:
        wrong = vadd(bed.vadd)
        wrong["bytes_hash"] = "sha256:" + "0" * 64
        ends(bed, lane, lane.submit(wrong), "ERR HASH", runs=False)
        # Not even one bit of what was hashed may differ.
        wrong = vadd(bed.vadd)
        wrong["payload_b64"] = vadd(bed.vadd[:-4] + b"\0\0\0\1")["payload_b64"]
        ends(bed, lane, lane.submit(wrong), "ERR HASH", runs=False)


@case("hostile@H52-endless-loop-is-killed")
def _(bed):
    with bed.lane() as lane:
        job = lane.submit(bed.endless_job(timeout_ms=500))
        running(lane, job)
        ends(bed, lane, job, "ERR TIMEOUT")
        # The old worker is not left behind.
        demand(len(bed.workers()) <= 1, f"workers {bed.workers()}")


@case("hostile@H54-worker-killed")
def _(bed):
    with bed.lane() as lane:
        runs_right(bed, lane)
        job = lane.submit(bed.endless_job())
        running(lane, job)
        workers = bed.workers()
        demand(len(workers) == 1, f"workers {workers}")
        os.kill(workers[0], signal.SIGKILL)
        ends(bed, lane, job, "ERR WORKER")


@case("hostile@H54-worker-stopped")
def _(bed):
    with bed.lane() as lane:
        runs_right(bed, lane)
        job = lane.submit(bed.endless_job(timeout_ms=500))
        running(lane, job)
        os.kill(bed.workers()[0], signal.SIGSTOP)
        ends(bed, lane, job, "ERR TIMEOUT")


@case("hostile@H54-idle-worker-killed")
def _(bed):
    with bed.lane() as lane:
        runs_right(bed, lane)
        for worker in bed.workers():
            os.kill(worker, signal.SIGKILL)
        time.sleep(0.2)
        runs_right(bed, lane)


@case("job@grid-of-zero")
def _(bed):
    with bed.lane() as lane:
        for grid in ([0, 1, 1], [1, 0, 1], [1, 1, 0]):
            job = vadd(bed.vadd)
            job["grid"] = grid
            ends(bed, lane, lane.submit(job), "ERR INVALID", runs=False)


@case("job@grid-beyond-the-device")
def _(bed):
    with bed.lane() as lane:
        for grid in ([0xFFFFFFFF, 1, 1], [0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF]):
            job = vadd(bed.vadd)
            job["grid"] = grid
            job = lane.submit(job)
            _, states = lane.finish(job)
            demand(states[-1] in ("ERR INVALID", "ERR LIMIT"), f"{states} {lane.detail(job)}")
        runs_right(bed, lane)


@case("job@block-unlike-the-module")
def _(bed):
    with bed.lane() as lane:
        for block in ([32, 1, 1], [64, 2, 1], [1, 1, 64]):
            job = vadd(bed.vadd)
            job["block"] = block
            job = lane.submit(job)
            _, states = lane.finish(job)
            demand(states[-1] == "ERR INVALID", f"{block}: {states} {lane.detail(job)}")
        runs_right(bed, lane)


@case("hostile@H52-not-spir-v")
def _(bed):
    junk = [b"", b"\0", b"\0" * 64, b"#!/bin/sh\n", bed.vadd[:64], bed.vadd[:-1],
            bed.vadd + b"\0" * 3, b"".join(bed.vadd[i:i + 4][::-1] for i in range(0, 40, 4))]
    # An id bound of 2^32 - 1.
    junk.append(bed.vadd[:12] + b"\xff\xff\xff\xff" + bed.vadd[16:])
    with bed.lane() as lane:
        for module in junk:
            job = vadd(module)
            job = lane.submit(job)
            _, states = lane.finish(job)
            demand(states[-1] == "ERR INVALID", f"{module[:20]}: {states} {lane.detail(job)}")
        runs_right(bed, lane)


@case("hostile@H52-damaged-spir-v")
def _(bed):
    # A driver may die of these; the bridge says how each ended and goes on.
    seed = random.SystemRandom().getrandbits(32)
    rng = random.Random(seed)
    with bed.lane(streams=2) as lane:
        for _ in range(40):
            module = bytearray(bed.vadd)
            for _ in range(rng.randrange(1, 4)):
                module[rng.randrange(20, len(module))] ^= 1 << rng.randrange(8)
            job = lane.submit({**vadd(bytes(module)), "timeout_ms": 500})
            _, states = lane.finish(job)
            demand(states[-1] in ENDS and states.count("QUEUED") == 1, f"{states}, seed {seed}")
        runs_right(bed, lane)


@case("hostile@H52-out-of-bounds-and-by-zero")
def _(bed):
    with bed.lane() as lane:
        neighbour = {"binding": 1, "bytes": 1 << 16, "input": True, "output": True,
                     "fill": {"kind": "zero"}}
        job = lane.submit(descriptor(
            bed.wild, [64, 1, 1], [64, 1, 1],
            [{"binding": 0, "bytes": 16, "input": True, "fill": {"kind": "zero"}}, neighbour]))
        _, states = lane.finish(job)
        demand(states[-1] == "OK", f"{states} {lane.detail(job)}")
        data = lane.session.read_all(f"/worker/{job}/result")
        demand(data == bytes(1 << 16), "a write outside of one buffer is seen in another")
        runs_right(bed, lane)


@case("job@more-memory-than-the-lease")
def _(bed):
    with bed.lane(mem_mb=16) as lane:
        job = vadd(bed.vadd)
        job["buffers"][0]["bytes"] = 17 << 20
        ends(bed, lane, lane.submit(job), "ERR LIMIT", runs=False)
        # The sum counts, not each buffer.
        job = vadd(bed.vadd)
        for buffer in job["buffers"]:
            buffer["bytes"] = 6 << 20
        ends(bed, lane, lane.submit(job), "ERR LIMIT", runs=False)


@case("job@memory-comes-back")
def _(bed):
    with bed.lane(mem_mb=1) as lane:
        for _ in range(3):
            # Three buffers of a quarter each.
            runs_right(bed, lane, words=65536)


@case("job@without-a-lease")
def _(bed):
    with Lane(bed.address) as lane:
        refused(lambda: lane.submit(vadd(bed.vadd)), errno.EPERM)


@case("job@same-id-twice")
def _(bed):
    with bed.lane() as lane:
        first = vadd(bed.vadd)
        first["job"] = f"twice-{os.getpid()}"
        job = lane.submit(dict(first))
        lane.finish(job)
        before = len(lane.states(job))
        refused(lambda: lane.submit(dict(first)), errno.EINVAL, errno.EEXIST, errno.EBUSY)
        demand(len(lane.states(job)) == before, "an id has a second life")
        runs_right(bed, lane)


@case("lease@expires-while-a-job-runs")
def _(bed):
    with bed.lane(ttl_s=1) as lane:
        granted = time.monotonic()
        job = lane.submit(bed.endless_job())
        queued = lane.submit(vadd(bed.vadd))
        _, states = lane.finish(job)
        passed = time.monotonic() - granted
        demand(states[-1] == "ERR LEASE-EXPIRED", f"{states} {lane.detail(job)}")
        demand(0.9 < passed < 1 + DEADLINE, f"expired after {passed:.1f} s")
        _, states = lane.finish(queued)
        demand(states[-1] == "ERR LEASE-EXPIRED", f"queued: {states}")
        refused(lambda: lane.submit(vadd(bed.vadd)), errno.EPERM)
        refused(lambda: lane.session.read(100, 0, 100), errno.EPERM)
        lane.session.clunk(100)
        lane.session.clunk(101)
    with bed.lane() as lane:
        runs_right(bed, lane)


@case("hostile@H44-bridge-stopped-beyond-the-ttl")
def _(bed):
    with bed.lane(ttl_s=1) as lane:
        job = lane.submit(bed.endless_job())
        running(lane, job)
        os.kill(bed.pid, signal.SIGSTOP)
        time.sleep(2)
        # Waits in the socket, and is the first thing that the bridge sees afterwards.
        late = json.dumps({**vadd(bed.vadd), "job": "late"}) + "\n"
        lane.session.send(ninep.encode("Twrite", 9, fid=JOB_FID, offset=0, data=late.encode()))
        os.kill(bed.pid, signal.SIGCONT)
        reply = lane.session.recv()
        demand(reply.errno == errno.EPERM, f"a job after the lease: {reply}")
        demand(lane.finish(job)[1][-1] == "ERR LEASE-EXPIRED", f"{lane.states(job)}")
        demand(lane.states("late") == [], "a job after the lease has a state")
    with bed.lane() as lane:
        runs_right(bed, lane)


@case("lease@release-stops-what-runs")
def _(bed):
    with bed.lane() as lane:
        job = lane.submit(bed.endless_job())
        running(lane, job)
        reply = lane.ctl("RELEASE")
        demand(reply.startswith("OK RELEASE"), reply)
        started = time.monotonic()
        _, states = lane.finish(job)
        demand(states[-1] in ("ERR CANCELLED", "ERR LEASE-EXPIRED"), f"{states}")
        demand(time.monotonic() - started < DEADLINE, "release stops it too late")
    with bed.lane() as lane:
        runs_right(bed, lane)


@case("lease@hang-up-releases")
def _(bed):
    lane = bed.lane(exclusive=1)
    job = lane.submit(bed.endless_job())
    running(lane, job)
    lane.close()
    with bed.lane() as lane:
        runs_right(bed, lane)


@case("lease@second-session-queues-and-is-granted")
def _(bed):
    with bed.lane(exclusive=1) as first, Lane(bed.address) as second:
        word, fields = second.lease(queue=0)
        demand(word == "ERR", f"a lease beside an exclusive one: {word} {fields}")
        word, fields = second.lease(queue=1)
        demand(word == "QUEUED" and fields["position"] == "1", f"{word} {fields}")
        refused(lambda: second.submit(vadd(bed.vadd)), errno.EPERM)
        demand(first.ctl("RELEASE").startswith("OK RELEASE"), "not released")
        started = time.monotonic()
        word, fields = parse_reply(second.reply())
        demand(word == "OK" and int(fields["epoch"]) > 0, f"{word} {fields}")
        demand(time.monotonic() - started < DEADLINE, "granted too late")
        runs_right(bed, second)


@case("lease@two-at-once-do-not-harm-each-other")
def _(bed):
    with bed.lane() as one, bed.lane() as other:
        endless = one.submit(bed.endless_job(timeout_ms=1500))
        running(one, endless)
        runs_right(bed, other)
        demand(one.states(endless)[-1] == "RUNNING", "a job waits for that of another lease")
        ends(bed, one, endless, "ERR TIMEOUT")
        runs_right(bed, other)


@case("lease@streams-are-how-many-run-at-once")
def _(bed):
    with bed.lane(streams=2) as lane:
        first, second, third = (lane.submit(bed.endless_job(timeout_ms=1500)) for _ in range(3))
        running(lane, first)
        running(lane, second)
        demand(lane.states(third) == ["QUEUED"], "three jobs at once with two streams")
        for job in (first, second, third):
            demand(lane.finish(job)[1][-1] == "ERR TIMEOUT", f"{lane.states(job)}")
        runs_right(bed, lane)


@case("lease@renewed-in-time-does-not-expire")
def _(bed):
    with bed.lane(ttl_s=2) as lane:
        for _ in range(3):
            time.sleep(0.8)
            reply = lane.ctl(f"RENEW lease={lane.grant['lease']} ttl_s=2")
            demand(reply.startswith("OK RENEW"), reply)
        runs_right(bed, lane)


@case("lease@epochs-grow")
def _(bed):
    epochs = []
    for _ in range(3):
        with bed.lane() as lane:
            epochs.append(int(lane.grant["epoch"]))
    demand(epochs == sorted(set(epochs)), f"epochs {epochs}")


if __name__ == "__main__":
    bed = Bed(sys.argv[1], int(sys.argv[2]), sys.argv[3])
    sys.exit(1 if run_once(bed, bed.address) else 0)
