# SPDX-License-Identifier: Apache-2.0
# Every C file is laid out as .clang-format says, to the versions of clang-format that agree on it.
. "$(dirname -- "$0")/../lib.sh"
need clang-format

version=$(clang-format --version | sed 's/.*version \([0-9]*\).*/\1/')
case $version in
  1[4-8]) ;;
  *) skip "clang-format $version lays attributes out in its own way; 14 to 18 agree" ;;
esac
cd -- "$src"
files '*.c' '*.h' >"$tmp/files"
[ -s "$tmp/files" ] || fail 'no C file found'
xargs clang-format --dry-run -Werror <"$tmp/files" 2>"$tmp/found" || {
  # One line a place; the layout itself is a matter of running the tool.
  grep -E '^[^ ]*: (error|warning)' -- "$tmp/found" | cut -d : -f 1,2
  fail 'mend these places with: clang-format -i FILE'
}
