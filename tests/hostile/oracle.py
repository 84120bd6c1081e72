# SPDX-License-Identifier: Apache-2.0
"""A worker with rights to GPU-0 alone, which must not even learn what else there is: oracle.py SOCKET
PID ROUNDS, where the policy of the bridge makes our own user that worker."""

import errno
import os
import sys

import ninep
from bed import case, demand, main, refused

# What is there for others, and what is not there for anybody.
HIDDEN = ("/gpu/GPU-1", "/log", "/revoke", "/metrics", "/proc/9p")
ABSENT = ("/gpu/GPU-9", "/lo", "/revok", "/metric", "/proc/9")


def worker(address):
    connection = ninep.Connection(address)
    connection.version()
    connection.rpc("Tattach", fid=0, afid=ninep.NOFID, uname="", aname="", n_uname=os.geteuid())
    return connection


def outcome(connection, path):
    """All that a walk tells, with what it makes of the fids."""
    names = [name for name in path.split("/") if name]
    reply = connection.ask("Twalk", fid=0, newfid=7, names=names)
    qids = len(reply.fields["qids"]) if reply.name == "Rwalk" else None
    after = connection.ask("Tgetattr", fid=7, request_mask=0x7FF)
    return reply.name, qids, getattr(reply, "errno", None), after.name


@case("hostile@H33-what-belongs-to-others-is-not-there")
def _(address):
    with worker(address) as connection:
        for hidden, absent in zip(HIDDEN, ABSENT):
            for tail in ("", "/info", "/x/y"):
                seen, unseen = outcome(connection, hidden + tail), outcome(connection, absent + tail)
                demand(seen == unseen, f"{hidden + tail}: {seen}, {absent + tail}: {unseen}")
        for folder, names in (("/gpu", {"GPU-0"}), ("/proc", {"leases"})):
            listed = {name for name, _, _ in connection.list(folder)} - {".", ".."}
            demand(listed == names, f"{folder}: {listed}")


@case("hostile@H27-whom-the-policy-names-gains-nothing-by-another-name")
def _(address):
    # Root, and who runs the bridge, are trusted unless the policy says otherwise.
    for other in {0, os.stat(address).st_uid} - {os.geteuid()}:
        with ninep.Connection(address) as connection:
            connection.version()
            connection.rpc("Tattach", fid=0, afid=ninep.NOFID, uname="", aname="", n_uname=other)
            refused(lambda: connection.open("/gpu/GPU-0/ctl", 2, 2), errno.EPERM)


if __name__ == "__main__":
    sys.exit(main())
