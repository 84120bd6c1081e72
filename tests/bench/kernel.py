#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: kernel.py clpeak|vkpeak|ggml OURS... PEERS...
          kernel.py names clpeak|vkpeak|ggml
          kernel.py scenarios

Prints "NAME OURS PEERS" for every figure that gpu-canary and the peer both have, in the unit of the
peer: medians of as many results of ours as there are of the peer's. A result is what the peer's is:
the mean of a batch, for which our median stands, or the best sample (vkpeak). Or the workloads of ours that a
peer has a figure for, or what vkpeak calls those it has, with commas.
"""
import json
import re
import statistics
import sys

CLPEAK = {
    "peak_f32": "single_precision_compute",
    "peak_f16": "half_precision_compute",
    "peak_f64": "double_precision_compute",
    "peak_i32": "integer_compute",
    "peak_i8dot": "integer_compute_int8_dp",
    "read": "global_memory_bandwidth",
}
CLPEAK_METRICS = {"upload": "h2d", "download": "d2h"}
# Not every version spells its figures alike: the first word of the line decides. Of copy-d2d, the
# driver's own copy, there is nothing here: what we have of that kind are upload and download.
VKPEAK = {
    "peak_f32": ("fp32-scalar", "fp32-vec4"),
    "peak_f16": ("fp16-scalar", "fp16-vec4"),
    "peak_f64": ("fp64-scalar", "fp64-vec4"),
    "peak_i32": ("int32-scalar", "int32-vec4"),
    "peak_i8dot": ("int8-dotprod",),
    "upload": ("copy-h2d",),
    "download": ("copy-d2h",),
}
# Bytes a weight.
GGML = {"q4_matvec": 18 / 32, "q8_matvec": 34 / 32}


def ours(path, statistic):
    with open(path, encoding="utf-8") as file:
        return {w["name"]: w[statistic] for w in json.load(file)["workloads"]
                if w.get(statistic) is not None}


def clpeak(path):
    best, metrics = {}, {}
    with open(path, encoding="utf-8") as file:
        for entry in json.load(file)["entries"]:
            value = entry.get("value")
            if value:
                best[entry["test"]] = max(best.get(entry["test"], 0), value)
                metrics[entry["metric"]] = value
    figures = {name: best[test] for name, test in CLPEAK.items() if test in best}
    figures |= {name: metrics[key] for name, key in CLPEAK_METRICS.items() if key in metrics}
    # Microseconds from a submission to its end, where ours are dispatches of one submission.
    if "roundtrip" in metrics:
        figures["dispatch"] = 1e3 / metrics["roundtrip"]
    return figures


def vkpeak(path):
    figures = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            match = re.match(r"(\S+)\s*=\s*([0-9.]+)", line)
            for name, scenarios in VKPEAK.items():
                if match and match[1] in scenarios and float(match[2]) > 0:
                    figures[name] = max(figures.get(name, 0), float(match[2]))
    return figures


def ggml(path):
    """Matrix-vector products of one column; ggml counts 2 m k operations, we count bytes read."""
    figures = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            match = re.search(r"type_a=(q4_0|q8_0),type_b=f32,m=(\d+),n=1,k=(\d+).*?"
                              r"([0-9.]+) us/run", line)
            if match:
                name = match[1][:2] + "_matvec"
                weights = int(match[2]) * int(match[3]) * GGML[name]
                figures[name] = max(figures.get(name, 0), weights / float(match[4]) / 1e3)
    return figures


# How a peer's result is read, which of our figures it is beside, and of which workloads.
PEERS = {
    "clpeak": (clpeak, "median", [*CLPEAK, *CLPEAK_METRICS, "dispatch"]),
    "vkpeak": (vkpeak, "max", VKPEAK),
    "ggml": (ggml, "median", GGML),
}


def medians(results):
    """Of each figure that all have."""
    return {name: statistics.median(result[name] for result in results)
            for name in results[0] if all(name in result for result in results)}


def main(what, *arguments):
    if what == "names":
        print(",".join(PEERS[arguments[0]][2]))
    elif what == "scenarios":
        print(",".join(scenario for group in VKPEAK.values() for scenario in group))
    else:
        rounds = len(arguments) // 2
        read, statistic, _ = PEERS[what]
        mine = medians([ours(path, statistic) for path in arguments[:rounds]])
        peer = medians([read(path) for path in arguments[rounds:]])
        for name in mine:
            if name in peer:
                print(name, mine[name], peer[name])


main(*sys.argv[1:])
