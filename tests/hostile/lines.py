# SPDX-License-Identifier: Apache-2.0
"""Hostile ctl lines and job descriptors, H43 to H51, against a bridge with mock GPUs:
lines.py SOCKET PID ROUNDS."""

import errno
import json
import sys

import ninep
from bed import CTL, JOB, case, demand, demand_error, main, refused
from lane import Lane, vadd
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


def refused_job(lane, line):
    """The write is refused, or the job ends in an ERR state; None of both leaves a second job."""
    try:
        lane.session.write(101, line)
    except ninep.RemoteError as error:
        demand(error.errno in (errno.EINVAL, errno.EMSGSIZE), f"{line[:60]!r}: {error}")
        return
    lane.poll()
    last = [states[-1]["state"] for states in lane.seen.values()]
    demand(all(state.startswith("ERR") for state in last), f"{line[:60]!r} ends in {last}")


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
        for line in ("", " ", "lease", "LEASES", "LEASE\0", "LEASE mem_mb=1\0", "\x1b[2J", "\xff",
                     "RENEW", "RENEW lease=1", "RENEW lease=-1 ttl_s=1", "RELEASE lease=0",
                     "RELEASE lease=18446744073709551616", "RELEASE lease=18446744073709551615",
                     "RENEW lease=18446744073709551615 ttl_s=1", "PRIORITY", "PRIORITY 256",
                     "PRIORITY x", "PRIORITY -1", "NONSENSE", "LEASE " + "x" * 200,
                     "LEASE " + "mem_mb=1 " * 500):
            refused_line(lane, line)


