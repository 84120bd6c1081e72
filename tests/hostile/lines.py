# SPDX-License-Identifier: Apache-2.0
"""Hostile ctl lines and job descriptors, H29 and H43 to H53, against a bridge with mock GPUs:
lines.py SOCKET PID ROUNDS."""

import errno
import json
import random
import sys
import time

import ninep
from bed import CTL, JOB, case, demand, demand_error, main, refused
from lane import CTL_FID, JOB_FID, Lane, new_id, vadd
from ninep import NOFID, session

MODULE = b"\x03\x02\x23\x07" + b"\0" * 16
RDWR, WRONLY = 2, 1


def refused_line(lane, line):
    """The line is answered with ERR, or the write with EINVAL."""
    try:
        reply = lane.ctl(line)
    except ninep.RemoteError as error:
        demand(error.errno in (errno.EINVAL, errno.EMSGSIZE), f"{line[:60]!r}: {error}")
        return
    demand(reply.startswith("ERR "), f"{line[:60]!r} answered with {reply}")
    demand(reply.isprintable() and len(reply) < 512, f"{line[:60]!r} answered with {reply!r}")


def refused_job(lane, changes=None, line=None):
    """A descriptor with these changes, or this line, in which ID stands for a new id. Either its
    write is refused or its status says ERR, and never both."""
    if line is None:
        line = json.dumps({**vadd(MODULE), "job": "ID", **changes})
    job = new_id()
    line = line.replace('"ID"', f'"{job}"') if isinstance(line, str) else line
    try:
        lane.session.write(JOB_FID, ninep.to_bytes(line) + b"\n")
    except ninep.RemoteError as error:
        demand(error.errno in (errno.EINVAL, errno.EMSGSIZE), f"{line[:60]!r}: {error}")
        demand(lane.states(job) == [], f"{line[:60]!r} is refused and has a state")
        return
    states = lane.states(job)
    demand(states[0] == "QUEUED" and states[1].startswith("ERR") and len(states) == 2,
           f"{line[:60]!r}: {states}")


@case("hostile@H29-create-and-walk-at-once")
def _(address):
    with session(address) as connection:
        rpc = [("Tlcreate", {"fid": 7, "name": "x", "flags": WRONLY, "mode": 0o644, "gid": 0}),
               ("Twalk", {"fid": 7, "newfid": 8, "names": [".."]}),
               ("Twalk", {"fid": 7, "newfid": 7, "names": ["GPU-0"]}),
               ("Tclunk", {"fid": 8})]
        connection.walk(0, 7, "gpu")
        connection.send(b"".join(ninep.encode(name, tag, **fields)
                                 for tag, (name, fields) in enumerate(rpc)))
        names = [connection.recv().name for _ in rpc]
        demand(names == ["Rlerror", "Rwalk", "Rwalk", "Rclunk"], f"{names}")


@case("hostile@H29-walk-while-a-lease-is-revoked")
def _(address):
    with Lane(address) as lane, Lane(address) as queen:
        for _ in range(5):
            lease = lane.lease()[1]["lease"]
            walks = 40
            lane.session.send(b"".join(
                ninep.encode("Twalk", tag, fid=CTL_FID, newfid=200 + tag, names=[])
                for tag in range(walks)))
            demand(queen.ctl(f"REVOKE lease={lease}").startswith("OK REVOKE"), "not revoked")
            replies = [lane.session.recv() for _ in range(walks)]
            # Once it is revoked it stays so.
            outcomes = [reply.name == "Rwalk" for reply in replies]
            demand(sorted(outcomes, reverse=True) == outcomes, f"{outcomes}")
            refused(lambda: lane.session.walk(CTL_FID, 300), errno.EPERM)
            for tag in range(walks):
                lane.session.ask("Tclunk", fid=200 + tag)
            for fid, name, mode in ((CTL_FID, CTL, RDWR), (JOB_FID, JOB, WRONLY)):
                lane.session.clunk(fid)
                lane.session.open(name, fid, mode)


