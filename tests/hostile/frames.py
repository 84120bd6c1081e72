# SPDX-License-Identifier: Apache-2.0
"""Hostile frames, tags and fids, H1 to H29: frames.py SOCKET PID ROUNDS."""

import errno
import random
import sys
import time

import ninep
from bed import (EVENTS, STATUS, case, demand, demand_closed, demand_error, main, malformed,
                 memory_kb, refused)
from lane import Lane
from ninep import NOFID, NOTAG, Connection, encode, frame, session

TVERSION, TREAD = 100, 116
RDONLY = 0
# Reads of one session that may wait (bridge/session.h).
WINDOW = 64


def closes(address, data, versioned=True):
    """After these bytes the bridge hangs up, whatever it may have answered before."""
    with session(address) if versioned else Connection(address) as connection:
        connection.send(data)
        reply = connection.recv()
        if reply is not None:
            demand(reply.name == "Rlerror", f"answered with {reply}")
            demand_closed(connection)


def blocked_reader(address, tag=9, fid=5):
    """A session with a read of `events` that waits, from the end of the file on."""
    connection = session(address)
    connection.open(EVENTS, fid)
    size = len(connection.read_all(STATUS))
    connection.send(encode("Tread", tag, fid=fid, offset=size, count=4096))
    demand(connection.silent(0.02), "a read at the end of events does not wait")
    return connection


# Framing

@case("hostile@H1-size-below-header")
def _(address):
    for size in range(ninep.HEADER):
        closes(address, frame(TVERSION, NOTAG, b"", size), versioned=False)
        closes(address, frame(TREAD, 1, b"", size))


@case("hostile@H2-size-of-zero-one-six-with-a-frame-behind")
def _(address):
    good = encode("Tgetattr", 1, fid=0, request_mask=0x7FF)
    for size in (0, 1, 6):
        with session(address) as connection:
            # What comes behind is not looked at: where it begins is anybody's guess.
            connection.send(size.to_bytes(4, "little") + good)
            demand_closed(connection)


@case("hostile@H3-size-of-four-gibibytes")
def _(address):
    closes(address, frame(TREAD, 1, b"x" * 64, 0xFFFFFFFF))
    closes(address, frame(TVERSION, NOTAG, b"x" * 64, 0xFFFFFFFF), versioned=False)


@case("hostile@H4-size-over-msize")
def _(address):
    with session(address, msize=8192) as connection:
        data = b"x" * (connection.msize - 22)
        connection.send(encode("Twrite", 1, fid=0, offset=0, data=data)[:4096])
        demand_closed(connection)


@case("hostile@H5-size-is-not-the-body")
def _(address):
    good = ninep.body("Tread", {"fid": 0, "offset": 0, "count": 1})
    malformed(address, frame(TREAD, 1, good[:-1]))
    malformed(address, frame(TREAD, 1, good + b"\0"))
    malformed(address, frame(TREAD, 1))


@case("hostile@H6-one-byte-a-packet")
def _(address):
    with Connection(address) as connection:
        for one in encode("Tversion", NOTAG, msize=8192, version="9P2000.L"):
            connection.send(bytes([one]))
        demand(connection.recv().name == "Rversion", "no Rversion")
        for one in encode("Tattach", 1, fid=0, afid=NOFID, uname="", aname="", n_uname=NOFID):
            connection.send(bytes([one]))
        demand(connection.recv().name == "Rattach", "no Rattach")


@case("hostile@H6-a-thousand-frames-in-one-packet")
def _(address):
    with session(address) as connection:
        connection.send(b"".join(encode("Tgetattr", tag, fid=0, request_mask=0x7FF)
                                 for tag in range(1000)))
        tags = [connection.recv().tag for _ in range(1000)]
        demand(sorted(tags) == list(range(1000)), "not every frame was answered once")


@case("hostile@H7-half-a-frame-then-silence", once=True)
def _(address):
    halves = [Connection(address) for _ in range(50)]
    for half in halves:
        half.send(encode("Tversion", NOTAG, msize=8192, version="9P2000.L")[:9])
    started = time.monotonic()
    with session(address) as connection:
        connection.rpc("Tgetattr", fid=0, request_mask=0x7FF)
    demand(time.monotonic() - started < 1, "half frames of others hold up a session")
    for half in halves:
        half.close()


