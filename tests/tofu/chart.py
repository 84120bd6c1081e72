# SPDX-License-Identifier: Apache-2.0
"""What GitHub's chart gha-runner-scale-set 0.14.2 asks of its values, and what the lane's note asks.

    chart.py VALUES.json

Prints one line for each rule that is broken; status 1 when there is any.
"""
import json
import sys

KEYS = {"githubConfigUrl", "githubConfigSecret", "runnerScaleSetName", "runnerGroup", "minRunners",
        "maxRunners", "controllerServiceAccount", "template", "containerMode"}

with open(sys.argv[1], encoding="utf-8") as file:
    values = json.load(file)
spec = values["template"]["spec"]
runners = [c for c in spec["containers"] if c["name"] == "runner"]
runner = runners[0] if runners else {}
env = {entry["name"]: entry["value"] for entry in runner.get("env", [])}
volumes = {volume["name"]: volume for volume in spec.get("volumes", [])}
mounts = {mount["name"]: mount["mountPath"] for mount in runner.get("volumeMounts", [])}

RULES = {
    "only keys that the chart knows": set(values) <= KEYS,
    "a container named runner": len(runners) == 1,
    "it starts the runner": runner.get("command") == ["/home/runner/run.sh"],
    "an image": bool(runner.get("image")),
    "scale set name of up to 45 characters": 0 < len(values["runnerScaleSetName"]) <= 45,
    "whole numbers with min <= max": isinstance(values["minRunners"], int)
        and isinstance(values["maxRunners"], int)
        and 0 <= values["minRunners"] <= values["maxRunners"],
    "every mount has its volume": set(mounts) == set(volumes),
    "no variable twice": len(env) == len(runner.get("env", [])),
    "label tinyland-nix-gpu": values["runnerScaleSetName"] == "tinyland-nix-gpu",
    "placed on honey": spec.get("nodeSelector") == {"kubernetes.io/hostname": "honey"},
    "host /dev/dri in the container": mounts.get("dri") == "/dev/dri"
        and volumes["dri"]["hostPath"]["path"] == "/dev/dri",
    "root with RUNNER_ALLOW_RUNASROOT=1": env.get("RUNNER_ALLOW_RUNASROOT") == "1"
        and runner["securityContext"]["runAsUser"] == 0,
    "privileged": runner["securityContext"].get("privileged") is True,
    "steps run in this container": "containerMode" not in values,
    "Nix with flakes and the cache": "flakes" in env.get("NIX_CONFIG", "")
        and env.get("ATTIC_SERVER", "").startswith("http"),
}
broken = [name for name, holds in RULES.items() if not holds]
print("\n".join(broken))
sys.exit(1 if broken else 0)