@case("hostile@H44-renew-release-and-revoke-at-the-deadline", once=True)
def _(address):
    with Lane(address) as watch:
        lanes = [Lane(address, gpu) for gpu in ("GPU-0", "GPU-1") for _ in range(8)]
        queens = {gpu: Lane(address, gpu) for gpu in ("GPU-0", "GPU-1")}
        held = {}
        for lane in lanes:
            word, fields = lane.lease(mem_mb=64, ttl_s=1)
            demand(word == "OK", f"{word} {fields}")
            held[lane] = fields["lease"]
        ended = {}
        deadline = time.monotonic() + 1.5
        rng = random.Random(44)
        time.sleep(0.8)
        while time.monotonic() < deadline:
            lane = rng.choice(lanes)
            line = rng.choice((f"RENEW lease={held[lane]} ttl_s=1", f"RELEASE lease={held[lane]}",
                               f"REVOKE lease={held[lane]}"))
            speaker = queens[lane.gpu] if line.startswith("REVOKE") else lane
            try:
                good = speaker.ctl(line).startswith("OK ")
            except ninep.RemoteError as error:
                demand(error.errno == errno.EPERM, f"{line}: {error}")
                good = False
            demand(not (good and ended.get(lane)), f"{line} of a lease that had ended")
            ended[lane] = ended.get(lane) or (good and not line.startswith("RENEW")) or not good
        for gpu, queen in queens.items():
            lines = queen.session.read_all(f"/gpu/{gpu}/lease").decode().splitlines()
            for lane in (one for one in lanes if one.gpu == gpu):
                if ended.get(lane):
                    states = [json.loads(line)["state"] for line in lines
                              if f'"lease_id":{held[lane]},' in line]
                    demand(states.count("RELEASED") == 1 and states[-1] == "RELEASED", f"{states}")
        for one in [*lanes, *queens.values()]:
            one.close()
        demand(watch.lease(queue=0)[0] == "OK", "the capacity is not free")


@case("hostile@H43-lease-amounts")
def _(address):
    with Lane(address) as lane:
        for amounts in ("mem_mb=0 streams=1 ttl_s=1", "mem_mb=1 streams=0 ttl_s=1",
                        "mem_mb=1 streams=1 ttl_s=0", "mem_mb=4294967295 streams=1 ttl_s=1",
                        "mem_mb=4294967296 streams=1 ttl_s=1", "mem_mb=1 streams=255 ttl_s=1",
                        "mem_mb=1 streams=256 ttl_s=1", "mem_mb=1 streams=1 ttl_s=4294967296",
                        "mem_mb=1 streams=1 ttl_s=1 priority=256", "mem_mb=-1 streams=1 ttl_s=1",
                        "mem_mb=+1 streams=1 ttl_s=1", "mem_mb=1.0 streams=1 ttl_s=1",
                        "mem_mb=0x10 streams=1 ttl_s=1", "mem_mb=1e3 streams=1 ttl_s=1",
                        "mem_mb= streams=1 ttl_s=1", "mem_mb=1 streams=1", "",
                        "mem_mb=1 streams=1 ttl_s=1 queue=2", "mem_mb=1 mem_mb=2 streams=1 ttl_s=1",
                        "mem_mb=1 streams=1 ttl_s=1 colour=red", "mem_mb=1 streams=1 ttl_s=1 x",
                        "mem_mb=99999999999999999999999999 streams=1 ttl_s=1"):
            refused_line(lane, f"LEASE {amounts}")
        word, fields = lane.lease(ttl_s=4294967295, priority=255)
        demand(word == "OK", f"{word} {fields}")


@case("hostile@H43-ctl-lines")
def _(address):
    with Lane(address) as lane:
        for line in ("lease", "LEASES", "LEASE\0", "LEASE mem_mb=1\0", "\x1b[2J", "\xff",
                     "RENEW", "RENEW lease=1", "RENEW lease=-1 ttl_s=1", "RELEASE lease=0",
                     "RELEASE lease=18446744073709551616", "RELEASE lease=18446744073709551615",
                     "RENEW lease=18446744073709551615 ttl_s=1", "PRIORITY", "PRIORITY 256",
                     "PRIORITY x", "PRIORITY -1", "NONSENSE", "LEASE " + "x" * 200,
                     "LEASE " + "mem_mb=1 " * 500):
            refused_line(lane, line)


@case("hostile@H43-line-without-end")
def _(address):
    with Lane(address) as lane:
        refused(lambda: [lane.session.write(CTL_FID, b"x" * 60000) for _ in range(200)],
                errno.EMSGSIZE, errno.ENOSPC)
        refused(lambda: [lane.session.write(JOB_FID, b"x" * 60000) for _ in range(200)],
                errno.EMSGSIZE, errno.ENOSPC)


