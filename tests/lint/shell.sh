# SPDX-License-Identifier: Apache-2.0
# Every script is clean under shellcheck, and none swallows a failure.
. "$(dirname -- "$0")/../lib.sh"
need shellcheck

cd -- "$src"
files '*.sh' >"$tmp/files"
echo ./run >>"$tmp/files"
xargs shellcheck --shell=sh <"$tmp/files"
shellcheck .ci/run packaging/completions/gpu-lane.bash
if xargs grep -nE '\|\| *(true|:)( |$)' <"$tmp/files"; then
  fail 'a failure is swallowed'
fi