@case("hostile@H8-half-close-after-a-request")
def _(address):
    with session(address) as connection:
        connection.send(encode("Tgetattr", 7, fid=0, request_mask=0x7FF))
        connection.finish()
        reply = connection.recv()
        demand(reply is None or reply.tag == 7, f"answered with {reply}")
        demand(reply is None or connection.recv() is None, "not closed after the last reply")


@case("hostile@H9-never-reads-its-replies", once=True)
def _(address):
    pid = int(sys.argv[2])
    before = memory_kb(pid)
    greedy = [session(address) for _ in range(8)]
    for connection in greedy:
        connection.open(STATUS, 5)
        connection.sock.settimeout(0.3)
        request = encode("Tgetattr", 1, fid=5, request_mask=0x7FF) * 2000
        try:
            for _ in range(50):
                if not connection.send(request):
                    break
        except TimeoutError:
            pass
    grown = memory_kb(pid) - before
    # A MiB of replies each, in a buffer that grows by doubling; all of them would be 15 MiB each.
    demand(grown < 8 * 4096, f"replies that nobody reads take {grown} kB")
    with session(address) as connection:
        connection.rpc("Tgetattr", fid=0, request_mask=0x7FF)
    for connection in greedy:
        connection.close()


@case("hostile@H10-reply-type-from-a-client")
def _(address):
    for name, (number, _) in ninep.MESSAGES.items():
        if name.startswith("R"):
            closes(address, frame(number, 1))


@case("hostile@H11-error-types-from-a-client")
def _(address):
    for number in (6, 106):
        with session(address) as connection:
            connection.send(frame(number, 1, b"\0\0\0\0"))
            demand_error(connection.recv(), errno.EOPNOTSUPP)


@case("hostile@H12-every-unknown-type")
def _(address):
    known = {number for number, _ in ninep.MESSAGES.values()}
    known |= {number + 1 for number in known if number % 2 == 0}
    with session(address) as connection:
        for number in range(0, 256, 2):
            if number not in known:
                connection.send(frame(number, 3, b"anything"))
                demand_error(connection.recv(), errno.EOPNOTSUPP)
    for number in range(1, 256, 2):
        if number not in known:
            closes(address, frame(number, 3))


@case("hostile@H13-frame-before-version")
def _(address):
    for name, fields in (("Tattach", {"fid": 0, "afid": NOFID, "uname": "", "aname": "",
                                      "n_uname": NOFID}),
                         ("Tread", {"fid": 0, "offset": 0, "count": 1}),
                         ("Tflush", {"oldtag": 1}), ("Tclunk", {"fid": 0})):
        with Connection(address) as connection:
            reply = connection.ask(name, **fields)
            demand(reply is None or reply.name == "Rlerror", f"answered with {reply}")


@case("hostile@H14-second-version-resets")
def _(address):
    with blocked_reader(address) as connection:
        connection.version(4096)
        demand(connection.silent(0.02), "a read from before Tversion is answered")
        demand_error(connection.ask("Tgetattr", fid=0, request_mask=0), errno.EBADF)
        connection.attach(0)
        connection.open("/version", 5)


@case("hostile@H15-msize")
def _(address):
    for msize in (0, 1, 6, 7, 23, 24, 4095):
        with Connection(address) as connection:
            reply = connection.ask("Tversion", NOTAG, msize=msize, version="9P2000.L")
            demand(reply is None or reply.name == "Rlerror"
                   or reply.fields["msize"] <= msize, f"msize {msize} answered with {reply}")
    for msize in (4096, 8192, 0x7FFFFFFF, 0xFFFFFFFF):
        with Connection(address) as connection:
            got = connection.rpc("Tversion", NOTAG, msize=msize, version="9P2000.L")["msize"]
            demand(4096 <= got <= min(msize, 1 << 20), f"msize {msize} became {got}")


