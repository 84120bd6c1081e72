# SPDX-License-Identifier: Apache-2.0
"""What the hostile checks share: their registry, what they demand, the watch on the bridge."""

import errno
import os
import sys
import time
import traceback

import ninep

CASES = []
EVENTS = "/gpu/GPU-0/events"
STATUS = "/gpu/GPU-0/status"
JOB = "/gpu/GPU-0/job"
CTL = "/gpu/GPU-0/ctl"


class Failed(Exception):
    """The bridge did something that it must not do."""


def case(name, once=False):
    """Registers a check `name(address)`; `once` keeps a slow one out of the rounds for growth."""
    def register(function):
        CASES.append((name, function, once))
        return function
    return register


def demand(condition, what):
    if not condition:
        raise Failed(what)


def demand_error(reply, *allowed):
    """The reply is an Rlerror with one of these numbers."""
    demand(reply is not None, "closed instead of answering")
    demand(reply.name == "Rlerror", f"answered with {reply}")
    demand(reply.errno in allowed, f"{errno.errorcode.get(reply.errno, reply.errno)}, not one of "
           + " ".join(errno.errorcode[one] for one in allowed))


def demand_closed(connection):
    reply = connection.recv()
    demand(reply is None, f"not closed: {reply}")


def refused(function, *allowed):
    """The call ends in a RemoteError with one of these numbers."""
    try:
        answer = function()
    except ninep.RemoteError as error:
        demand(error.errno in allowed, f"{error}, not one of "
               + " ".join(errno.errorcode[one] for one in allowed))
        return
    raise Failed(f"not refused: {answer!r:.200}")


def malformed(address, data):
    """A frame whose length is right and whose body is not: EINVAL, and the session goes on."""
    with ninep.session(address) as connection:
        connection.send(data)
        demand_error(connection.recv(), errno.EINVAL)
        connection.rpc("Tgetattr", fid=0, request_mask=0x7FF)


def alive(address):
    """A new session is served."""
    with ninep.session(address) as session:
        demand(session.read_all("/version").startswith(b"gpu-lane "), "/version is not readable")


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def memory_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    raise Failed(f"process {pid} is gone")


def settled_descriptors(pid, bound, seconds=1):
    """Open descriptors once the bridge has seen that its clients have left."""
    deadline = time.monotonic() + seconds
    while descriptors(pid) > bound and time.monotonic() < deadline:
        time.sleep(0.02)
    return descriptors(pid)


def run_case(name, function, subject, address):
    try:
        function(subject)
        alive(address)
    except Exception as error:  # a check may fail in any way; all are reported alike
        where = "" if isinstance(error, Failed) else "\n" + traceback.format_exc()
        print(f"not ok {name}: {error}{where}", flush=True)
        return False
    return True


def run_once(subject, address):
    """Every check; how many failed."""
    failed = 0
    for name, function, _ in CASES:
        if run_case(name, function, subject, address):
            print(f"ok {name}", flush=True)
        else:
            failed += 1
    print(f"{len(CASES)} checks, {failed} failed")
    return failed


def run_rounds(address, pid, rounds, descriptors_before, growth_kb):
    """The quick checks again and again: memory levels off and no descriptor stays; failures."""
    quick = [(name, function) for name, function, once in CASES if not once]
    failed = 0
    marks = []
    for part in (rounds // 2, rounds - rounds // 2):
        for _ in range(part):
            failed += sum(not run_case(name, function, address, address)
                          for name, function in quick)
        marks.append(memory_kb(pid))
    after = settled_descriptors(pid, descriptors_before)
    grows = after > descriptors_before or marks[1] - marks[0] > growth_kb
    print(f"{'not ok' if grows else 'ok'} hostile@nothing-grows: {rounds} rounds of {len(quick)}, "
          f"memory {marks[0]} kB then {marks[1]} kB, "
          f"descriptors {descriptors_before} then {after}")
    return failed + grows


def main(growth_kb=512):
    """`growth_kb`: more than this from one half of the rounds to the other is a leak."""
    if len(sys.argv) != 4:
        print(f"usage: {sys.argv[0]} SOCKET PID ROUNDS", file=sys.stderr)
        return 64
    address, pid, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    before = settled_descriptors(pid, 0)
    failed = run_once(address, address)
    if failed == 0:
        failed = run_rounds(address, pid, rounds, before, growth_kb)
    return 1 if failed else 0
