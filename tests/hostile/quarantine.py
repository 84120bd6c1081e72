# SPDX-License-Identifier: Apache-2.0
"""A device that is lost at every fifth submit: quarantine.py SOCKET PID FOLDER GPU-LEASE

The job says so, nothing is granted until a fresh worker's submit was checked, and the next job is
right; the more often it happens, the longer the GPU is kept aside.
"""

import json
import pathlib
import subprocess
import sys
import time

from bed import demand
from lane import Lane, vadd, vadd_is_right


def facts(lane):
    return json.loads(lane.session.read_all("/gpu/GPU-0/facts"))


def health(lane):
    return facts(lane)["health"]


def until(what, condition, seconds=15):
    deadline = time.monotonic() + seconds
    while not condition():
        demand(time.monotonic() < deadline, f"waited in vain until {what}")
        time.sleep(0.01)


def lose(lane, module):
    """A job with more submits than the device survives."""
    job = lane.submit({**vadd(module), "sampling": {"min_samples": 9, "max_samples": 9}})
    _, states = lane.finish(job)
    demand(states == ["QUEUED", "RUNNING", "ERR DEVICE-LOST"], f"{states} {lane.detail(job)}")


def runs_right(lane, module):
    job = lane.submit(vadd(module))
    _, states = lane.finish(job, timeout=20)
    demand(states == ["QUEUED", "RUNNING", "OK"], f"{states} {lane.detail(job)}")
    demand(vadd_is_right(lane.session.read_all(f"/worker/{job}/result")), "vadd is wrong")


def listed(program, address):
    out = subprocess.run([program, "list", "--bridge", "unix:" + address, "--format", "json"],
                         check=True, capture_output=True, timeout=20).stdout
    return json.loads(out)["gpus"][0]


def main(address, _pid, folder, program):
    module = pathlib.Path(folder, "vadd.spv").read_bytes()
    with Lane(address) as lane, Lane(address) as other:
        demand(lane.lease()[0] == "OK", "no lease")
        demand(health(lane) == {"state": "serving", "reason": None, "losses": 0}, "not well")
        # What shuts workers in is said, and what is not there for it.
        sandbox = facts(lane)["sandbox"]
        demand(sandbox["cgroup"] or any("control group" in text for text in sandbox["missing"]),
               sandbox)
        lose(lane, module)
        # Checked at once; what waits runs afterwards.
        runs_right(lane, module)
        demand(lane.states("GPU-0") == ["QUARANTINED", "SERVING"], lane.states("GPU-0"))
        demand(health(lane)["losses"] == 1, "loss is not counted")
        # The third one is kept aside for a second, which is long enough to look around.
        lose(lane, module)
        runs_right(lane, module)
        lose(lane, module)
        demand(health(lane)["state"] == "quarantined", health(lane))
        word, fields = other.lease(queue=0)
        demand(word == "ERR" and fields["reason"] == "cordoned", f"granted: {word} {fields}")
        demand(listed(program, address) ==
               {"gpu": "GPU-0", "state": "quarantined", "reason": "device lost"},
               "gpu-lease list does not say it")
        demand("check in 1000 ms" in lane.seen["GPU-0"][-1]["detail"], lane.seen["GPU-0"])
        until("it serves again", lambda: health(lane)["state"] == "serving")
        demand(other.lease(queue=0)[0] == "OK", "not granted afterwards")
        runs_right(other, module)


if __name__ == "__main__":
    main(*sys.argv[1:])
