# SPDX-License-Identifier: Apache-2.0
"""9P2000.L for tests: an encoder and a strict decoder driven by one table, and a connection.

Written against diod's protocol.md, without looking at the bridge's own codec, so that the two can
be held against each other. Nothing here stops a test from sending what no client would send.
"""

import errno
import socket
import struct

NOTAG = 0xFFFF
NOFID = 0xFFFFFFFF
HEADER = 7

# Field kinds: 1 2 4 8 = little-endian integers, s = string, d = u32 count and bytes, q = qid,
# S = u16 count and strings, Q = u16 count and qids.
MESSAGES = {
    "Rlerror": (7, "ecode:4"),
    "Tstatfs": (8, "fid:4"),
    "Rstatfs": (9, "type:4 bsize:4 blocks:8 bfree:8 bavail:8 files:8 ffree:8 fsid:8 namelen:4"),
    "Tlopen": (12, "fid:4 flags:4"),
    "Rlopen": (13, "qid:q iounit:4"),
    "Tlcreate": (14, "fid:4 name:s flags:4 mode:4 gid:4"),
    "Rlcreate": (15, "qid:q iounit:4"),
    "Tsymlink": (16, "dfid:4 name:s target:s gid:4"),
    "Tmknod": (18, "dfid:4 name:s mode:4 major:4 minor:4 gid:4"),
    "Trename": (20, "fid:4 dfid:4 name:s"),
    "Treadlink": (22, "fid:4"),
    "Tgetattr": (24, "fid:4 request_mask:8"),
    "Rgetattr": (25, "valid:8 qid:q mode:4 uid:4 gid:4 nlink:8 rdev:8 size:8 blksize:8 blocks:8 "
                 "atime_s:8 atime_ns:8 mtime_s:8 mtime_ns:8 ctime_s:8 ctime_ns:8 btime_s:8 "
                 "btime_ns:8 gen:8 data_version:8"),
    "Tsetattr": (26, "fid:4 valid:4 mode:4 uid:4 gid:4 size:8 atime_s:8 atime_ns:8 mtime_s:8 "
                 "mtime_ns:8"),
    "Rsetattr": (27, ""),
    "Txattrwalk": (30, "fid:4 newfid:4 name:s"),
    "Rxattrwalk": (31, "size:8"),
    "Txattrcreate": (32, "fid:4 name:s attr_size:8 flags:4"),
    "Treaddir": (40, "fid:4 offset:8 count:4"),
    "Rreaddir": (41, "data:d"),
    "Tfsync": (50, "fid:4 datasync:4"),
    "Rfsync": (51, ""),
    "Tlock": (52, "fid:4 type:1 flags:4 start:8 length:8 proc_id:4 client_id:s"),
    "Rlock": (53, "status:1"),
    "Tgetlock": (54, "fid:4 type:1 start:8 length:8 proc_id:4 client_id:s"),
    "Rgetlock": (55, "type:1 start:8 length:8 proc_id:4 client_id:s"),
    "Tlink": (70, "dfid:4 fid:4 name:s"),
    "Tmkdir": (72, "dfid:4 name:s mode:4 gid:4"),
    "Trenameat": (74, "olddirfid:4 oldname:s newdirfid:4 newname:s"),
    "Tunlinkat": (76, "dirfd:4 name:s flags:4"),
    "Tversion": (100, "msize:4 version:s"),
    "Rversion": (101, "msize:4 version:s"),
    "Tauth": (102, "afid:4 uname:s aname:s n_uname:4"),
    "Rauth": (103, "aqid:q"),
    "Tattach": (104, "fid:4 afid:4 uname:s aname:s n_uname:4"),
    "Rattach": (105, "qid:q"),
    "Tflush": (108, "oldtag:2"),
    "Rflush": (109, ""),
    "Twalk": (110, "fid:4 newfid:4 names:S"),
    "Rwalk": (111, "qids:Q"),
    "Tread": (116, "fid:4 offset:8 count:4"),
    "Rread": (117, "data:d"),
    "Twrite": (118, "fid:4 offset:8 data:d"),
    "Rwrite": (119, "count:4"),
    "Tclunk": (120, "fid:4"),
    "Rclunk": (121, ""),
    "Tremove": (122, "fid:4"),
    "Rremove": (123, ""),
}
FIELDS = {name: [field.split(":") for field in layout.split()]
          for name, (_, layout) in MESSAGES.items()}