@case("hostile@H16-version-string")
def _(address):
    for version in (b"", b"9P", b"9P2000", b"9P2000.u", b"unknown", b"9p2000.l", b"\0",
                    b"9P2000.L\0", b"9P2000.L\0x", b"\xff" * 64):
        with Connection(address) as connection:
            fields = connection.rpc("Tversion", NOTAG, msize=8192, version=version)
            demand(fields["version"] == b"unknown", f"{version} answered with {fields}")
    with Connection(address) as connection:
        for version, answer in ((b"9P2000.Lx", b"unknown"), (b"9P2000.L.", b"9P2000.L"),
                                (b"9P2000.L.Google.13", b"9P2000.L"), (b"9P2000.", b"unknown")):
            fields = connection.rpc("Tversion", NOTAG, msize=8192, version=version)
            demand(fields["version"] == answer, f"{version} answered with {fields}")
    with Connection(address) as connection:
        connection.send(encode("Tversion", NOTAG, msize=1 << 20, version=b"9" * 65535))
        reply = connection.recv()
        demand(reply is None or reply.fields.get("version") == b"unknown" or
               reply.name == "Rlerror", f"answered with {reply}")


# Tags and fids

@case("hostile@H17-tag-in-flight")
def _(address):
    with blocked_reader(address, tag=9) as connection:
        connection.send(encode("Tgetattr", 9, fid=0, request_mask=0))
        reply = connection.recv()
        demand(reply is None or reply.name == "Rlerror", f"answered with {reply}")


@case("hostile@H18-notag-on-a-request")
def _(address):
    with session(address) as connection:
        reply = connection.ask("Tgetattr", NOTAG, fid=0, request_mask=0)
        demand(reply is None or reply.tag == NOTAG, f"answered with {reply}")


@case("hostile@H19-flush-of-nothing")
def _(address):
    with session(address) as connection:
        connection.rpc("Tflush", 4, oldtag=4)
        connection.rpc("Tflush", 4, oldtag=77)
        connection.rpc("Tflush", 4, oldtag=NOTAG)
        connection.send(encode("Tflush", 5, oldtag=77) + encode("Tflush", 6, oldtag=5)
                        + encode("Tflush", 7, oldtag=5))
        demand([connection.recv().tag for _ in range(3)] == [5, 6, 7], "flushes out of order")


@case("hostile@H20-flush-of-a-blocked-read")
def _(address):
    with blocked_reader(address, tag=9) as connection:
        connection.rpc("Tflush", 10, oldtag=9)
        demand(connection.silent(0.02), "the flushed read is answered")
        connection.rpc("Tgetattr", 9, fid=0, request_mask=0)
        connection.clunk(5)


@case("hostile@H20-flush-races-the-reply")
def _(address):
    with session(address) as connection:
        for tag in range(10, 60):
            connection.send(encode("Tgetattr", tag, fid=0, request_mask=0)
                            + encode("Tflush", 9, oldtag=tag))
            replies = [connection.recv()]
            if replies[0].tag == tag:
                replies.append(connection.recv())
            demand(replies[-1].tag == 9 and replies[-1].name == "Rflush", f"{replies}")


@case("hostile@H20-clunk-of-a-fid-being-read")
def _(address):
    with blocked_reader(address, tag=9, fid=5) as connection:
        connection.send(encode("Tclunk", 10, fid=5))
        demand({connection.recv().tag, connection.recv().tag} == {9, 10}, "not both answered")
        demand_error(connection.ask("Tread", 11, fid=5, offset=0, count=1), errno.EBADF)
        # What would have ended the read comes when there is no fid any more.
        with Lane(address) as other:
            other.lease()
        connection.rpc("Tgetattr", fid=0, request_mask=0)


@case("hostile@H20-hang-up-while-a-read-waits")
def _(address):
    blocked_reader(address).close()


def full_window(address):
    """A session that waits for as many reads as it may; their tags begin at 100."""
    connection = blocked_reader(address, tag=100)
    for tag in range(101, 100 + WINDOW):
        connection.send(encode("Tread", tag, fid=5, offset=1 << 40, count=4096))
    return connection


