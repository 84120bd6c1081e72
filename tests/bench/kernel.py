#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: kernel.py clpeak|vkpeak|ggml RESULT.json PEER-OUTPUT

Prints "NAME OURS PEERS" for every figure that gpu-canary and the peer both have, in the unit of the
peer.
"""
import json
import re
import sys

CLPEAK = {
    "peak_f32": "single_precision_compute",
    "peak_f16": "half_precision_compute",
    "peak_f64": "double_precision_compute",
    "peak_i32": "integer_compute",
    "read": "global_memory_bandwidth",
}
# Not every version spells its figures alike: the first word of the line decides.
VKPEAK = {
    "peak_f32": r"fp32-(scalar|vec4)",
    "peak_f16": r"fp16-(scalar|vec4)",
    "peak_f64": r"fp64-(scalar|vec4)",
    "peak_i32": r"int32-(scalar|vec4)",
    "peak_i8dot": r"int8-dotprod",
    "copy": r"copy-d2d",
    "upload": r"copy-h2d",
    "download": r"copy-d2h",
}


def ours(path):
    with open(path, encoding="utf-8") as file:
        return {w["name"]: w["median"] for w in json.load(file)["workloads"]
                if w.get("median") is not None}


def clpeak(path):
    best, transfer = {}, {}
    with open(path, encoding="utf-8") as file:
        for entry in json.load(file)["entries"]:
            value = entry.get("value")
            if value is None:
                continue
            best[entry["test"]] = max(best.get(entry["test"], 0), value)
            transfer[entry["metric"]] = value
    figures = {name: best[test] for name, test in CLPEAK.items() if test in best}
    for name, metric in (("upload", "h2d"), ("download", "d2h")):
        if metric in transfer:
            figures[name] = transfer[metric]
    return figures


def vkpeak(path):
    figures = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            match = re.match(r"(\S+)\s*=\s*([0-9.]+)", line)
            for name, pattern in VKPEAK.items():
                if match and re.fullmatch(pattern, match[1]) and float(match[2]) > 0:
                    figures[name] = max(figures.get(name, 0), float(match[2]))
    return figures


def ggml(path):
    """Matrix-vector products of one column; ggml counts 2 m k operations, we count bytes read."""
    figures = {}
    bytes_of = {"q4_0": 18 / 32, "q8_0": 34 / 32}
    with open(path, encoding="utf-8") as file:
        for line in file:
            match = re.search(r"type_a=(q4_0|q8_0),type_b=f32,m=(\d+),n=1,k=(\d+).*?"
                              r"([0-9.]+) us/run", line)
            if match:
                name = match[1][:2] + "_matvec"
                weights = int(match[2]) * int(match[3]) * bytes_of[match[1]]
                figures[name] = max(figures.get(name, 0), weights / float(match[4]) / 1e3)
    return figures


def main():
    reader = {"clpeak": clpeak, "vkpeak": vkpeak, "ggml": ggml}[sys.argv[1]]
    mine, peer = ours(sys.argv[2]), reader(sys.argv[3])
    for name in mine:
        if name in peer:
            print(name, mine[name], peer[name])


main()
