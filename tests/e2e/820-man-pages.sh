#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The manual says what --help says: each option with its letter and value, each verb, and no other;
# pages refer to pages that are there, and two formatters read them without a word.
. "$(dirname -- "$0")/../lib.sh"
need python3 man mandoc
[ -d "$build/share/man" ] || skip 'scdoc was not there when this tree was built'

for page in "$build"/share/man/man?/*.gz; do
  name=${page##*/}
  # What scdoc writes has paragraphs that mandoc finds superfluous.
  mandoc -T lint -W warning "$page" >"$tmp/lint" ||
    ! grep -v 'skipping paragraph macro' "$tmp/lint" >&2 || fail "mandoc reads $name with warnings"
  # groff says so where a line is wider than the page, which an example may be.
  MANWIDTH=100 man --warnings=all --local-file "$page" >"$tmp/${name%.gz}" 2>"$tmp/warnings"
  [ ! -s "$tmp/warnings" ] || fail "man reads $name with warnings: $(cat -- "$tmp/warnings")"
  echo "${name%.gz}"
done >"$tmp/pages"

for program in "$bin"/gpu-*; do
  page=$(grep -E "^${program##*/}\.[18]\$" "$tmp/pages") || fail "no page of ${program##*/}"
  expect_status 0 "$program" --help
  python3 - "$page" "$tmp/stdout" "$src/docs/man/$page.scd" <<'PYTHON' || fail "$page is not --help"
import re, sys

page, help_path, source_path = sys.argv[1:]
program = page[:-2]
help_text = open(help_path, encoding="utf-8").read()
source = open(source_path, encoding="utf-8").read()


def verbs(lines):
    """Words that stand behind the program's name, and what may follow them."""
    for line in lines:
        words = re.sub(r"[][]", "", line).replace(" | ", "|").split()
        for word in words[1:]:
            if not re.fullmatch(r"[a-z|]+", word):
                break
            yield from word.split("|")


usage, rest = help_text.split("\n\noptions:\n")
options = re.findall(r"^  (?:-(.), |    )--([a-z0-9-]+)(?: (\S+))?(?:  |$)",
                     rest.split("\n\n")[0], re.M)
told = {f"option {'-' + letter if letter else ''} --{name} {value}"
        for letter, name, value in options}
told |= {f"verb {verb}" for verb in
         verbs(line for line in usage.split("\n\n")[0].replace("usage:", "").splitlines())}

section = re.search(r"^# OPTIONS\n(.*?)^# ", source, re.M | re.S).group(1)
terms = re.findall(r"^(?:\*-(.)\*, )?\*--([a-z0-9-]+)\*(?: _(.+)_)?$", section, re.M)
written = {f"option {'-' + letter if letter else ''} --{name} {value}"
           for letter, name, value in terms}
synopsis = re.search(r"^# SYNOPSIS\n(.*?)^# ", source, re.M | re.S).group(1)
written |= {f"verb {verb}" for verb in
            verbs(re.sub(r"[*_]|\+\+$", "", line) for line in synopsis.splitlines() if line)}

for thing in sorted(told - written):
    print(f"only in {program} --help: {thing}", file=sys.stderr)
for thing in sorted(written - told):
    print(f"only in docs/man/{page}.scd: {thing}", file=sys.stderr)
for name in sorted(set(re.findall(r"GPU_LANE_[A-Z_]*[A-Z]", help_text)) -
                   set(re.findall(r"GPU_LANE_[A-Z_]*[A-Z]", source))):
    print(f"only in {program} --help: {name}", file=sys.stderr)
    told.add(name)
sys.exit(0 if options and told == written else 1)
PYTHON
done

# Each page that a page names, of ours.
grep -ohE '\*gpu-[a-z-]+\*\([0-9]\)' "$src"/docs/man/*.scd | tr -d '*' | sed -E 's/\((.)\)/.\1/' |
  LC_ALL=C sort -u >"$tmp/named"
while read -r page; do
  grep -qxF "$page" "$tmp/pages" || fail "a page names $page, which is not there"
done <"$tmp/named"
# And each document.
grep -ohE '/usr/share/doc/gpu-lane/[a-z.-]+' "$src"/docs/man/*.scd | sort -u |
  while read -r path; do
    [ -e "$src/docs/${path##*/}" ] || fail "a page names $path, which is not there"
  done

# The files that pages show are read by the programs that they are for.
example() {
  awk '/^# /{ here = $0 == "# EXAMPLE" } /^```/{ shown = !shown; next } here && shown' \
    "$src/docs/man/$1.scd" >"$tmp/$2"
  [ -s "$tmp/$2" ] || fail "$1 shows no file"
}
example gpu-lane-policy.5 policy.json
expect_status 0 "$bin/gpu-lease" keygen "$tmp/operator.jwk"
mv -- "$tmp/operator.jwk.pub" "$tmp/key"
expect_status 64 "$bin/gpu-bridge-host" --check-config --policy "$tmp/policy.json"
mv -- "$tmp/key" "$tmp/operator.jwk.pub"
expect_status 0 "$bin/gpu-bridge-host" --check-config --policy "$tmp/policy.json"
example gpu-lane-floor.5 amd.json
run "$bin/gpu-probe" --floor "$tmp/amd.json" --only host --format json
[ "$status" -lt 64 ] || fail 'the floor of its page is malformed'
expect_json "$tmp/stdout" 'doc["floor"]["name"] == "amd"'
