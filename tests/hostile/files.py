# SPDX-License-Identifier: Apache-2.0
"""Hostile walks, reads and writes, H30 to H41: files.py SOCKET PID ROUNDS."""

import errno
import struct
import sys

import ninep
from bed import (CTL, EVENTS, JOB, STATUS, case, demand, demand_error, main, malformed, refused)
from ninep import NOFID, frame, session

TATTACH, TWALK, TWRITE = 104, 110, 118
RDONLY, WRONLY, RDWR, TRUNC, APPEND = 0, 1, 2, 0o1000, 0o2000


# Walks and strings

@case("hostile@H30-names-missing-or-too-many")
def _(address):
    head = struct.pack("<II", 0, 1)
    for count, names in ((17, b"\x01\0a" * 17), (65535, b""), (1, b""), (2, b"\x03\0gpu"),
                         (0, b"\x03\0gpu")):
        malformed(address, frame(TWALK, 1, head + struct.pack("<H", count) + names))


@case("hostile@H31-names-that-are-no-names")
def _(address):
    names = [b".", b"", b"/", b"a/b", b" /", b"gpu/", b"gpu/GPU-0", b"x" * 255, b"x" * 256,
             b"x" * 4000, b"\xff\xfe", b"\xc0\xae\xc0\xae", b"gpu\0", b"\0", b"gpu\n", b"\x1b[2J",
             b"GPU-0 ", b"..\0", b"...", b"~", b"*"]
    with session(address) as connection:
        for name in names:
            refused(lambda: connection.walk(0, 1, name), errno.ENOENT, errno.EINVAL,
                    errno.ENAMETOOLONG)
            refused(lambda: connection.walk(0, 1, "gpu", name), errno.ENOENT, errno.EINVAL,
                    errno.ENAMETOOLONG)


@case("hostile@H31-dot-dot-stays-inside")
def _(address):
    with session(address) as connection:
        root = connection.rpc("Tgetattr", fid=0, request_mask=0x7FF)["qid"]
        qids = connection.rpc("Twalk", fid=0, newfid=1, names=[".."] * 16)["qids"]
        demand(all(qid == root for qid in qids), "'..' of the root is not the root")
        connection.walk(0, 2, "gpu", "GPU-0")
        qids = connection.rpc("Twalk", fid=2, newfid=3, names=["..", "..", "..", ".."])["qids"]
        demand(not qids or qids[-1] == root, "'..' leads out")


@case("hostile@H32-string-past-the-frame")
def _(address):
    for length in (1, 4, 255, 65535):
        text = struct.pack("<H", length)
        malformed(address, frame(TWALK, 1, struct.pack("<IIH", 0, 1, 1) + text))
        malformed(address, frame(TATTACH, 1, struct.pack("<II", 3, NOFID) + text))


@case("hostile@H33-walk-through-a-file")
def _(address):
    with session(address) as connection:
        qids = connection.rpc("Twalk", fid=0, newfid=1, names=["version", "x"])["qids"]
        demand(len(qids) == 1, "walked through a file")
        demand_error(connection.ask("Tgetattr", fid=1, request_mask=0), errno.EBADF)
        connection.walk(0, 1, "version")
        refused(lambda: connection.walk(1, 2, "x"), errno.ENOTDIR, errno.ENOENT)


# Reading and writing

@case("hostile@H35-read-count")
def _(address):
    with session(address) as connection:
        connection.open("/gpu/GPU-0/info", 4)
        whole = connection.read(4, 0, 4096)
        for count in (0xFFFFFFFF, 0xFFFFFFFF - 24, 0xFFFFFFFF - 11, 0x80000000,
                      connection.msize, connection.msize + 1):
            demand(connection.read(4, 0, count) == whole, f"count {count} reads otherwise")
        demand(connection.read(4, 0, 0) == b"", "count 0 reads something")
    with session(address, msize=4096) as connection:
        connection.open("/gpu/GPU-0/info", 4)
        demand(len(connection.read(4, 0, 0xFFFFFFFF)) <= 4096 - 11, "an Rread over msize")


@case("hostile@H36-offset")
def _(address):
    with session(address) as connection:
        for path in ("/version", "/gpu/GPU-0/info", STATUS):
            connection.open(path, 4)
            for offset in (1 << 31, 1 << 32, 1 << 63, (1 << 63) - 1, (1 << 64) - 100,
                           (1 << 64) - 1):
                reply = connection.ask("Tread", fid=4, offset=offset, count=0xFFFFFFFF)
                demand(reply.errno == errno.EINVAL or reply.fields.get("data") == b"",
                       f"offset {offset} answered with {reply}")
            connection.clunk(4)
        connection.open(CTL, 4, WRONLY)
        for offset in (1 << 63, (1 << 64) - 1):
            reply = connection.ask("Twrite", fid=4, offset=offset, data=b"NONSENSE\n")
            demand(reply.name in ("Rwrite", "Rlerror"), f"answered with {reply}")


@case("hostile@H37-write-count-is-not-the-data")
def _(address):
    head = struct.pack("<IQ", 0, 0)
    for count, data in ((5, b"abcd"), (3, b"abcd"), (0, b"abcd"), (0xFFFFFFFF, b"abcd"),
                        (0xFFFFFFFF - 23, b""), (0x80000000, b"abcd")):
        malformed(address, frame(TWRITE, 1, head + struct.pack("<I", count) + data))