@case("hostile@H45-lease-of-another-identity")
def _(address):
    with Lane(address) as holder, session(address) as other:
        word, fields = holder.lease()
        demand(word == "OK", f"{word} {fields}")
        # Rights can be given up by naming another user, as a mount does for each of its users.
        other.rpc("Tattach", fid=50, afid=NOFID, uname="", aname="", n_uname=65534)
        for path in (CTL, JOB):
            refused(lambda: other.open(path, 51, RDWR if path == CTL else WRONLY, root=50),
                    errno.EPERM, errno.EACCES)
        demand(holder.ctl(f"RENEW lease={fields['lease']} ttl_s=60").startswith("OK RENEW"),
               "not renewed")


@case("hostile@H45-lease-of-another-session")
def _(address):
    with Lane(address) as first, Lane(address) as second:
        lease = first.lease()[1]["lease"]
        for held in (False, True):
            refused_line(second, f"RELEASE lease={lease}")
            refused_line(second, f"RENEW lease={lease} ttl_s=1")
            demand(held or second.lease()[0] == "OK", "no room for a second lease")
        demand(first.ctl(f"RELEASE lease={lease}").startswith("OK RELEASE"), "not released")
        refused_line(first, f"RELEASE lease={lease}")
        refused_line(first, f"RENEW lease={lease} ttl_s=10")
        refused(lambda: first.submit(vadd(MODULE)), errno.EPERM)


@case("hostile@H46-json")
def _(address):
    good = json.dumps({**vadd(MODULE), "job": "ID"})
    with Lane(address) as lane:
        lane.lease()
        for line in ("[" * 100000 + "]" * 100000, '{"a":' * 5000 + "1" + "}" * 5000, b"\0", "null",
                     "[]", "1", '"x"', "{}", "{", '{"job":1}', "\ufeff" + good, good + good,
                     good + " x", good.replace('"grid"', '"job": "other", "grid"'),
                     good.replace("5000", "1e400"), good.replace("5000", "NaN"),
                     good.replace("5000", "0x10"), good.replace("5000", "05000"),
                     good.replace("5000", "9007199254740993"), good.replace('"test"', '"\\u0000"'),
                     good.replace('"test"', '"\\ud800"'), good.replace('"test"', '"a\tb"'),
                     good.replace('"test"', '"').encode() + b'\xff"',
                     good.replace('"kernel"', '"kernal"'), good.replace('"test"', "'test'"),
                     good.replace('"ID"', '"../../etc/passwd"'), good.replace('"ID"', '""'),
                     good.replace('"ID"', '"a b"'), good.replace('"ID"', '"\\u001b[2J"'),
                     good.replace('"ID"', f'"{"x" * 65}"'), good.replace('"ID"', '".."')):
            refused_job(lane, line=line)


@case("hostile@H47-descriptor-in-pieces")
def _(address):
    job = new_id()
    with Lane(address) as lane:
        lane.lease()
        line = json.dumps({**vadd(MODULE), "job": job}).encode() + b"\n"
        for at in range(0, len(line), 37):
            demand(lane.states(job) == [], "a job without its newline is accepted")
            lane.session.write(JOB_FID, line[at:at + 37])
        lane.finish(job)


@case("hostile@H47-all-lines-or-none")
def _(address):
    job = new_id()
    with Lane(address) as lane:
        lane.lease()
        good = json.dumps({**vadd(MODULE), "job": job})
        refused(lambda: lane.session.write(JOB_FID, good + "\nnonsense\n"), errno.EINVAL)
        demand(lane.states(job) == [], "the good line of a bad write is accepted")
        lane.session.write(JOB_FID, "\n" * 60000 + "\r\n" + good + "\r\n")
        lane.finish(job)


@case("hostile@H48-hash-and-payload")
def _(address):
    digest, payload = vadd(MODULE)["bytes_hash"], vadd(MODULE)["payload_b64"]
    with Lane(address) as lane:
        lane.lease()
        for bad in (digest.upper(), digest[7:], digest[:-1], digest + "0", digest + "\n",
                    "sha256:" + digest[7:].upper(), "md5:" + digest[7:], " " + digest, "", None):
            refused_job(lane, {"bytes_hash": bad})
        for bad in (payload + "\n", " " + payload, payload[:-1], payload + "=", payload + "AAAA",
                    payload.replace("A", "-", 1), "", "====", "A", "AB=C", 7, None):
            refused_job(lane, {"payload_b64": bad})


