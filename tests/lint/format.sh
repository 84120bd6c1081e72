# SPDX-License-Identifier: Apache-2.0
# Every C file is laid out as .clang-format says.
. "$(dirname -- "$0")/../lib.sh"
need clang-format

cd -- "$src"
files '*.c' '*.h' >"$tmp/files"
[ -s "$tmp/files" ] || fail 'no C file found'
xargs clang-format --dry-run -Werror <"$tmp/files" || fail 'mend with: clang-format -i FILE'
