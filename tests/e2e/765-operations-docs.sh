# SPDX-License-Identifier: Apache-2.0
# docs/operations.md and docs/krunkit.md: their sessions run from the first command to the last, every
# fault has its place for the night, and no page has a block of commands that nothing looks at.
# shellcheck disable=SC2016 # sed and awk scripts
. "$(dirname -- "$0")/../lib.sh"
need python3
lavapipe
PATH=$bin:$PATH
export PATH
unset GPU_LANE_BRIDGE

# block PAGE WORD...: the page's fenced blocks whose first line is ``` and these words.
block() {
  page=$1
  shift
  sed -n "/^\`\`\`$*\$/,/^\`\`\`\$/{/^\`\`\`/d;p;}" "$src/docs/$page.md"
}

for page in operations krunkit; do
  mkdir "$tmp/$page"
  {
    echo 'trap "kill \$bridge" EXIT; bridge='
    [ "$page" = operations ] || echo 'trap - EXIT'
    echo 'set -e'
    block "$page" sh
    echo 'trap - EXIT'
  } >"$tmp/session.sh"
  expect_status 0 env -C "$tmp/$page" sh "$tmp/session.sh"
done
expect_stdout 'CPU threads'
for file in policy.json state/lock ticket.new facts.json history.jsonl; do
  [ -e "$tmp/operations/$file" ] || fail "the session of operations.md made no $file"
done

# What needs another place is marked so, and has no program or option that does not exist.
cat >"$tmp/commands.py" <<'PYTHON'
import re, subprocess, sys

pages = sys.argv[1:]
LANGUAGES = {"sh", "json", "yaml", "text"}  # a second word says where the block belongs
RUN = {"README.md", "lane.md", "claims.md", "operations.md", "krunkit.md"}
PROGRAMS = ("gpu-probe", "gpu-canary", "gpu-lease", "gpu-bridge-host", "gpu-report")
helps = {program: subprocess.run([program, "--help"], check=True, stdout=subprocess.PIPE,
                                 text=True).stdout for program in PROGRAMS}
for path in pages:
    name = path.rsplit("/", 1)[-1]
    for info, body in re.findall(r"^```(.*?)\n(.*?)^```$", open(path, encoding="utf-8").read(),
                                 re.MULTILINE | re.DOTALL):
        if info.split(" ")[0] not in LANGUAGES:
            print(f"{name}: a block is marked \"{info}\"")
        if info == "sh" and name not in RUN | {"faults.md"}:
            print(f"{name}: commands that no test runs")
        if info.split(" ")[0] != "sh":
            continue
        parsed = subprocess.run(["sh", "-n"], input=body, text=True, check=False)
        if parsed.returncode:
            print(f"{name}: no shell reads: {body.strip()}")
        for program, rest in re.findall(rf"\b({'|'.join(PROGRAMS)})\b([^|;&\n]*)", body):
            for option in re.findall(r"(?<=\s)--[a-z-]+", rest.split(" -- ")[0]):
                if not re.search(rf"{option}\b(?!-)", helps[program]):
                    print(f"{name}: {program} has no {option}")
PYTHON
expect_status 0 python3 "$tmp/commands.py" "$src/README.md" "$src"/docs/*.md
expect_no_stdout ''

# Every fault belongs to a family, by its name or the pattern of one.
"$bin/gpu-report" faults | sed -n 's/^## //p' >"$tmp/faults"
[ "$(wc -l <"$tmp/faults")" -gt 100 ] || fail 'no table of faults'
sed -n '/^### /s/[^`]*`\([^`]*\)`/\1\n/gp' "$src/docs/operations.md" | sed '/^$/d' >"$tmp/families"
while read -r fault; do
  placed=
  while read -r family; do
    # shellcheck disable=SC2254 # a pattern
    case $fault in $family) placed=yes ;; esac
  done <"$tmp/families"
  [ -n "$placed" ] || fail "docs/operations.md does not say what to do about $fault at night"
done <"$tmp/faults"
while read -r family; do
  grep -qxE "$(printf '%s' "$family" | sed 's/\*/.*/')" "$tmp/faults" ||
    fail "docs/operations.md has a family without a fault: $family"
done <"$tmp/families"
