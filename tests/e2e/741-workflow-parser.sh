# SPDX-License-Identifier: Apache-2.0
# GitHub's own parser reads the workflows and the action without an error, and sees one that is there.
# shellcheck disable=SC2016 # an expression of GitHub, not of the shell
. "$(dirname -- "$0")/../lib.sh"
need node npm

folder=$src/build/tools/workflow-parser
mkdir -p "$folder"
exec 9>"$folder.lock"
flock 9
if ! cmp -s "$src/tests/workflows/parser/package.json" "$folder/package.json" ||
  ! cmp -s "$src/tests/workflows/parser/parse.mjs" "$folder/parse.mjs" ||
  [ ! -s "$folder/parse.cjs" ]; then
  rm -rf "$folder"
  cp -r "$src/tests/workflows/parser" "$folder"
  LANE_TEST_TIMEOUT=200 run npm install --prefix "$folder" --no-package-lock --no-audit --no-fund \
    --ignore-scripts
  [ "$status" -eq 0 ] || skip 'the npm registry does not answer'
  expect_status 0 env -C "$folder" node_modules/.bin/esbuild parse.mjs --bundle --platform=node \
    --format=cjs --outfile=parse.cjs --log-level=warning
fi
exec 9>&-

parse() {
  run node "$folder/parse.cjs" "$@"
}
parse "$src"/workflows/*.yml "$src"/workflows/*/*.yml
[ "$status" -eq 0 ] || fail 'GitHub would refuse a file'
expect_no_stdout

mkdir "$tmp/action"
sed 's/runs-on:/run-on:/' "$src/workflows/test-arc-runners-soak.yml" >"$tmp/keys.yml"
sed 's/  group: .*/  group: ${{ nothing.here }}/' "$src/workflows/test-arc-runners-soak.yml" \
  >"$tmp/context.yml"
sed 's/      shell: sh/      shel: sh/' "$src/workflows/gpu-canary/action.yml" >"$tmp/action/action.yml"
for wrong in "$tmp/keys.yml" "$tmp/context.yml" "$tmp/action/action.yml"; do
  parse "$wrong"
  [ "$status" -eq 1 ] || fail "no error seen in $wrong"
done
