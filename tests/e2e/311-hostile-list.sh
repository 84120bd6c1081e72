# SPDX-License-Identifier: Apache-2.0
# Each kind of hostile input, H1 to H55, has at least one test with its number in its name, and every
# file that holds one is run by some test.
. "$(dirname -- "$0")/../lib.sh"

cd -- "$src/tests"
grep -rhoE --include='*.py' --include='*.c' 'hostile@H[0-9]+-[a-z0-9-]+' hostile unit |
  sort -u >"$tmp/names"
missing=
for number in $(seq 1 55); do
  grep -q "^hostile@H$number-" "$tmp/names" || missing="$missing H$number"
done
[ -z "$missing" ] || fail "no test is named for$missing"
grep -rlE --include='*.py' 'hostile@H[0-9]' hostile >"$tmp/files"
while read -r file; do
  name=$(basename "$file" .py)
  grep -rqE "(^|[^a-z])$name([^a-z]|\$)" e2e || fail "nobody runs $file"
done <"$tmp/files"
printf '%s names for 55 kinds\n' "$(wc -l <"$tmp/names")"