NAMES = {number: name for name, (number, _) in MESSAGES.items()}
INTEGERS = {"1": "<B", "2": "<H", "4": "<I", "8": "<Q"}


class Malformed(Exception):
    """A frame that is not what its type says."""


class RemoteError(Exception):
    """An Rlerror."""

    def __init__(self, number, what=""):
        super().__init__(f"{errno.errorcode.get(number, number)} from {what}")
        self.errno = number


def to_bytes(text):
    return text if isinstance(text, bytes) else text.encode()


def pack_string(text):
    raw = to_bytes(text)
    return struct.pack("<H", len(raw)) + raw


def pack_qid(qid):
    return struct.pack("<BIQ", *qid)


PACK = {
    "s": pack_string,
    "d": lambda data: struct.pack("<I", len(data)) + to_bytes(data),
    "q": pack_qid,
    "S": lambda names: struct.pack("<H", len(names)) + b"".join(map(pack_string, names)),
    "Q": lambda qids: struct.pack("<H", len(qids)) + b"".join(map(pack_qid, qids)),
}


def frame(number, tag, body=b"", size=None):
    """One frame; `size` lies about its length."""
    actual = HEADER + len(body)
    return struct.pack("<IBH", actual if size is None else size, number, tag) + body


def body(name, fields):
    out = b""
    for key, kind in FIELDS[name]:
        value = fields[key]
        out += struct.pack(INTEGERS[kind], value) if kind in INTEGERS else PACK[kind](value)
    return out


def encode(name, tag, /, **fields):
    return frame(MESSAGES[name][0], tag, body(name, fields))


class Cursor:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, count):
        if count > len(self.data) - self.at:
            raise Malformed(f"{count} bytes at {self.at} of {len(self.data)}")
        self.at += count
        return self.data[self.at - count:self.at]

    def integer(self, form):
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def string(self):
        return self.take(self.integer("<H"))

    def qid(self):
        return struct.unpack("<BIQ", self.take(13))

    def field(self, kind):
        if kind in INTEGERS:
            return self.integer(INTEGERS[kind])
        if kind == "s":
            return self.string()
        if kind == "d":
            return self.take(self.integer("<I"))
        if kind == "q":
            return self.qid()
        item = self.string if kind == "S" else self.qid
        return [item() for _ in range(self.integer("<H"))]


def decode_body(name, data):
    """Fields of a message; Malformed when the body is shorter or longer than they are."""
    cursor = Cursor(data)
    fields = {key: cursor.field(kind) for key, kind in FIELDS[name]}
    if cursor.at != len(data):
        raise Malformed(f"{name}: {len(data) - cursor.at} bytes too many")
    return fields


class Reply:
    def __init__(self, number, tag, data):
        self.number = number
        self.tag = tag
        self.name = NAMES.get(number, f"type {number}")
        if number not in NAMES or number % 2 == 0:
            raise Malformed(f"{self.name} from a server")
        self.fields = decode_body(self.name, data)

    @property
    def errno(self):
        return self.fields["ecode"] if self.name == "Rlerror" else 0

    def __repr__(self):
        return f"{self.name} tag={self.tag} {self.fields}"