@case("hostile@H20-full-window-still-sees-a-flush")
def _(address):
    with full_window(address) as connection:
        connection.send(encode("Tgetattr", 1, fid=0, request_mask=0)
                        + encode("Tgetattr", 2, fid=0, request_mask=0))
        demand(connection.silent(0.02), "a request beyond the window is answered")
        # One that is held back is taken back; one that waits makes room for the other.
        connection.rpc("Tflush", 3, oldtag=1)
        demand(connection.silent(0.02), "the flushed request is answered")
        connection.send(encode("Tflush", 3, oldtag=150))
        tags = sorted(connection.recv().tag for _ in range(2))
        demand(tags == [2, 3], f"replies to {tags}")


@case("hostile@H20-full-window-and-no-end")
def _(address):
    with full_window(address) as connection:
        for _ in range(10000):
            if not connection.send(encode("Tgetattr", 1, fid=0, request_mask=0) * 100):
                break
        else:
            demand(False, "a client that ignores the window is not cut off")


@case("hostile@H21-nofid-as-newfid")
def _(address):
    with session(address) as connection:
        refused(lambda: connection.walk(0, NOFID), errno.EINVAL, errno.EBADF)
        refused(lambda: connection.walk(NOFID, 1), errno.EBADF, errno.EINVAL)
        refused(lambda: connection.attach(NOFID), errno.EINVAL, errno.EBADF)


@case("hostile@H22-fid-zero-is-a-fid")
def _(address):
    with session(address) as connection:
        connection.clunk(0)
        connection.attach(7)
        connection.walk(7, 0, "version")
        connection.rpc("Tlopen", fid=0, flags=RDONLY)
        demand(connection.read(0, 0, 64).startswith(b"gpu-lane"), "not /version")


@case("hostile@H23-newfid-in-use")
def _(address):
    with session(address) as connection:
        connection.walk(0, 1, "gpu")
        connection.walk(0, 2)
        refused(lambda: connection.walk(0, 1), errno.EINVAL)
        refused(lambda: connection.walk(2, 1, "gpu"), errno.EINVAL)
        connection.walk(2, 2, "gpu")
        connection.walk(2, 2, "GPU-0")


@case("hostile@H23-walk-from-an-open-fid")
def _(address):
    with session(address) as connection:
        connection.walk(0, 1, "gpu")
        connection.rpc("Tlopen", fid=1, flags=0o200000)
        connection.walk(1, 2, "GPU-0")
        connection.walk(1, 3)
        refused(lambda: connection.walk(1, 1, "GPU-0"), errno.EINVAL, errno.EBADF, errno.EBUSY)
        connection.rpc("Treaddir", fid=1, offset=0, count=4096)


@case("hostile@H24-use-after-clunk")
def _(address):
    with session(address) as connection:
        connection.open("/version", 4)
        connection.clunk(4)
        for name, fields in (("Tclunk", {}), ("Tread", {"offset": 0, "count": 1}),
                             ("Twrite", {"offset": 0, "data": b"x"}), ("Tlopen", {"flags": 0}),
                             ("Tgetattr", {"request_mask": 0}), ("Tstatfs", {}),
                             ("Treaddir", {"offset": 0, "count": 100}), ("Tfsync", {"datasync": 0}),
                             ("Twalk", {"newfid": 8, "names": []})):
            demand_error(connection.ask(name, fid=4, **fields), errno.EBADF)
        connection.open("/version", 4)


@case("hostile@H25-fid-exhaustion", once=True)
def _(address):
    pid = int(sys.argv[2])
    before = memory_kb(pid)
    with session(address) as connection:
        made = 0
        for fid in range(1, 200000):
            reply = connection.ask("Twalk", fid=0, newfid=fid * 21475 % 0xFFFFFFFE + 1, names=[])
            if reply.name == "Rlerror":
                break
            made += 1
        demand(made < 100000, f"{made} fids on one connection")
        demand(reply.errno in (errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EBUSY,
                               errno.EAGAIN, errno.ENOMEM), f"limit answered with {reply}")
        demand(memory_kb(pid) - before < 32768, "fids take more than 32 MiB")
        connection.clunk(21476)
        connection.walk(0, 21476)


