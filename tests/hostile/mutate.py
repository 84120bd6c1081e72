# SPDX-License-Identifier: Apache-2.0
"""Damaged kernels: mutate.py SOCKET PID DESCRIPTORS SECONDS [SEED]

Bytes and words of the reference kernels are changed, and all of them go through the worker's checks
and, if those pass them, through the driver. A worker may die of one, and then its job says so; the
bridge lives, every job ends once, and the kernel as it was is right again afterwards.
"""

import base64
import collections
import hashlib
import json
import pathlib
import random
import struct
import sys
import time

from bed import demand, memory_kb
from lane import JOB_FID, Lane, new_id

# Two streams: while one worker starts again the other goes on.
STREAMS = 2
WINDOW = 64
TIMEOUT_MS = 500
HEADER_WORDS = 5
ENDS = {"OK", "ERR TIMEOUT", "ERR INVALID", "ERR LIMIT", "ERR WORKER"}


def flip_bit(rng, words, at):
    words[at] ^= 1 << rng.randrange(32)


def change_byte(rng, words, at):
    shift = 8 * rng.randrange(4)
    words[at] = words[at] & ~(0xFF << shift) | rng.randrange(256) << shift


def change_word(rng, words, at):
    words[at] = rng.choice((0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, words[at] + 1 & 0xFFFFFFFF,
                            words[at] - 1 & 0xFFFFFFFF, rng.getrandbits(32), rng.choice(words)))


def copy_words(rng, words, at):
    size = rng.randrange(1, 9)
    source = rng.randrange(HEADER_WORDS, len(words))
    words[at:at + size] = words[source:source + size]


def drop_word(_rng, words, at):
    del words[at]


def cut(_rng, words, at):
    del words[at:]


# A single byte or word more often than what breaks the form at once.
MUTATIONS = 4 * [flip_bit] + 4 * [change_byte] + 4 * [change_word] + [copy_words, drop_word, cut]


def mutated(rng, module):
    while True:
        words = list(struct.unpack(f"<{len(module) // 4}I", module))
        # One in twenty is in the header.
        at = rng.randrange(HEADER_WORDS) if rng.random() < 0.05 else \
            rng.randrange(HEADER_WORDS, len(words))
        rng.choice(MUTATIONS)(rng, words, at)
        changed = struct.pack(f"<{len(words)}I", *words)
        if changed != module and changed:
            return changed


def job_of(document, module, timeout_ms):
    return {**document, "job": new_id(), "outputs": [], "timeout_ms": timeout_ms,
            "bytes_hash": "sha256:" + hashlib.sha256(module).hexdigest(),
            "payload_b64": base64.b64encode(module).decode()}


class Run:
    def __init__(self, lane, documents, seed):
        self.lane = lane
        self.rng = random.Random(seed)
        self.kernels = [(document, base64.b64decode(document["payload_b64"]))
                        for document in documents]
        self.right = {}
        self.counts = collections.Counter()
        self.deaths = collections.Counter()

    def result(self, document, module):
        """Of the kernel as it is; None where this device or an older validator has no use for it."""
        job = self.lane.submit(job_of(document, module, 60000))
        _, states = self.lane.finish(job, timeout=90)
        if states[-1] in ("ERR LIMIT", "ERR INVALID"):
            return None
        demand(states == ["QUEUED", "RUNNING", "OK"],
               f"{document['kernel']}: {states} {self.lane.detail(job)}")
        return self.lane.session.read_all(f"/worker/{job}/result")

    def learn(self):
        for document, module in self.kernels:
            self.right[document["kernel"]] = self.result(document, module)
        demand(sum(data is not None for data in self.right.values()) >= 10, "too few kernels run")

    def still_right(self):
        document, module = self.rng.choice(self.kernels)
        demand(self.result(document, module) == self.right[document["kernel"]],
               f"{document['kernel']} is wrong after damaged ones")

    def take(self, waiting):
        """Counts the jobs that have ended."""
        self.lane.poll()
        for job in list(waiting):
            lines = self.lane.seen.get(job, [])
            if not lines or lines[-1]["state"] not in ENDS:
                demand(not lines or lines[-1]["state"] in ("QUEUED", "RUNNING"), f"{lines}")
                continue
            states = [line["state"] for line in lines]
            demand(states[0] == "QUEUED" and sum(state in ENDS for state in states) == 1, states)
            self.counts[states[-1]] += 1
            if states[-1] == "ERR WORKER":
                demand("killed by SIG" in lines[-1]["detail"] or
                       "exited with" in lines[-1]["detail"], lines[-1])
                self.deaths[lines[-1]["detail"].split(" was ")[-1].split(";")[0]] += 1
            del self.lane.seen[job]
            waiting.remove(job)

    def batch(self):
        """Some damaged kernels at once."""
        waiting = set()
        for _ in range(WINDOW):
            document, module = self.rng.choice(self.kernels)
            job = job_of(document, mutated(self.rng, module), TIMEOUT_MS)
            waiting.add(job["job"])
            self.lane.session.write(JOB_FID, json.dumps(job) + "\n")
        deadline = time.monotonic() + 120
        while waiting:
            self.take(waiting)
            demand(time.monotonic() < deadline, f"{len(waiting)} do not end")
            time.sleep(0.005)


def main(address, pid, descriptors, seconds, seed=None):
    seed = int(seed) if seed else random.SystemRandom().getrandbits(32)
    print(f"seed {seed}", flush=True)
    documents = [json.loads(line)
                 for line in pathlib.Path(descriptors).read_text(encoding="utf-8").splitlines()]
    with Lane(address) as lane:
        demand(lane.lease(mem_mb=512, streams=STREAMS, ttl_s=int(float(seconds)) + 600)[0] == "OK",
               "no lease")
        run = Run(lane, documents, seed)
        run.learn()
        before = memory_kb(int(pid))
        started = time.monotonic()
        while time.monotonic() - started < float(seconds):
            run.batch()
            run.still_right()
        grown = memory_kb(int(pid)) - before
    total = sum(run.counts.values())
    print(f"{total} damaged kernels of {len(documents)} in {time.monotonic() - started:.0f} s: "
          + ", ".join(f"{count} {state}" for state, count in run.counts.most_common()))
    print("workers that died: " + (", ".join(f"{count} {text}" for text, count in
                                             run.deaths.most_common()) or "none"))
    demand(total >= WINDOW and run.counts["ERR INVALID"] > 0, "nothing was tried")
    demand(grown < 64 << 10, f"the bridge has grown by {grown} kB")


if __name__ == "__main__":
    main(*sys.argv[1:])