class Connection:
    """A socket that speaks frames. `recv` gives None when the other side has closed. The address is
    a path, a host and a port, or a function that connects a socket."""

    def __init__(self, address, timeout=5.0):
        if callable(address):
            self.sock = address()
        else:
            family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
            self.sock = socket.socket(family, socket.SOCK_STREAM)
            self.sock.connect(address)
        self.sock.settimeout(timeout)
        self.msize = 8192
        self.pending = b""

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def finish(self):
        """Says that nothing more will be sent."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def send(self, data):
        """Sends bytes; False when the other side has closed."""
        try:
            self.sock.sendall(data)
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def take(self, count):
        while len(self.pending) < count:
            try:
                more = self.sock.recv(max(65536, count))
            except ConnectionResetError:
                more = b""
            if not more:
                if self.pending:
                    raise Malformed("closed within a frame")
                return None
            self.pending += more
        data, self.pending = self.pending[:count], self.pending[count:]
        return data

    def recv(self):
        head = self.take(HEADER)
        if head is None:
            return None
        size, number, tag = struct.unpack("<IBH", head)
        if not HEADER <= size <= max(self.msize, 8192):
            raise Malformed(f"reply of {size} bytes, msize {self.msize}")
        data = self.take(size - HEADER)
        if data is None:
            raise Malformed("closed within a frame")
        return Reply(number, tag, data)

    def silent(self, seconds):
        """Whether nothing comes for a while."""
        before = self.sock.gettimeout()
        self.sock.settimeout(seconds)
        try:
            return not self.pending and self.sock.recv(1, socket.MSG_PEEK) is None
        except socket.timeout:
            return True
        finally:
            self.sock.settimeout(before)

    def ask(self, name, tag=1, /, **fields):
        """Sends and returns the reply, whatever it is; None when closed."""
        self.send(encode(name, tag, **fields))
        return self.recv()

    def rpc(self, name, tag=1, /, **fields):
        """Sends and returns the fields of the one right reply."""
        reply = self.ask(name, tag, **fields)
        if reply is None:
            raise ConnectionError(f"closed on {name}")
        if reply.tag != tag:
            raise Malformed(f"{name}: tag {reply.tag} for {tag}")
        if reply.name == "Rlerror":
            raise RemoteError(reply.errno, name)
        if reply.number != MESSAGES[name][0] + 1:
            raise Malformed(f"{name} answered with {reply.name}")
        return reply.fields

    def version(self, msize=65536, version="9P2000.L"):
        fields = self.rpc("Tversion", NOTAG, msize=msize, version=version)
        self.msize = fields["msize"]
        return fields

    def attach(self, fid=0, uname="", aname="", afid=NOFID):
        return self.rpc("Tattach", fid=fid, afid=afid, uname=uname, aname=aname,
                        n_uname=NOFID)["qid"]

    def walk(self, fid, newfid, *names):
        """Walks all of the names or raises ENOENT, as a kernel would see it."""
        qids = self.rpc("Twalk", fid=fid, newfid=newfid, names=list(names))["qids"]
        if len(qids) != len(names):
            raise RemoteError(errno.ENOENT, "/".join(map(str, names)))
        return qids

    def open(self, path, fid, flags=0, root=0):
        names = [name for name in path.split("/") if name]
        self.walk(root, fid, *names)
        try:
            return self.rpc("Tlopen", fid=fid, flags=flags)
        except RemoteError:
            self.rpc("Tclunk", fid=fid)
            raise

    def read(self, fid, offset, count):
        return self.rpc("Tread", fid=fid, offset=offset, count=count)["data"]

    def write(self, fid, data):
        """Writes all of it, in as many messages as it takes."""
        data = to_bytes(data)
        step = self.msize - 24
        for at in range(0, len(data), step):
            part = data[at:at + step]
            if self.rpc("Twrite", fid=fid, offset=at, data=part)["count"] != len(part):
                raise Malformed("short write")

    def clunk(self, fid):
        self.rpc("Tclunk", fid=fid)

    def read_all(self, path, fid=1000):
        self.open(path, fid)
        data = b""
        while True:
            part = self.read(fid, len(data), self.msize - 24)
            if not part:
                break
            data += part
        self.clunk(fid)
        return data

    def list(self, path, fid=1000):
        """Entries of a directory as (name, qid, cookie), every one checked to be whole."""
        self.open(path, fid, 0o200000)
        entries, offset = [], 0
        while True:
            data = self.rpc("Treaddir", fid=fid, offset=offset, count=self.msize - 24)["data"]
            if not data:
                break
            entries += parse_entries(data)
            offset = entries[-1][2]
        self.clunk(fid)
        return entries


def parse_entries(data):
    entries, cursor = [], Cursor(data)
    while cursor.at < len(data):
        qid = cursor.qid()
        cookie = cursor.integer("<Q")
        cursor.integer("<B")
        entries.append((cursor.string().decode(), qid, cookie))
    return entries


def session(address, msize=65536, uname="", aname=""):
    """A connection that is attached: fid 0 is the root."""
    connection = Connection(address)
    connection.version(msize)
    connection.attach(0, uname, aname)
    return connection
