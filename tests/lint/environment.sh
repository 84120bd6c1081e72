# SPDX-License-Identifier: Apache-2.0
# docs/environment.md names every environment variable that a program reads, and none of gpu-lane's that
# no source knows. In C, a file that reads the environment has its names as string literals; what else
# there is in capitals is fault codes and a few words.
# shellcheck disable=SC2016 # sed scripts
. "$(dirname -- "$0")/../lib.sh"

cd -- "$src"
words='ICD|PRETTY_NAME'
"$bin/gpu-report" faults | sed -n 's/^## //p' >"$tmp/faults"
[ -s "$tmp/faults" ] || fail 'no table of faults'
files '*.c' | grep -v '^./tests/' | xargs grep -lE '\bgetenv\b|secure_getenv|\benviron\b' >"$tmp/files"
{
  xargs grep -ohE '"(__)?[A-Z][A-Z0-9_]*[A-Z0-9](_?\*)?"' <"$tmp/files" | tr -d '"' |
    grep -vxF -f "$tmp/faults" | grep -vxE "$words"
  xargs grep -ohE 'getenv\("[a-z]+"\)' <"$tmp/files" | sed 's/.*"\(.*\)".*/\1/'
  grep -ohE 'GPU_LANE_[A-Z_]*[A-Z]' workflows/hooks/*.sh
} | sort -u >"$tmp/read"
[ "$(wc -l <"$tmp/read")" -gt 50 ] || fail 'no variables found in the sources'

grep -oE '`(__)?[A-Za-z][A-Za-z0-9_]*(_?\*)?`' docs/environment.md | tr -d '`' | sort -u >"$tmp/named"
while read -r variable; do
  known=
  while read -r name; do
    # shellcheck disable=SC2254 # a pattern
    case $variable in $name) known=yes ;; esac
  done <"$tmp/named"
  [ -n "$known" ] || echo "$variable"
done <"$tmp/read" >"$tmp/missing"
[ ! -s "$tmp/missing" ] || fail "not in docs/environment.md: $(tr '\n' ' ' <"$tmp/missing")"

{
  cat "$tmp/read"
  grep -ohE '"GPU_LANE_[A-Z_]*[A-Z]"' bridge/lease_run.c | tr -d '"'
} >"$tmp/known"
grep '^GPU_LANE_' "$tmp/named" | grep -vxF -f "$tmp/known" >"$tmp/outdated" &&
  fail "in docs/environment.md and nowhere else: $(tr '\n' ' ' <"$tmp/outdated")"
exit 0
