# SPDX-License-Identifier: Apache-2.0
# Every command of the README runs, its workflow's step too, and the transcript has the shape of
# what the program prints: all words that do not depend on the machine or the moment. `./run` here is a double that hands over to the programs under test;
# ./run itself is tested by 800-run.sh.
. "$(dirname -- "$0")/../lib.sh"
need python3
lavapipe

readme=$src/README.md
# block LANGUAGE: the lines of the README's fenced blocks in this language.
block() {
  sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/{/^\`\`\`/d;p;}" "$readme"
}

mkdir -- "$tmp/clone"
cd -- "$tmp/clone"
cat >run <<DOUBLE
#!/bin/sh
command=\$1
shift
case \$command in
  canary)
    case \${1-} in list) exec "$bin/gpu-canary" "\$@" ;; esac
    exec "$bin/gpu-canary" --allow-software "\$@"
    ;;
  probe) exec "$bin/gpu-probe" "\$@" ;;
  test | bench) "$src/run" --help | grep -E "^  \$command " ;;
  install)
    [ "\$1" = --prefix ] && mkdir -p "\$2" && ln -s "$bin" "\$2/bin"
    ;;
  *) exit 64 ;;
esac
DOUBLE
chmod +x run

# A probe without a GPU says 1 or 2; a command that the README has wrong says 64, or does not start.
block sh >"$tmp/commands"
[ -s "$tmp/commands" ] || fail 'the README has no commands'
while read -r command; do
  run sh -c "$command"
  case $command:$status in
    './run canary'*:0 | './run test:0' | './run bench:0') ;;
    './run probe'*:[012]) ;;
    *) fail "exit status $status" ;;
  esac
  [ -s "$tmp/stdout" ] || fail 'printed nothing'
done <"$tmp/commands"

# The workflow's own step ends by the floor, held or not.
python3 - "$readme" >"$tmp/step.sh" <<'PYTHON'
import re, sys
text = open(sys.argv[1], encoding="utf-8").read()
blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
lines = next(block for block in blocks if "run: |" in block).splitlines()
start = next(i for i, line in enumerate(lines) if line.strip() == "run: |")
indent = len(lines[start]) - len(lines[start].lstrip())
for line in lines[start + 1:]:
    if line.strip() and len(line) - len(line.lstrip()) <= indent:
        break
    print(line.strip())
PYTHON
[ -s "$tmp/step.sh" ] || fail 'the README shows no workflow step'
mkdir gpu-lane runner
mv -- run gpu-lane/run
RUNNER_TEMP=$tmp/clone/runner run sh -e "$tmp/step.sh"
case $status in
  [012]) ;;
  *) fail "exit status $status" ;;
esac

# The transcript.
block text >"$tmp/shown"
LC_ALL=C.UTF-8 run "$bin/gpu-canary" --allow-software
python3 - "$tmp/shown" "$tmp/stdout" <<'PYTHON' || fail 'the transcript is not what the program prints'
import sys

def words(path):
    """Section titles; the first word of each line of some sections; others whole."""
    found = []
    section = ""
    for line in open(path, encoding="utf-8"):
        line = line.rstrip()
        if line.startswith("$"):
            continue
        if line and line[0].isupper():
            section = line
        text = line.strip()
        if section in ("Proves", "Does not prove"):
            found.append(text)
        elif section == "Workloads" and text:
            found.append((text.split()[0], text.split()[-1]))
        elif section == "Lease" and text:
            found.append(text.split()[0])
        elif "proves the toolchain" in text:
            found.append(text)
    return found

shown, printed = words(sys.argv[1]), words(sys.argv[2])
for line in (line for line in shown if line not in printed):
    print("only in the README:", line, file=sys.stderr)
for line in (line for line in printed if line not in shown):
    print("only in the program:", line, file=sys.stderr)
sys.exit(0 if shown and shown == printed else 1)
PYTHON
