# SPDX-License-Identifier: Apache-2.0
"""Rules for workflows and actions that a schema cannot hold.

    semantics.py LABEL_SCRIPT FILE...

Prints one line for each rule that a file breaks; status 1 when there is any.
"""
import re
import subprocess
import sys

import yaml

MAY_WRITE = {"checks"}
PINNED = re.compile(r"^\s*(?:- )?uses: (\S+)@([0-9a-f]{40})(?: # v\d+(?:\.\d+)*)?$")
HOSTED = re.compile(r"\b(ubuntu|macos|windows)-(latest|\d)", re.IGNORECASE)
SECRET = re.compile(r"\$\{\{[^}]*(secrets\.|github\.token)[^}]*\}\}")

label_script, *paths = sys.argv[1:]
broken = []


def load(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    document = yaml.load(text, Loader=yaml.BaseLoader)  # BaseLoader: `on` stays a word
    return text, document


def is_called_label(label):
    return label == "${{ inputs.label }}"


def check_label(say, label, document):
    if is_called_label(label):
        label = document["on"]["workflow_call"]["inputs"]["label"]["default"]
    ended = subprocess.run(["sh", label_script, "--shared", label], check=False,
                           stderr=subprocess.PIPE, text=True)
    if ended.returncode:
        say(ended.stderr.strip())


def check_permissions(say, where, permissions):
    if not isinstance(permissions, dict):
        say(f"{where}: permissions are no list of single ones")
        return
    for name, level in permissions.items():
        if level not in ("read", "none") and name not in MAY_WRITE:
            say(f"{where}: may write {name}")


def check_steps(say, steps):
    for step in steps:
        run = step.get("run", "")
        if "${{" in run:
            say(f"an expression inside a script: {run.splitlines()[0]}")
        if re.search(r"\|\|\s*(true|:)(\s|$)", run) or step.get("continue-on-error"):
            say("a failure is swallowed")
        if re.search(r"\bset -[a-z]*x", run):
            say("a script that echoes what it runs")
        if step.get("uses", "").startswith("actions/checkout@"):
            if step.get("with", {}).get("persist-credentials") != "false":
                say("a checkout that leaves its token on disk")


def check_workflow(say, document):
    triggers = document["on"]
    if document.get("permissions") != {}:
        say("the workflow's own permissions are not none")
    if "pull_request_target" in triggers:
        say("pull_request_target runs foreign code with rights")
    called_only = set(triggers) <= {"workflow_call"}
    for name, job in document["jobs"].items():
        check_permissions(say, name, job.get("permissions"))
        if "uses" in job:
            continue
        check_label(say, job["runs-on"], document)
        if not 1 <= int(job.get("timeout-minutes", 0)) <= 120:
            say(f"{name}: no timeout")
        if called_only or "pull_request" in triggers:
            condition = job.get("if", "")
            if "pull_request.head.repo.full_name == github.repository" not in condition:
                say(f"{name}: runs a fork's pull request")
        for step in job["steps"]:
            with_label = step.get("with", {}).get("label")
            if with_label and with_label != job["runs-on"]:
                say(f"{name}: the guard is told {with_label}, the job runs on {job['runs-on']}")
        check_steps(say, job["steps"])


def check(path):
    def say(what):
        broken.append(f"{path}: {what}")

    text, document = load(path)
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(r"\s*(- )?uses: (?!\./)", line) and not PINNED.match(line):
            say(f"line {number}: not pinned by commit: {line.strip()}")
    if HOSTED.search(text):
        say("names a GitHub-hosted runner")
    if "--allow-software" in text:
        say("allows a software renderer")
    if document.get("runs"):
        for name, value in document["inputs"].items():
            if not value.get("description"):
                say(f"input {name} is not described")
        for name, value in document["outputs"].items():
            if not value.get("description"):
                say(f"output {name} is not described")
        check_steps(say, document["runs"]["steps"])
        return
    if "/examples/" not in path:
        group = document.get("concurrency", {})
        if not group.get("group") or group.get("cancel-in-progress") != "false":
            say("no concurrency group that lets a running one end")
    for line in text.splitlines():
        if SECRET.search(line) and not re.match(r"\s*token: \$\{\{[^}]*\}\}$", line):
            say(f"a secret outside an input: {line.strip()}")
    check_workflow(say, document)


for path in paths:
    check(path)
print("\n".join(broken))
sys.exit(1 if broken else 0)
