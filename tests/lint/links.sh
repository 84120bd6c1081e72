# SPDX-License-Identifier: Apache-2.0
# Every relative link of README and docs leads to something.
. "$(dirname -- "$0")/../lib.sh"

cd -- "$src"
for page in README.md docs/*.md; do
  # The target of each ](target), without its anchor, seen from the page's own folder.
  grep -oE '\]\([^)#: ]+' -- "$page" | sed 's/^](//' | while read -r target; do
    [ -e "$(dirname -- "$page")/$target" ] || echo "$page: $target"
  done
done >"$tmp/broken"
[ ! -s "$tmp/broken" ] || fail "links that lead nowhere: $(cat -- "$tmp/broken")"
grep -q '](docs/performance.md)' README.md || fail 'found no link at all'
