# SPDX-License-Identifier: Apache-2.0
"""A client of the bridge's namespace for tests: leases, jobs and their states."""

import base64
import hashlib
import json
import os
import struct
import time

import ninep

CTL_FID, JOB_FID, STATUS_FID = 100, 101, 102
RDONLY, WRONLY, RDWR = 0, 1, 2


class Lane:
    """One session with one GPU of the bridge."""

    def __init__(self, address, gpu="GPU-0"):
        self.gpu = gpu
        self.session = ninep.session(address)
        self.session.open(f"/gpu/{gpu}/ctl", CTL_FID, RDWR)
        self.session.open(f"/gpu/{gpu}/job", JOB_FID, WRONLY)
        self.session.open(f"/gpu/{gpu}/status", STATUS_FID)
        attributes = self.session.rpc("Tgetattr", fid=STATUS_FID, request_mask=0x7FF)
        self.status_at = attributes["size"]
        self.replies = b""
        self.seen = {}

    def close(self):
        self.session.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def ctl(self, line):
        """Sends a command and returns its reply line."""
        self.session.write(CTL_FID, line + "\n")
        return self.reply()

    def reply(self, timeout=10.0):
        """The next reply line; that of a grant comes when the lease is granted."""
        deadline = time.monotonic() + timeout
        while b"\n" not in self.replies:
            part = self.session.read(CTL_FID, 0, 4096)
            if not part and time.monotonic() > deadline:
                raise TimeoutError("ctl has no reply")
            if not part:
                time.sleep(0.01)
            self.replies += part
        line, self.replies = self.replies.split(b"\n", 1)
        return line.decode()

    def lease(self, mem_mb=64, streams=1, ttl_s=60, **more):
        """The reply to LEASE as (word, fields): ("OK", {"lease": "1", ...})."""
        rest = "".join(f" {key}={value}" for key, value in more.items())
        return parse_reply(self.ctl(f"LEASE mem_mb={mem_mb} streams={streams} ttl_s={ttl_s}{rest}"))

    def submit(self, descriptor):
        """Hands over a job; its id, which is made here when the descriptor has none."""
        descriptor.setdefault("job", new_id())
        self.session.write(JOB_FID, json.dumps(descriptor) + "\n")
        return descriptor["job"]

    def poll(self):
        """Takes in what is new in the status file."""
        while True:
            part = self.session.read(STATUS_FID, self.status_at, 60000)
            if not part:
                break
            # Only whole lines: the rest is read again.
            part = part[:part.rindex(b"\n") + 1]
            self.status_at += len(part)
            for line in part.decode().splitlines():
                status = json.loads(line)
                self.seen.setdefault(status["job"], []).append(status)

    def states(self, job):
        self.poll()
        return [status["state"] for status in self.seen.get(job, [])]

    def wait(self, job, until, timeout=10.0):
        """Seconds until the job's last state satisfies `until`, and its states."""
        started = time.monotonic()
        while True:
            states = self.states(job)
            passed = time.monotonic() - started
            if states and until(states[-1]):
                return passed, states
            if passed > timeout:
                raise TimeoutError(f"{job} is still {states}")
            time.sleep(0.01)

    def finish(self, job, timeout=10.0):
        return self.wait(job, lambda state: state == "OK" or state.startswith("ERR"), timeout)

    def detail(self, job):
        return self.seen[job][-1]["detail"]


def new_id():
    return f"job-{os.urandom(6).hex()}"


def parse_reply(line):
    word, _, rest = line.partition(" ")
    fields = dict(part.split("=", 1) for part in rest.split(' detail="')[0].split()
                  if "=" in part)
    return word, fields


def descriptor(module, grid, block, buffers, timeout_ms=5000, **more):
    """A job that carries its module."""
    return {"kernel": "test", "grid": grid, "block": block,
            "bytes_hash": "sha256:" + hashlib.sha256(module).hexdigest(),
            "inputs": [], "outputs": [], "timeout_ms": timeout_ms,
            "payload_b64": base64.b64encode(module).decode(), "buffers": buffers,
            "capture": ["result"], **more}


def vadd(module, words=4096):
    ramp = {"bytes": 4 * words, "fill": {"kind": "ramp"}, "input": True}
    return descriptor(module, [(words + 63) // 64, 1, 1], [64, 1, 1],
                      [{"binding": 0, **ramp}, {"binding": 1, **ramp},
                       {"binding": 2, "bytes": 4 * words, "output": True}])


def vadd_is_right(data, words=4096):
    """The sum of two ramps, which is exact in binary32."""
    return data == struct.pack(f"<{words}f", *(2 * (i % 4096) / 4096 for i in range(words)))
