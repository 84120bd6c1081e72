# SPDX-License-Identifier: Apache-2.0
"""A result of a megabyte, read in every way that the bridge sends it: large_result.py SOCKET PORT
FOLDER, where FOLDER holds vadd.spv, ca.pem and alice.pem with its key"""

import errno
import pathlib
import random
import socket
import ssl
import sys

import ninep
from bed import case, demand, demand_error, run_once
from lane import Lane, vadd, vadd_is_right

WORDS = 1 << 18
SIZE = 4 * WORDS
FILE = 7


class Bed:
    def __init__(self, address, port, folder):
        self.address = address
        self.port = port
        self.vadd = pathlib.Path(folder, "vadd.spv").read_bytes()
        self.context = ssl.create_default_context(cafile=f"{folder}/ca.pem")
        self.context.load_cert_chain(f"{folder}/alice.pem", f"{folder}/alice.key")

    def over_tls(self):
        plain = socket.create_connection(("127.0.0.1", self.port), 5)
        return self.context.wrap_socket(plain, server_hostname="localhost")

    def result(self):
        """The session that keeps it, and where it is."""
        lane = Lane(self.address)
        word, fields = lane.lease()
        demand(word == "OK", f"no lease: {fields}")
        job = lane.submit(vadd(self.vadd, WORDS))
        _, states = lane.finish(job, 30)
        demand(states[-1] == "OK", f"{states}: {lane.detail(job)}")
        return lane, f"/worker/{job}/result"


def read_ahead(session, cuts):
    """All of FILE in pieces that end at `cuts`, all of them asked for at once."""
    starts = [0, *cuts]
    for tag, (start, end) in enumerate(zip(starts, [*cuts, SIZE])):
        session.send(ninep.encode("Tread", tag, fid=FILE, offset=start, count=end - start))
    data = b""
    for tag in range(len(starts)):
        reply = session.recv()
        demand(reply is not None and reply.name == "Rread" and reply.tag == tag, f"{tag}: {reply}")
        data += reply.fields["data"]
    return data


@case("result@is-whole-in-every-cut-over-a-socket-and-over-tls")
def _(bed):
    lane, path = bed.result()
    with lane:
        for address in (bed.address, bed.over_tls):
            with ninep.session(address, 1 << 20) as session:
                session.open(path, FILE)
                for cuts in ([SIZE // 2], [1, 300001], [500000, 500001], [200000],
                             sorted(random.sample(range(1, SIZE), 9))):
                    demand(vadd_is_right(read_ahead(session, cuts), WORDS), f"cut at {cuts}")
                demand(session.read(FILE, SIZE, 1 << 20) == b"", "something behind the end")


@case("result@that-is-gone-ends-behind-the-replies-that-are-on-their-way")
def _(bed):
    lane, path = bed.result()
    with ninep.session(bed.address, 1 << 20) as session:
        session.open(path, FILE)
        whole = read_ahead(session, [SIZE // 2])
        count = SIZE - 100
        for tag in range(2):
            session.send(ninep.encode("Tread", tag, fid=FILE, offset=0, count=count))
        begun = session.sock.recv(1000)
        lane.close()
        # With its session a result goes, which the bridge has seen when the next one is served.
        ninep.session(bed.address).close()
        session.pending = begun
        demand(session.recv().fields["data"] == whole[:count], "not what it was")
        demand_error(session.recv(), errno.ESTALE)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(f"usage: {sys.argv[0]} SOCKET PORT FOLDER")
    place = Bed(sys.argv[1], int(sys.argv[2]), sys.argv[3])
    sys.exit(1 if run_once(place, place.address) else 0)