@case("hostile@H38-readdir")
def _(address):
    with session(address) as connection:
        names = [entry[0] for entry in connection.list("/")]
        demand(names[:2] == [".", ".."] and len(set(names)) == len(names), f"listing {names}")
        connection.open("/", 4)
        refused(lambda: connection.read(4, 0, 100), errno.EISDIR, errno.EINVAL)
        for offset in (1, 12345, 1 << 31, 1 << 63, (1 << 64) - 1):
            reply = connection.ask("Treaddir", fid=4, offset=offset, count=4096)
            demand(reply.name == "Rreaddir" or reply.errno == errno.EINVAL, f"{reply}")
            if reply.name == "Rreaddir":
                ninep.parse_entries(reply.fields["data"])
        for count in (0, 1, 10, 23, 24):
            reply = connection.ask("Treaddir", fid=4, offset=0, count=count)
            demand(reply.errno == errno.EINVAL or reply.fields.get("data") == b"",
                   f"count {count} answered with {reply}")
        data = connection.rpc("Treaddir", fid=4, offset=0, count=0xFFFFFFFF)["data"]
        demand(len(data) <= connection.msize - 11, "an Rreaddir over msize")
        # Whatever the size of the window, the listing is the same.
        for count in (31, 41, 64, 100):
            seen, offset = [], 0
            while True:
                data = connection.rpc("Treaddir", fid=4, offset=offset, count=count)["data"]
                if not data:
                    break
                entries = ninep.parse_entries(data)
                seen += [entry[0] for entry in entries]
                offset = entries[-1][2]
            demand(seen == names, f"count {count} lists {seen}")
        connection.open("/version", 5)
        refused(lambda: connection.rpc("Treaddir", fid=5, offset=0, count=100), errno.ENOTDIR,
                errno.EINVAL, errno.EBADF)
        connection.walk(0, 6, "gpu")
        refused(lambda: connection.rpc("Treaddir", fid=6, offset=0, count=100), errno.EBADF,
                errno.EINVAL)


@case("hostile@H39-open-against-the-mode")
def _(address):
    denied = (errno.EPERM, errno.EACCES, errno.EROFS, errno.EISDIR, errno.EINVAL)
    with session(address) as connection:
        for path in ("/version", "/gpu/GPU-0/info", STATUS, EVENTS):
            for flags in (WRONLY, RDWR, WRONLY | TRUNC, WRONLY | APPEND, 3):
                refused(lambda: connection.open(path, 4, flags), *denied)
        for path in ("/", "/gpu"):
            refused(lambda: connection.open(path, 4, WRONLY), *denied)
            refused(lambda: connection.open(path, 4, RDWR), *denied)
        refused(lambda: connection.open(JOB, 4, RDONLY), *denied)
        refused(lambda: connection.open("/version", 4, 0o200000), errno.ENOTDIR)
        connection.open("/version", 4)
        demand_error(connection.ask("Twrite", fid=4, offset=0, data=b"x"), errno.EBADF, errno.EPERM,
                     errno.EACCES)
        connection.open(JOB, 5, WRONLY)
        demand_error(connection.ask("Tread", fid=5, offset=0, count=1), errno.EBADF, errno.EPERM,
                     errno.EACCES)
        connection.walk(0, 6, "version")
        demand_error(connection.ask("Tread", fid=6, offset=0, count=1), errno.EBADF, errno.EINVAL)


@case("hostile@H40-xattr-flood")
def _(address):
    with session(address) as connection:
        for fid in range(1, 200):
            connection.walk(0, fid)
            demand_error(connection.ask("Txattrcreate", fid=fid, name="user.x",
                                        attr_size=1 << 40, flags=0), errno.EOPNOTSUPP, errno.EPERM)
            demand_error(connection.ask("Txattrwalk", fid=fid, newfid=fid + 1000,
                                        name="security.selinux"), errno.EOPNOTSUPP, errno.ENODATA)
            demand_error(connection.ask("Tgetattr", fid=fid + 1000, request_mask=0), errno.EBADF)


@case("hostile@H41-nothing-can-be-made-or-moved")
def _(address):
    names = {"Tlcreate": {"fid": 0, "name": "x", "flags": 0, "mode": 0o644, "gid": 0},
             "Tsymlink": {"dfid": 0, "name": "x", "target": "/etc/passwd", "gid": 0},
             "Tmknod": {"dfid": 0, "name": "x", "mode": 0o20666, "major": 1, "minor": 1, "gid": 0},
             "Trename": {"fid": 1, "dfid": 0, "name": "x"},
             "Treadlink": {"fid": 1},
             "Tlink": {"dfid": 0, "fid": 1, "name": "x"},
             "Tmkdir": {"dfid": 0, "name": "x", "mode": 0o755, "gid": 0},
             "Trenameat": {"olddirfid": 0, "oldname": "version", "newdirfid": 0, "newname": "x"},
             "Tunlinkat": {"dirfd": 0, "name": "version", "flags": 0},
             "Tremove": {"fid": 1}}
    with session(address) as connection:
        before = [entry[0] for entry in connection.list("/")]
        for name, fields in names.items():
            connection.walk(0, 1, "version")
            demand_error(connection.ask(name, **fields), errno.EPERM, errno.EROFS,
                         errno.EOPNOTSUPP, errno.EINVAL)
            # Tremove clunks its fid even when it fails.
            connection.ask("Tclunk", fid=1)
        demand([entry[0] for entry in connection.list("/")] == before, "the root has changed")


if __name__ == "__main__":
    sys.exit(main())
