#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs ctest over build trees and ends with one line that counts.

usage: suite.py TREE... [-- CTEST-ARGUMENT...]

Every test of every tree is passed, failed or skipped; the skipped are listed with their reason and
the failed with their output. The last line is exactly "N passed, N failed, N skipped". The exit
status is 0 only when something passed and nothing failed.
"""
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import namedtuple

Result = namedtuple("Result", "name outcome output")


def read_results(tree_name, junit_path):
    """The results that ctest wrote; a report that is missing or broken is a failure itself."""
    try:
        cases = ElementTree.parse(junit_path).getroot().iter("testcase")
        for case in cases:
            name = f"{tree_name}: {case.get('name')}"
            output = case.findtext("system-out") or ""
            if case.get("status") == "run":
                yield Result(name, "passed", output)
            elif case.find("skipped") is not None and case.find("failure") is None:
                yield Result(name, "skipped", output)
            else:
                yield Result(name, "failed", output or "ctest could not run it")
    except (OSError, ElementTree.ParseError) as error:
        yield Result(f"{tree_name}: ctest", "failed", f"no report from ctest: {error}")


def skip_reason(output):
    for line in output.splitlines():
        if line.startswith("SKIP: "):
            return line[len("SKIP: "):]
    return "no reason given"


def run_tree(tree, ctest_arguments):
    name = os.path.basename(os.path.normpath(tree))
    junit_path = os.path.join(tree, "Testing", "junit.xml")
    if os.path.exists(junit_path):
        os.unlink(junit_path)
    print(f"== {name}", flush=True)
    status = subprocess.run(
        ["ctest", "--test-dir", tree, "--output-junit", junit_path, "--no-tests=ignore",
         "--test-output-size-passed", "65536", "--test-output-size-failed", "65536",
         "--test-output-truncation", "middle", "--parallel", str(os.cpu_count() or 1),
         *ctest_arguments],
        check=False).returncode
    results = list(read_results(name, junit_path))
    if status != 0 and not any(result.outcome == "failed" for result in results):
        results.append(Result(f"{name}: ctest", "failed", f"ctest ended with status {status}"))
    return results


def main(arguments):
    split = arguments.index("--") if "--" in arguments else len(arguments)
    results = []
    for tree in arguments[:split]:
        results += run_tree(os.path.abspath(tree), arguments[split + 1:])
    print()
    for result in results:
        if result.outcome == "skipped":
            print(f"skipped {result.name}: {skip_reason(result.output)}")
    for result in results:
        if result.outcome == "failed":
            print(f"failed {result.name}\n{result.output.rstrip()}\n")
    count = {outcome: sum(result.outcome == outcome for result in results)
             for outcome in ("passed", "failed", "skipped")}
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**count))
    return 0 if count["passed"] > 0 and count["failed"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
