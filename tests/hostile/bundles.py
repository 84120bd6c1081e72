# SPDX-License-Identifier: Apache-2.0
"""Modules staged in /bundles: bundles.py SOCKET PID FOLDER

Jobs find them by hash and by alias; short, long, wrong, too many and concurrent uploads leave
nothing behind that they should not.
"""

import errno
import hashlib
import json
import os
import pathlib
import sys
import time

import ninep
from bed import case, demand, memory_kb, refused, run_once
from lane import JOB_FID, Lane, WRONLY, vadd, vadd_is_right

FID = 300
OWN_MAX = 64
MIB = 1 << 20


class Bed:
    def __init__(self, address, pid, folder):
        self.address = address
        self.pid = pid
        self.vadd, self.wild = (
            pathlib.Path(folder, name + ".spv").read_bytes() for name in ("vadd", "wild"))


def digest(data):
    return hashlib.sha256(data).hexdigest()


def create(session, name, fid=FID, flags=WRONLY):
    session.walk(0, fid, "bundles")
    try:
        return session.rpc("Tlcreate", fid=fid, name=name, flags=flags, mode=0o644, gid=0)
    except ninep.RemoteError:
        session.clunk(fid)
        raise


def stage(session, data, name=None):
    """As a mount does for `cat module > bundles/NAME`."""
    create(session, name or digest(data))
    session.write(FID, data)
    session.clunk(FID)


def names(session):
    return sorted(entry[0] for entry in session.list("/bundles") if entry[0] not in (".", ".."))


def job_of(module, path):
    job = {key: value for key, value in vadd(module).items() if key != "payload_b64"}
    return {**job, "inputs": [path]}


def ends(lane, job, state):
    job = lane.submit(job)
    _, states = lane.finish(job)
    demand(states[-1] == state, f"{states}, not {state}: {lane.detail(job)}")
    return job


def runs_right(lane, job):
    job = ends(lane, job, "OK")
    demand(vadd_is_right(lane.session.read_all(f"/worker/{job}/result")), "vadd is wrong")


@case("bundle@jobs-find-it-by-hash-and-alias")
def _(bed):
    with Lane(bed.address) as lane:
        lane.lease()
        hash_path = "/bundles/" + digest(bed.vadd)
        ends(lane, job_of(bed.vadd, hash_path), "ERR INVALID")
        stage(lane.session, bed.vadd)
        stage(lane.session, (digest(bed.vadd) + "\n").encode(), "vadd.spv")
        demand(names(lane.session) == sorted([digest(bed.vadd), "vadd.spv"]), names(lane.session))
        demand(lane.session.read_all(hash_path) == bed.vadd, "read back differently")
        runs_right(lane, job_of(bed.vadd, hash_path))
        runs_right(lane, job_of(bed.vadd, "/bundles/vadd.spv"))
        # Staging it again is no error, and an alias that is pointed elsewhere cannot cheat: the
        # hash is the job's own.
        stage(lane.session, bed.vadd)
        stage(lane.session, bed.wild)
        stage(lane.session, digest(bed.wild).encode(), "vadd.spv")
        ends(lane, job_of(bed.vadd, "/bundles/vadd.spv"), "ERR HASH")
        ends(lane, job_of(bed.vadd, "/bundles/" + digest(bed.wild)), "ERR HASH")
        runs_right(lane, job_of(bed.vadd, hash_path))


@case("bundle@goes-with-its-session")
def _(bed):
    with Lane(bed.address) as lane:
        lane.lease()
        with ninep.session(bed.address) as other:
            stage(other, bed.vadd)
            runs_right(lane, job_of(bed.vadd, "/bundles/" + digest(bed.vadd)))
            lane.session.open("/bundles/" + digest(bed.vadd), 77)
        deadline = time.monotonic() + 5
        while names(lane.session):
            demand(time.monotonic() < deadline, "it is still there")
        ends(lane, job_of(bed.vadd, "/bundles/" + digest(bed.vadd)), "ERR INVALID")
        refused(lambda: lane.session.read(77, 0, 100), errno.ESTALE)