@case("hostile@H43-line-without-end")
def _(address):
    with Lane(address) as lane:
        refused(lambda: [lane.session.write(100, b"x" * 60000) for _ in range(200)],
                errno.EMSGSIZE, errno.ENOSPC)
        refused(lambda: [lane.session.write(101, b"x" * 60000) for _ in range(200)],
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
    with Lane(address) as first:
        lease = first.lease()[1]["lease"]
        demand(first.ctl(f"RELEASE lease={lease}").startswith("OK RELEASE"), "not released")
        refused_line(first, f"RELEASE lease={lease}")
        refused_line(first, f"RENEW lease={lease} ttl_s=10")
        refused(lambda: first.submit(vadd(MODULE)), errno.EPERM)


@case("hostile@H46-json")
def _(address):
    good = json.dumps({**vadd(MODULE), "job": "json"})
    with Lane(address) as lane:
        lane.lease()
        for line in (b"[" * 100000 + b"]" * 100000, b"{\"a\":" * 5000 + b"1" + b"}" * 5000,
                     b"", b" ", b"\0", b"null", b"[]", b"1", b"\"x\"", b"{}", b"{", b"{\"job\":1}",
                     good.replace('"grid"', '"job": "other", "grid"').encode(),
                     good.replace("5000", "1e400").encode(), good.replace("5000", "NaN").encode(),
                     good.replace("5000", "-1").encode(), good.replace("5000", "1.5").encode(),
                     good.replace("5000", "9007199254740993").encode(),
                     good.replace('"test"', '"\\u0000"').encode(),
                     good.replace('"test"', '"\\ud800"').encode(),
                     good.replace('"test"', '"').encode() + b"\xff\"",
                     b"\xef\xbb\xbf" + good.encode(), (good + good).encode(),
                     (good + " x").encode(), good.replace('"kernel"', '"kernal"').encode(),
                     good.replace('"json"', '"../../etc/passwd"').encode(),
                     good.replace('"json"', '""').encode(),
                     good.replace('"json"', '"a b"').encode(),
                     good.replace('"json"', '"\\u001b[2J"').encode(),
                     good.replace('"json"', json.dumps("x" * 65)).encode(),
                     good.replace('"json"', '".."').encode()):
            refused_job(lane, line + b"\n")


@case("hostile@H47-descriptor-in-pieces")
def _(address):
    with Lane(address) as lane:
        lane.lease()
        line = json.dumps({**vadd(MODULE), "job": "pieces"}).encode() + b"\n"
        for at in range(0, len(line), 37):
            demand("pieces" not in lane.seen, "a job without its newline is accepted")
            lane.session.write(101, line[at:at + 37])
        lane.finish("pieces")


@case("hostile@H47-all-lines-or-none")
def _(address):
    with Lane(address) as lane:
        lane.lease()
        good = json.dumps({**vadd(MODULE), "job": "all-or-none"}).encode()
        refused(lambda: lane.session.write(101, good + b"\n" + b"nonsense\n"), errno.EINVAL)
        demand(lane.states("all-or-none") == [], "the good line of a bad write is accepted")
        refused(lambda: lane.session.write(101, b"\n" * 60000), errno.EINVAL)


@case("hostile@H48-hash-and-payload")
def _(address):
    good = {**vadd(MODULE), "job": "hash"}
    digest, payload = good["bytes_hash"], good["payload_b64"]
    with Lane(address) as lane:
        lane.lease()
        for bad in (digest.upper(), digest[7:], digest[:-1], digest + "0", digest + "\n",
                    "sha256:" + digest[7:].upper(), "md5:" + digest[7:], " " + digest, ""):
            refused_job(lane, json.dumps({**good, "bytes_hash": bad}) + "\n")
        for bad in (payload + "\n", " " + payload, payload[:-1], payload + "=", payload + "AAAA",
                    payload.replace("A", "-", 1), "", "====", "A", "AB=C"):
            refused_job(lane, json.dumps({**good, "payload_b64": bad}) + "\n")


@case("hostile@H49-job-id-twice")
def _(address):
    with Lane(address) as lane:
        lane.lease()
        line = json.dumps({**vadd(MODULE), "job": "twin"}) + "\n"
        refused(lambda: lane.session.write(101, line + line), errno.EINVAL, errno.EEXIST)


@case("hostile@H50-grid-and-block")
def _(address):
    with Lane(address) as lane:
        lane.lease()
        for key in ("grid", "block"):
            for bad in ([0, 1, 1], [1, 1], [1, 1, 1, 1], [], [-1, 1, 1], [1.5, 1, 1], ["1", 1, 1],
                        [4294967296, 1, 1], 1, None, [[1, 1, 1]]):
                refused_job(lane, json.dumps({**vadd(MODULE), "job": "grid", key: bad}) + "\n")


@case("hostile@H50-buffers")
def _(address):
    good = vadd(MODULE)
    buffer = {"binding": 0, "bytes": 64, "input": True, "fill": {"kind": "zero"}}
    with Lane(address) as lane:
        lane.lease()
        for bad in ([{**buffer, "bytes": 0}], [{**buffer, "bytes": 63}], [{**buffer, "bytes": -4}],
                    [{**buffer, "bytes": 1 << 53}], [{**buffer, "bytes": (1 << 53) - 4}] * 2,
                    [buffer, buffer], [buffer] * 17, [{**buffer, "binding": -1}],
                    [{**buffer, "binding": 1 << 32}], [{**buffer, "fill": {"kind": "rm -rf"}}],
                    [{**buffer, "fill": "zero"}], [{**buffer, "seed": 1}], [{}], [None], "x", {}):
            refused_job(lane, json.dumps({**good, "job": "buffers", "buffers": bad}) + "\n")


@case("hostile@H51-timeout")
def _(address):
    with Lane(address) as lane:
        lane.lease()
        for bad in (0, -1, 1.5, "5000", 4294967296, 4294967295, None):
            refused_job(lane, json.dumps({**vadd(MODULE), "job": "time", "timeout_ms": bad}) + "\n")


@case("hostile@H34-paths-in-a-descriptor")
def _(address):
    good = {key: value for key, value in vadd(MODULE).items() if key != "payload_b64"}
    with Lane(address) as lane:
        lane.lease()
        for path in ("../../../etc/passwd", "/etc/passwd", "/proc/self/mem", "/bundles/../version",
                     "/bundles/", "", "/bundles/" + "0" * 64, "/bundles/\0", "x" * 5000):
            refused_job(lane, json.dumps({**good, "job": "paths", "inputs": [path]}) + "\n")


@case("hostile@reply-of-ctl-is-read-once")
def _(address):
    with Lane(address) as lane:
        for _ in range(100):
            demand(lane.ctl("NONSENSE").startswith("ERR "), "no reply")
        reply = lane.session.ask("Tgetattr", fid=100, request_mask=0x7FF)
        demand_error(lane.session.ask("Tread", fid=101, offset=0, count=10), errno.EBADF)
        demand(reply.name == "Rgetattr", f"{reply}")


if __name__ == "__main__":
    sys.exit(main())
