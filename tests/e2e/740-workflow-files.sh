# SPDX-License-Identifier: Apache-2.0
# What GitHub reads: copies that are equal, rules that hold, actionlint silent; and every rule is one
# that a bad workflow breaks.
# shellcheck disable=SC2016 # expressions of GitHub, not of the shell
. "$(dirname -- "$0")/../lib.sh"
need python3
python3 -c 'import yaml' 2>/dev/null || skip 'python3-yaml is not installed'

cd -- "$src"
# GitHub reads workflows below .github alone; the room is where they are kept.
for copy in .github/workflows/*; do
  cmp -- "$copy" "workflows/${copy##*/}" >&2 || fail "copy it again: $copy"
done
for name in test-arc-runners-soak gpu-canary; do
  [ -e ".github/workflows/$name.yml" ] || fail "no copy of workflows/$name.yml"
done

rules() {
  run python3 "$src/tests/workflows/semantics.py" workflows/gpu-canary/label.sh "$@"
}
rules workflows/*.yml workflows/*/*.yml
[ "$status" -eq 0 ] || fail 'a rule is broken'

# The names and the label that people look for.
grep -qx 'name: Test ARC Runners Soak' workflows/test-arc-runners-soak.yml || fail 'workflow name'
grep -qx '    name: Test tinyland-nix-gpu on honey' workflows/test-arc-runners-soak.yml ||
  fail 'job name'

# broken EDIT REASON: the soak workflow with this edit breaks a rule, and the rule says so.
broken() {
  sed "$1" workflows/test-arc-runners-soak.yml >"$tmp/broken.yml"
  ! cmp -s "$tmp/broken.yml" workflows/test-arc-runners-soak.yml || fail "no edit: $1"
  rules "$tmp/broken.yml"
  [ "$status" -eq 1 ] || fail "not seen: $1"
  expect_stdout "$2"
}
broken 's/runs-on: .*/runs-on: ubuntu-24.04/' 'names a GitHub-hosted runner'
broken 's/runs-on: .*/runs-on: macos-big/' 'which no workflow may name'
broken 's/runs-on: .*/runs-on: self-hosted/' 'outside the taxonomy'
broken 's/label: tinyland-nix-gpu/label: tinyland-nix/' 'the guard is told'
broken 's/@[0-9a-f]\{40\}/@v4/' 'not pinned by commit'
broken 's/checks: write/contents: write/' 'may write contents'
broken 's/^permissions: {}/permissions: write-all/' 'own permissions are not none'
broken '/timeout-minutes/d' 'no timeout'
broken 's/head.repo.full_name == github.repository/head.repo.fork/' "runs a fork's pull request"
broken 's/  pull_request:/  pull_request_target:/' 'pull_request_target'
broken 's/persist-credentials: false/fetch-depth: 1/' 'leaves its token'
broken 's/cancel-in-progress: false/cancel-in-progress: true/' 'no concurrency group'
broken 's/        uses: \.\/workflows.*/        run: echo "${{ inputs.floor }}"/' 'an expression inside'
broken 's/        uses: \.\/workflows.*/        run: gpu-canary || true/' 'a failure is swallowed'
broken 's/        uses: \.\/workflows.*/        run: set -x/' 'echoes what it runs'
broken 's/        uses: \.\/workflows.*/        run: gpu-canary --allow-software/' 'allows a software'
broken 's/          floor: .*/          floor: ${{ secrets.FLOOR }}/' 'a secret outside an input'

# actionlint, an independent reader that knows GitHub's schema, expressions and shellcheck.
actionlint=$(sh "$src/tests/workflows/setup-tool.sh" actionlint "$src/build/tools") ||
  skip "the rules hold; actionlint did not read them: $actionlint"
expect_status 0 "$actionlint" .github/workflows/*.yml
expect_status 0 "$actionlint" -config-file .github/actionlint.yaml workflows/examples/*.yml
# Its list of labels is the taxonomy's.
sed -n 's/^    - \(tinyland-.*\)/\1/p' .github/actionlint.yaml >"$tmp/labels"
# shellcheck disable=SC2046 # one label a word
expect_status 0 sh workflows/gpu-canary/label.sh --shared $(cat "$tmp/labels")