@case("bundle@short-long-and-wrong")
def _(bed):
    with ninep.session(bed.address) as session:
        create(session, digest(bed.vadd))
        session.write(FID, bed.vadd[:-4])
        refused(lambda: session.rpc("Tfsync", fid=FID, datasync=0), errno.EINVAL)
        refused(lambda: session.read_all("/bundles/" + digest(bed.vadd)), errno.EBUSY)
        session.clunk(1000)
        session.clunk(FID)
        demand(names(session) == [], "a short one stays")
        create(session, digest(bed.vadd))
        session.write(FID, bed.wild)
        session.clunk(FID)
        demand(names(session) == [], "a wrong one stays")
        create(session, digest(bed.vadd))
        session.write(FID, bed.vadd)
        session.rpc("Tfsync", fid=FID, datasync=0)
        put = {"fid": FID, "data": b"more"}
        refused(lambda: session.rpc("Twrite", offset=len(bed.vadd), **put), errno.EINVAL)
        refused(lambda: session.rpc("Twrite", offset=0, **put), errno.EINVAL)
        refused(lambda: session.rpc("Twrite", offset=1 << 62, **put), errno.EINVAL)
        session.clunk(FID)
        demand(session.read_all("/bundles/" + digest(bed.vadd)) == bed.vadd, "changed afterwards")


@case("bundle@names")
def _(bed):
    with ninep.session(bed.address) as session:
        for name in ("", ".", "..", "a/b", "../gpu", "-", "a b", "\x1b[2J", "x" * 65, "x" * 300,
                     b"a\0b", b"\xff\xfe"):
            refused(lambda name=name: create(session, name), errno.EINVAL)
        refused(lambda: create(session, "read", flags=0), errno.EINVAL)
        refused(lambda: stage(session, b"0" * 64, "dangling"), errno.ENOENT)
        session.clunk(FID)
        demand(names(session) == [], names(session))
        # Nowhere else.
        for path in ("gpu", "worker", "proc"):
            session.walk(0, 400, path)
            refused(lambda: session.rpc("Tlcreate", fid=400, name="x", flags=1, mode=0, gid=0),
                    errno.EPERM)
            session.clunk(400)


@case("bundle@an-observer-stages-nothing")
def _(bed):
    with ninep.session(bed.address) as session:
        stage(session, bed.vadd)
        session.rpc("Tattach", fid=50, afid=ninep.NOFID, uname="", aname="", n_uname=65534)
        session.walk(50, 51, "bundles")
        refused(lambda: session.rpc("Tlcreate", fid=51, name=digest(b"x"), flags=1, mode=0, gid=0),
                errno.EPERM)
        refused(lambda: session.walk(50, 52, "bundles", digest(bed.vadd)), errno.ENOENT)


@case("bundle@many-small-and-many-large")
def _(bed):
    with ninep.session(bed.address, msize=1 << 20) as session:
        for number in range(3 * OWN_MAX):
            stage(session, number.to_bytes(4, "little"))
        demand(len(names(session)) == OWN_MAX, f"{len(names(session))} are kept")
        before = memory_kb(bed.pid)
        for number in range(48):
            stage(session, number.to_bytes(4, "little") * MIB)
            # What is dropped is not kept in memory by who has it open.
            session.open("/bundles/" + digest(number.to_bytes(4, "little") * MIB), 500 + number)
        kept = len(names(session))
        demand(kept <= 16, f"{kept} of 4 MiB are kept")
        grew = memory_kb(bed.pid) - before
        demand(grew < 100 << 10, f"{grew} KiB are in memory for {kept} of 4 MiB")
        create(session, digest(bytes(8 * MIB)))
        refused(lambda: session.write(FID, bytes(8 * MIB)), errno.EMSGSIZE)
        session.clunk(FID)


@case("bundle@two-sessions-at-once")
def _(bed):
    with ninep.session(bed.address) as one, ninep.session(bed.address) as other:
        half = len(bed.vadd) // 2
        create(one, digest(bed.vadd))
        one.write(FID, bed.vadd[:half])
        stage(other, bed.vadd)
        one.rpc("Twrite", fid=FID, offset=half, data=bed.vadd[half:])
        one.rpc("Tfsync", fid=FID, datasync=0)
        one.clunk(FID)
        demand(names(other) == [digest(bed.vadd)], names(other))


@case("bundle@what-waits-in-a-queue-has-a-copy")
def _(bed):
    with Lane(bed.address) as lane:
        # Short lines with large modules: all of a write is refused, not half of it.
        large = bed.vadd + bytes(4 * MIB - len(bed.vadd))
        stage(lane.session, large)
        lane.lease()
        lines = []
        for number in range(40):
            job = job_of(large, "/bundles/" + digest(large))
            lines.append({**job, "job": f"large-{os.getpid()}-{number}"})
        text = "".join(json.dumps(line) + "\n" for line in lines)
        refused(lambda: lane.session.write(JOB_FID, text), errno.EAGAIN)
        demand(lane.states(lines[0]["job"]) == [], "one of them was accepted")


if __name__ == "__main__":
    bed = Bed(sys.argv[1], int(sys.argv[2]), sys.argv[3])
    sys.exit(1 if run_once(bed, bed.address) else 0)
