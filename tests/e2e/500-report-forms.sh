#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The forms of a report, whole outputs against tests/golden. After a wanted change, write them anew
# with: GOLDEN_UPDATE=1 sh tests/e2e/500-report-forms.sh build/release
. "$(dirname -- "$0")/../lib.sh"

# golden STATUS FILE COMMAND...: stdout is the file's content.
golden() {
  expected_status=$1
  file=$src/tests/golden/$2
  shift 2
  expect_status "$expected_status" "$@"
  expect_stderr_lines 0
  if [ -n "${GOLDEN_UPDATE-}" ]; then
    cp -- "$tmp/stdout" "$file"
  fi
  expect_stdout_is "$file"
}

for pair in probe-broken:1 canary-software:0 canary-hostile:1; do
  name=report-${pair%:*}
  status_of=${pair#*:}
  result=$src/tests/golden/$name.json
  expect_schema "$result" "$build/share/gpu-lane/schemas/gpu-lane-report-v1.schema.json"
  golden "$status_of" "$name.txt" env LC_ALL=C.UTF-8 "$bin/gpu-report" text "$result"
  golden "$status_of" "$name.ascii.txt" "$bin/gpu-report" text -v "$result"
  golden "$status_of" "$name.md" "$bin/gpu-report" markdown "$result"
  LC_ALL=C grep -q '[^ -~]' "$src/tests/golden/$name.ascii.txt" && fail "$name: not ASCII"
  # What is read and written again is the same document, and written again the same bytes.
  expect_status "$status_of" "$bin/gpu-report" json "$result"
  cp -- "$tmp/stdout" "$tmp/once.json"
  expect_status "$status_of" "$bin/gpu-report" json "$tmp/once.json"
  expect_stdout_is "$tmp/once.json"
  python3 -c 'import json, sys; a, b = (json.load(open(f, encoding="utf-8")) for f in sys.argv[1:])
sys.exit(a != b or list(a) != list(b))' "$result" "$tmp/once.json" || fail "$name: JSON differs"
done

# Nothing of a hostile name reaches a terminal: no escape, no command of the runner.
hostile=$src/tests/golden/report-canary-hostile.json
expect_status 1 env LC_ALL=C.UTF-8 "$bin/gpu-report" text --color always "$hostile"
sed 's/\x1b\[[0-9;]*m//g' "$tmp/stdout" >"$tmp/colourless"
grep -q "$(printf '\033')" "$tmp/colourless" && fail 'an escape sequence that is not ours'
grep -Eq '^[[:space:]]*::|##\[' "$tmp/colourless" && fail 'a workflow command'

# The worst result gives the status, and several texts follow each other.
expect_status 1 "$bin/gpu-report" text -q "$src/tests/golden/report-canary-software.json" "$hostile"
expect_stdout 'HOLDS'
expect_stdout 'BROKEN'
expect_status 1 "$bin/gpu-report" text --strict -q "$src/tests/golden/report-canary-software.json"

# -o writes a file and nothing else.
expect_status 0 "$bin/gpu-report" markdown -o "$tmp/out.md" \
  "$src/tests/golden/report-canary-software.json"
expect_no_stdout ''
cmp -s "$tmp/out.md" "$src/tests/golden/report-canary-software.md" || fail '-o differs from stdout'
