#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs/faults.md is what the table says, and every code in the source is in the table.
. "$(dirname -- "$0")/../lib.sh"

expect_status 0 "$bin/gpu-report" faults
expect_stdout_is "$src/docs/faults.md"

last_command=
grep '^## ' "$src/docs/faults.md" | cut -c4- >"$tmp/table"
cd "$src"
# The first string literal of a call that makes an error or a finding is its code.
python3 - base compute report lease probe bridge canary <<'PYTHON' >"$tmp/used"
import pathlib, re, sys
call = re.compile(r'\b(?:lane_error_set|lane_error_set_errno|report_finding)\s*\('
                  r'(?:[^"();]|\([^()]*\))*?"([A-Z][A-Z0-9_]+)"')
for room in sys.argv[1:]:
    for path in sorted(pathlib.Path(room).rglob("*.c")):
        for code in call.findall(path.read_text(encoding="utf-8")):
            print(code, path)
PYTHON
[ "$(wc -l <"$tmp/used")" -ge 40 ] || fail 'too few codes found: has a call been renamed?'
missing=0
while read -r code path; do
  grep -qx -e "$code" "$tmp/table" && continue
  printf '%s: %s is in none of report/fault_*.c\n' "$path" "$code" >&2
  missing=$((missing + 1))
done <"$tmp/used"
[ "$missing" -eq 0 ] || fail "$missing uses of codes that nobody explains"