@case("hostile@H49-job-id-twice")
def _(address):
    with Lane(address) as lane:
        lane.lease()
        job = new_id()
        line = json.dumps({**vadd(MODULE), "job": job}) + "\n"
        refused(lambda: lane.session.write(JOB_FID, line + line), errno.EINVAL)
        demand(lane.states(job) == [], "the first of two twins is accepted")
        lane.session.write(JOB_FID, line)
        before = lane.finish(job)[1]
        refused(lambda: lane.session.write(JOB_FID, line), errno.EINVAL)
        demand(lane.states(job) == before, "an id has a second life")


@case("hostile@H50-grid-and-block")
def _(address):
    with Lane(address) as lane:
        lane.lease()
        for key in ("grid", "block"):
            for bad in ([0, 1, 1], [1, 1], [1, 1, 1, 1], [], [-1, 1, 1], [1.5, 1, 1], ["1", 1, 1],
                        [4294967296, 1, 1], 1, None, [[1, 1, 1]], [4294967295] * 3):
                refused_job(lane, {key: bad})


@case("hostile@H50-buffers")
def _(address):
    buffer = {"binding": 0, "bytes": 64, "input": True, "fill": {"kind": "zero"}}
    with Lane(address) as lane:
        lane.lease()
        for bad in ([{**buffer, "bytes": 0}], [{**buffer, "bytes": 63}], [{**buffer, "bytes": -4}],
                    [{**buffer, "bytes": 1 << 53}], [{**buffer, "bytes": (1 << 53) - 4}] * 2,
                    [buffer, buffer], [buffer] * 17, [{**buffer, "binding": -1}],
                    [{**buffer, "binding": 1 << 32}], [{**buffer, "fill": {"kind": "rm -rf"}}],
                    [{**buffer, "fill": "zero"}], [{**buffer, "seed": 1}], [{}], [None], "x", {},
                    [{**buffer, "bytes": (64 << 20) + 4}]):
            refused_job(lane, {"buffers": bad})


@case("hostile@H51-timeout")
def _(address):
    with Lane(address) as lane:
        lane.lease()
        for bad in (0, -1, 1.5, "5000", 4294967296, 4294967295, None):
            refused_job(lane, {"timeout_ms": bad})


@case("hostile@H34-paths-in-a-descriptor")
def _(address):
    with Lane(address) as lane:
        lane.lease()
        bare = {key: value for key, value in vadd(MODULE).items() if key != "payload_b64"}
        for path in ("../../../etc/passwd", "/etc/passwd", "/proc/self/mem", "/bundles/../version",
                     "/bundles/", "", "/bundles/" + "0" * 64, "/bundles/\0", "/bundles/\x1b[2J",
                     "x" * 5000):
            refused_job(lane, line=json.dumps({**bare, "job": "ID", "inputs": [path]}))
        for path in ("/worker/ID/../other/result", "/etc/passwd", "/worker/result", "", 7):
            refused_job(lane, {"outputs": [path]})


@case("hostile@H53-results-belong-to-their-owner")
def _(address):
    with Lane(address) as lane, session(address) as other:
        lane.lease()
        job = lane.submit(vadd(MODULE))
        lane.finish(job)
        demand(job in [entry[0] for entry in lane.session.list("/worker")], "no result")
        other.rpc("Tattach", fid=50, afid=NOFID, uname="", aname="", n_uname=65534)
        # Not seen at all: EPERM would tell that it is there.
        refused(lambda: other.walk(50, 51, "worker", job), errno.ENOENT)
        other.walk(50, 51, "worker")
        other.rpc("Tlopen", fid=51, flags=0)
        names = ninep.parse_entries(other.rpc("Treaddir", fid=51, offset=0, count=60000)["data"])
        demand(job not in [name for name, _, _ in names], "a stranger sees the job")
    with session(address) as other:
        refused(lambda: other.walk(0, 1, "worker", job), errno.ENOENT)


@case("hostile@replies-of-ctl-are-bounded")
def _(address):
    with Lane(address) as lane:
        for _ in range(100):
            demand(lane.ctl("NONSENSE").startswith("ERR "), "no reply")
        refused(lambda: lane.session.write(CTL_FID, "NONSENSE\n" * 6000), errno.EAGAIN)
        demand_error(lane.session.ask("Tread", fid=JOB_FID, offset=0, count=10), errno.EBADF)


if __name__ == "__main__":
    # A GPU keeps one MiB of status and one of lease lines, which the rounds fill.
    sys.exit(main(growth_kb=3072))
