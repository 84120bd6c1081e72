# SPDX-License-Identifier: Apache-2.0
"""TLS through Python's ssl, and what no honest client does with it: tls.py PORT FOLDER PID"""

import socket
import ssl
import sys

import ninep
from bed import STATUS, case, demand, run_once, settled_descriptors


class Tls:
    """Where the bridge listens, and the certificates beside it."""

    def __init__(self, port, folder, pid):
        self.place = ("127.0.0.1", port)
        self.folder = folder
        self.pid = pid

    def context(self, certificate="alice", version=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(f"{self.folder}/ca.pem")
        if certificate is not None:
            context.load_cert_chain(f"{self.folder}/{certificate}.pem",
                                    f"{self.folder}/{certificate}.key")
        if version is not None:
            context.minimum_version = context.maximum_version = version
        return context

    def connect(self, **options):
        plain = socket.create_connection(self.place, 5)
        return self.context(**options).wrap_socket(plain, server_hostname="localhost")

    def __call__(self):
        return self.connect()


def is_refused(tls, **options):
    """The handshake ends in an alert; TLS 1.3 tells a client so when it first reads."""
    try:
        with tls.connect(**options) as connection:
            connection.settimeout(5)
            demand(connection.recv(1) == b"", "served")
    except (ssl.SSLError, ConnectionResetError, BrokenPipeError):
        pass


@case("tls@both-versions-are-served")
def _(tls):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        def connect(version=version):
            return tls.connect(version=version)
        with ninep.session(connect) as session:
            demand(session.read_all("/version").startswith(b"gpu-lane "), "no /version")


@case("tls@who-has-no-certificate-of-ours-is-refused")
def _(tls):
    for certificate in (None, "stranger", "expired", "server-only"):
        is_refused(tls, certificate=certificate)


@case("tls@older-versions-are-refused")
def _(tls):
    context = tls.context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    try:
        with socket.create_connection(tls.place, 5) as plain:
            context.wrap_socket(plain, server_hostname="localhost")
    except (ssl.SSLError, ConnectionResetError):
        return
    demand(False, "TLS 1.1 is served")


@case("tls@frames-in-records-of-one-byte")
def _(tls):
    with ninep.Connection(tls) as connection:
        for one in ninep.encode("Tversion", ninep.NOTAG, msize=8192, version="9P2000.L"):
            connection.send(bytes([one]))
        demand(connection.recv().name == "Rversion", "no Rversion")


@case("tls@many-frames-in-one-record-and-replies-read-late")
def _(tls):
    with ninep.session(tls) as session:
        session.open(STATUS, 5)
        # Some MiB of replies: the bridge has to stop reading and go on when there is room.
        count = 40000
        request = b"".join(ninep.encode("Tgetattr", tag, fid=5, request_mask=0x7FF)
                           for tag in range(100))
        session.sock.settimeout(20)
        sent = 0
        while sent < count:
            session.send(request)
            sent += 100
            if sent % 10000 == 0:
                for _ in range(10000):
                    demand(session.recv().name == "Rgetattr", "no Rgetattr")


@case("tls@no-tls-on-a-port-of-tls")
def _(tls):
    with ninep.Connection(tls.place) as connection:
        connection.send(ninep.encode("Tversion", ninep.NOTAG, msize=8192, version="9P2000.L"))
        demand_ends(connection.sock)


def demand_ends(plain):
    """The other end hangs up, whatever it may say before."""
    plain.settimeout(5)
    try:
        while plain.recv(4096):
            pass
    except ConnectionResetError:
        pass


@case("tls@handshakes-cut-at-every-place")
def _(tls):
    hello = ssl.MemoryBIO()
    client = tls.context().wrap_bio(ssl.MemoryBIO(), hello, server_hostname="localhost")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    data = hello.read()
    for end in range(0, len(data), 7):
        with socket.create_connection(tls.place, 5) as plain:
            plain.sendall(data[:end])
    for place in range(0, len(data), 11):
        with socket.create_connection(tls.place, 5) as plain:
            plain.sendall(data[:place] + bytes([data[place] ^ 0x41]) + data[place + 1:])
            plain.shutdown(socket.SHUT_WR)
            demand_ends(plain)


@case("tls@cut-without-goodbye")
def _(tls):
    session = ninep.session(tls)
    session.open(STATUS, 5)
    plain = socket.socket(fileno=session.sock.detach())
    plain.close()


@case("tls@nothing-stays-open")
def _(tls):
    before = settled_descriptors(tls.pid, 0, 0.2)
    for _ in range(50):
        ninep.session(tls).close()
    demand(settled_descriptors(tls.pid, before) <= before, "descriptors stay open")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(f"usage: {sys.argv[0]} PORT FOLDER PID")
    bed = Tls(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
    sys.exit(1 if run_once(bed, bed) else 0)