@case("hostile@H26-open-twice")
def _(address):
    with session(address) as connection:
        connection.open("/version", 4)
        demand_error(connection.ask("Tlopen", fid=4, flags=0), errno.EBADF, errno.EBUSY,
                     errno.EINVAL)
        demand_error(connection.ask("Tlcreate", fid=4, name="x", flags=0, mode=0o644, gid=0),
                     errno.EPERM, errno.EROFS, errno.EOPNOTSUPP, errno.EBADF, errno.ENOTDIR)


@case("hostile@H27-attach-on-a-used-fid")
def _(address):
    with session(address) as connection:
        refused(lambda: connection.attach(0), errno.EBADF, errno.EBUSY, errno.EINVAL, errno.EEXIST)
        connection.rpc("Tgetattr", fid=0, request_mask=0)
        connection.attach(1)


@case("hostile@H28-afid-that-never-was")
def _(address):
    with session(address) as connection:
        for afid in (0, 1, 5, 0xFFFFFFFE):
            reply = connection.ask("Tattach", fid=9, afid=afid, uname="queen", aname="",
                                   n_uname=NOFID)
            demand(reply.name == "Rlerror", f"attached with afid {afid}")
        reply = connection.ask("Tauth", afid=3, uname="queen", aname="", n_uname=NOFID)
        demand_error(reply, errno.ENOENT, errno.ECONNREFUSED, errno.EOPNOTSUPP)
        demand_error(connection.ask("Tread", fid=3, offset=0, count=1), errno.EBADF)


# The two codecs against each other

def mutate(rng, body):
    """A body that may or may not be well-formed any more."""
    choice = rng.randrange(4)
    if choice == 0 and body:
        return body[:rng.randrange(len(body))]
    if choice == 1:
        return body + bytes(rng.randrange(256) for _ in range(rng.randrange(1, 5)))
    if choice == 2 and body:
        at = rng.randrange(len(body))
        return body[:at] + bytes([rng.randrange(256)]) + body[at + 1:]
    return body


def random_fields(rng, name):
    def text():
        return bytes(rng.randrange(256) for _ in range(rng.randrange(12)))
    makers = {"s": text, "d": text, "S": lambda: [text() for _ in range(rng.randrange(17))]}
    return {key: makers[kind]() if kind in makers
            else rng.choice((0, 1, 999, rng.getrandbits(8 * int(kind)))) % (1 << 8 * int(kind))
            for key, kind in ninep.FIELDS[name]}


def well_formed(name, body):
    try:
        fields = ninep.decode_body(name, body)
    except ninep.Malformed:
        return False
    return len(fields.get("names", [])) <= 16


@case("hostile@both-codecs-agree-on-what-is-malformed")
def _(address):
    seed = random.SystemRandom().getrandbits(32)
    rng = random.Random(seed)
    # Fid 999 is never made, so a well-formed request that uses it answers EBADF, not EINVAL.
    names = [name for name in ninep.MESSAGES
             if name.startswith("T") and name not in ("Tversion", "Tattach", "Tauth", "Tflush")]
    with session(address) as connection:
        connection.clunk(0)
        for _ in range(300):
            name = rng.choice(names)
            body = mutate(rng, ninep.body(name, random_fields(rng, name)))
            connection.send(frame(ninep.MESSAGES[name][0], 1, body))
            reply = connection.recv()
            demand(reply is not None, f"closed on {name} {body.hex()}, seed {seed}")
            expected = errno.EBADF if well_formed(name, body) else errno.EINVAL
            demand(reply.errno == expected,
                   f"{name} {body.hex()} answered with {reply}, seed {seed}")


@case("hostile@random-bytes")
def _(address):
    rng = random.Random(random.SystemRandom().getrandbits(32))
    for _ in range(10):
        with session(address) as connection:
            connection.send(rng.randbytes(rng.randrange(1, 3000)))
            connection.finish()
            while connection.recv() is not None:
                pass


if __name__ == "__main__":
    sys.exit(main())
