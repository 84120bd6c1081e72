#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The container files as far as they go without a registry: every line is an instruction that is
# known, every script is one that a shell reads and shellcheck likes, every path that is copied is in
# this repository and not ignored, and what is started and installed is what this tree makes.
. "$(dirname -- "$0")/../lib.sh"
need python3 shellcheck

mkdir -- "$tmp/scripts"
for file in "$src"/packaging/container/*Containerfile; do
  python3 - "$file" "$src" "$bin" "$tmp/scripts" <<'PYTHON' || fail "$file is no container file of ours"
import json, os, re, sys

path, source, programs, scripts = sys.argv[1:]
name = os.path.basename(path)
text = open(path, encoding="utf-8").read()
text = re.sub(r"^#.*\n", "", text, flags=re.M).replace("\\\n", "\\\n\0")
lines = [line.replace("\0", "") for line in re.split(r"\n(?!\0)", text) if line.strip()]
ignored = [line.strip() for line in open(os.path.join(source, ".dockerignore"), encoding="utf-8")
           if line.strip() and line[0] != "#"]
stages, runs = [], 0


def require(true, message):
    if not true:
        sys.exit(f"{name}: {message}")


for line in lines:
    word, rest = line.split(None, 1)
    require(word in ("FROM", "ARG", "RUN", "COPY", "ENV", "ENTRYPOINT", "CMD"), f"instruction {word}")
    require(stages or word == "FROM", f"{word} before the first FROM")
    if word == "FROM":
        image = rest.split()[0]
        # Tagged and from a registry that is named: a short name means another image elsewhere.
        require(re.fullmatch(r"[a-z.]+\.[a-z]+/[a-z0-9/-]+:[a-z0-9.-]+", image), f"image {image}")
        stages.append(rest.partition(" AS ")[2])
    elif word == "RUN":
        runs += 1
        with open(f"{scripts}/{name}.{runs}.sh", "w", encoding="utf-8") as script:
            script.write(rest + "\n")
    elif word == "COPY":
        *words, _ = rest.split()
        if words[0].startswith("--from="):
            require(words[0][7:] in stages[:-1], f"{words[0]} is no stage before")
        else:
            for item in words:
                require(os.path.exists(os.path.join(source, item)), f"{item} is not there")
                require(item not in ignored, f"{item} is ignored")
    elif word in ("ENTRYPOINT", "CMD"):
        program = json.loads(rest)[0]
        require(os.path.exists(os.path.join(programs, program)), f"{program} is no program here")
        stages[-1] = "started"
require(runs and stages[-1] == "started", "its last stage starts nothing")
PYTHON
done
# A variable of ARG comes from outside; && and || are meant as they stand in one line of RUN.
shellcheck --shell=sh --exclude=SC2154,SC2015 "$tmp"/scripts/*.sh || fail 'a RUN is not clean'
