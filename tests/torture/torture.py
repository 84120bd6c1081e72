# SPDX-License-Identifier: Apache-2.0
"""Has call n of one function after the other fail under a bridge that serves a scripted session, for
all n: torture.py BUILD FOLDER unix|tls ALL|SOME FUNCTION...

Of malloc each place fails in a copy of the bridge besides, where a place is a stack of callers. With
tls the session is over TLS; FOLDER holds ca.pem, server.pem and alice.pem with their keys.
Whatever fails, the bridge either goes on or ends as it says; it never crashes and never leaks, and
every lease whose grant was read is there again when it is started anew.
"""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys

import ninep
from lane import Lane, descriptor
from tls import Tls

# How many n of a function are tried when not all are.
SOME = 8
# What a lack of memory or a journal that cannot be written ends in, with a line that says so.
ABORTS = {"malloc": b"out of memory", "write": b"the journal cannot be written",
          "fdatasync": b"the journal cannot be written"}


class Bridge:
    """`address` is where the script goes, `socket` where it is looked at afterwards."""

    def __init__(self, build, folder, via, environment):
        self.socket = f"{folder}/socket"
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        self.address = self.socket
        more = []
        if via == "tls":
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            self.address = Tls(port, folder, 0)
            more = ["--listen", f"tls:127.0.0.1:{port}", "--tls-cert", f"{folder}/server.pem",
                    "--tls-key", f"{folder}/server.key", "--tls-client-ca", f"{folder}/ca.pem",
                    "--policy", f"{folder}/policy.json"]
        self.process = subprocess.Popen(
            [f"{build}/bin/gpu-bridge-host", "--mock", "--state", f"{folder}/state", *more,
             "--listen", f"unix:{self.socket}"],
            stderr=subprocess.PIPE, env={**os.environ, **environment})
        # The socket is there before it listens.
        self.said = b""
        for _ in range(2 if more else 1):
            self.said += self.process.stderr.readline()

    def stop(self):
        """Its exit status and what it said."""
        try:
            self.process.send_signal(signal.SIGTERM)
            # A client that the bridge still holds for gone makes it wait for some seconds.
            said = self.said + self.process.communicate(timeout=20)[1]
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return self.process.returncode, said


def script(address, granted):
    """One session after the other, with something of everything."""
    with Lane(address) as lane:
        word, fields = lane.lease(ttl_s=600, keep=1)
        if word == "OK":
            granted[fields["lease"]] = fields["epoch"]
        module = b"\x03\x02\x23\x07" + bytes(16)
        job = lane.submit(descriptor(module, [1, 1, 1], [64, 1, 1], []))
        lane.finish(job, timeout=2)
        lane.session.read_all("/gpu/GPU-0/info")
    with ninep.session(address) as reader:
        reader.open("/gpu/GPU-0/events", 5)
        end = len(reader.read_all("/gpu/GPU-0/status"))
        reader.send(ninep.encode("Tread", 9, fid=5, offset=end, count=4096))
        with Lane(address) as lane:
            word, fields = lane.lease(ttl_s=600, keep=1)
            if word == "OK":
                granted[fields["lease"]] = fields["epoch"]
            reader.rpc("Tflush", 10, oldtag=9)
            reader.list("/gpu")
            reader.read_all("/metrics")
            if lane.ctl("RENEW lease=%s ttl_s=500" % fields["lease"]).startswith("OK"):
                lane.ctl("PRIORITY 3")


def leases(address):
    with ninep.session(address) as session:
        lines = session.read_all("/proc/leases").decode().splitlines()
    return {fields["lease"]: fields["epoch"]
            for fields in (dict(part.split("=", 1) for part in line.split()) for line in lines)}


def one_round(build, folder, via, function, number):
    """Whether call `number` was made, and what went wrong; with 0, how many calls there are, and with
    "places" what torture.c counts of them."""
    shutil.rmtree(f"{folder}/state", ignore_errors=True)
    fired, calls = f"{folder}/fired", f"{folder}/calls"
    if os.path.exists(fired):
        os.unlink(fired)
    bridge = Bridge(build, folder, via, {
        "LD_PRELOAD": f"{build}/tests/torture.so", "LANE_TORTURE": f"{function}:{number}",
        "LANE_TORTURE_FIRED": fired, "LANE_TORTURE_CALLS": calls,
        "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"})
    granted = {}
    try:
        script(bridge.address, granted)
        trouble = None
    except (OSError, AttributeError, ValueError, ninep.RemoteError, ninep.Malformed) as error:
        # The client may see its connection end, at any place.
        trouble = error
    status, said = bridge.stop()
    hit = os.path.exists(fired)
    if number in (0, "places") and status == 0:
        with open(calls, encoding="ascii") as file:
            counts = [int(word) for word in file.read().split()]
        hit = counts if number == "places" else counts[0]
    if (number in (0, "places") or not hit) and trouble is not None:
        return hit, f"the script itself fails: {trouble!r}"
    aborted = status == -signal.SIGABRT and function in ABORTS and ABORTS[function] in said
    if status != 0 and not aborted:
        return hit, f"status {status}: {said.decode()}"
    bridge = Bridge(build, folder, "unix", {})
    there = leases(bridge.socket)
    bridge.stop()
    if any(there.get(lease) != epoch for lease, epoch in granted.items()):
        return hit, f"granted {granted}, and after a restart there is {there}"
    verified = subprocess.run([f"{build}/bin/gpu-bridge-host", "audit", "verify", f"{folder}/state"],
                              capture_output=True)
    if verified.returncode != 0:
        return hit, f"the journal: {verified.stdout + verified.stderr}"
    if number == "places" and (hit[3] > 0 or hit[1] == 0):
        return hit, said.decode()
    return hit, None


def every_place(build, folder, via):
    """Has each allocation fail that is made from a place of its own; 1 when that is not borne."""
    counts, wrong = one_round(build, folder, via, "malloc", "places")
    if wrong is not None:
        print(f"not ok torture@{via}-malloc-places: {wrong}", flush=True)
        return 1
    calls, places, ended, _ = counts
    print(f"ok torture@{via}-malloc-places: {places} places of {calls} calls, {ended} end the bridge, "
          f"{places - ended} one client", flush=True)
    return 0


def main(build, folder, via, some, *functions):
    failed = 0
    if "malloc" in functions:
        failed += every_place(build, folder, via)
    for function in functions:
        calls, wrong = one_round(build, folder, via, function, 0)
        if wrong is not None:
            sys.exit(f"nothing fails, and yet: {wrong}")
        numbers = range(1, calls + 1)
        if some == "SOME" and calls > SOME:
            numbers = sorted(random.SystemRandom().sample(numbers, SOME))
        bad = 0
        for number in numbers:
            _, wrong = one_round(build, folder, via, function, number)
            if wrong is not None:
                print(f"not ok torture@{via}-{function}:{number}: {wrong}", flush=True)
                bad += 1
        failed += bad
        print(f"{'not ok' if bad else 'ok'} torture@{via}-{function}: {len(numbers)} of {calls} calls, "
              f"{bad} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 6 or sys.argv[3] not in ("unix", "tls") or sys.argv[4] not in ("ALL", "SOME"):
        sys.exit(f"usage: {sys.argv[0]} BUILD FOLDER unix|tls ALL|SOME FUNCTION...")
    sys.exit(main(*sys.argv[1:]))
