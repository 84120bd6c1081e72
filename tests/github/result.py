# SPDX-License-Identifier: Apache-2.0
"""Prints a broken report with so many failures, warnings and notices: result.py F [W [N]]."""
import json
import sys

levels = ("failure", "warning", "notice")
counts = [int(n) for n in sys.argv[1:]] + [0, 0, 0]
findings = [{"code": "EXPECTATION_BROKEN", "level": level,
             "title": "An expectation of the floor is broken",
             "message": f"{level} number {number}", "evidence": {"number": number},
             "remedy": "Repair what the finding names.",
             "where": {"path": "floors/test.json", "line": number + 1}}
            for level, count in zip(levels, counts) for number in range(count)]
broken = counts[0]
json.dump({
    "schema": "gpu-lane-report/v1", "tool": "gpu-probe", "version": "0.1.0",
    "started": "2026-04-22T18:03:11Z", "duration_ms": 83,
    "verdict": "broken" if broken else "holds", "remark": None, "replayed": None,
    "floor": {"name": "test", "title": "A floor for tests", "path": "floors/test.json"},
    "device": None, "checks": {"held": 1, "broken": broken, "unknown": 0, "skipped": 0},
    "findings": findings, "ladder": [], "expectations": [],
    "claims": {"proves": [], "does_not_prove": ["anything"]}}, sys.stdout)
