# SPDX-License-Identifier: Apache-2.0
# Labels and runners: hosted ones end with 3, those outside the taxonomy with 4, and nothing that a
# label holds gets past the check or into the log as a command.
. "$(dirname -- "$0")/../lib.sh"

action=$src/workflows/gpu-canary
grep -v '^#' "$src/tests/workflows/labels.txt" >"$tmp/labels"
[ "$(wc -l <"$tmp/labels")" -gt 20 ] || fail 'the table of labels is empty'
while read -r label any shared; do
  expect_status "$any" sh "$action/label.sh" "$label"
  expect_status "$shared" sh "$action/label.sh" --shared "$label"
  expect_no_stdout
  [ "$status" -eq 0 ] || expect_stderr "\"$label\""
done <"$tmp/labels"

# Several at once: the worst counts, each is named.
expect_status 3 sh "$action/label.sh" tinyland-nix gpu ubuntu-latest self-hosted
expect_stderr_lines 3
expect_status 4 sh "$action/label.sh"
expect_status 4 sh "$action/label.sh" ''
expect_status 4 sh "$action/label.sh" "tinyland-nix-gpu
ubuntu-latest"
# shellcheck disable=SC2016 # the label is not to be expanded
expect_status 4 sh "$action/label.sh" 'tinyland-nix-gpu $(touch x)'
expect_status 4 sh "$action/label.sh" -e

# guard ENVIRONMENT LABEL STATUS
guard() {
  expect_status "$3" env ${1:+"RUNNER_ENVIRONMENT=$1"} LANE_LABEL="$2" sh "$action/guard.sh"
}
guard self-hosted tinyland-nix-gpu 0
expect_no_stdout '::error'
guard github-hosted tinyland-nix-gpu 3
expect_stdout '::error title=This runner is no GPU lane::RUNNER_ENVIRONMENT is "github-hosted"'
guard '' tinyland-nix-gpu 3
guard self-hosted ubuntu-latest 3
guard self-hosted self-hosted 4
guard self-hosted '' 4
guard self-hosted 'x%
::set-output name=a::b' 4
[ "$(wc -l <"$tmp/stdout")" -eq 1 ] || fail 'a label wrote a second line'
expect_stdout 'x%25'
