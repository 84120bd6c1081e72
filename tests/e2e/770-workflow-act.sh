# SPDX-License-Identifier: Apache-2.0
# The soak job and the composite action run for real, by act on this machine: green with reports when
# the floor holds, red when it is broken, refused on a hosted runner, skipped for a fork. Actions that
# live elsewhere are doubles; so is the build, and the word of the programs that lavapipe is a GPU.
# shellcheck disable=SC2016 # expressions of GitHub, not of the shell
. "$(dirname -- "$0")/../lib.sh"
need git
act=$(sh "$src/tests/workflows/setup-tool.sh" act "$src/build/tools") || skip "$act"
lavapipe

tree=$tmp/tree
mkdir -p "$tree" "$tmp/double" "$tmp/programs/bin" "$tmp/home" "$tmp/temp"
cp -r -- "$src/workflows" "$src/.github" "$tree/"
ln -s -- "$bin/gpu-report" "$tmp/programs/bin/"
for program in gpu-probe gpu-canary; do
  cat >"$tmp/programs/bin/$program" <<DOUBLE
#!/bin/sh
"$bin/$program" "\$@" || exit
while [ \$# -gt 0 ] && [ "\$1" != -o ]; do shift; done
[ \$# -eq 0 ] || sed -i 's/^\( *"software": \)true/\1false/' "\$2"
DOUBLE
  chmod +x "$tmp/programs/bin/$program"
done
cat >"$tree/run" <<DOUBLE
#!/bin/sh
mkdir -p "\$3" && cp -r "$tmp/programs/bin" "\$3/"
DOUBLE
chmod +x "$tree/run"
# One double for checkout, cache and upload: it keeps what an artefact would hold.
cat >"$tmp/double/action.yml" <<DOUBLE
name: double
inputs: {path: {default: ''}, name: {default: ''}, key: {default: ''},
  if-no-files-found: {default: ''}, retention-days: {default: ''}, persist-credentials: {default: ''}}
runs:
  using: composite
  steps:
    - shell: sh
      env: {NAME: '\${{ inputs.name }}', FROM: '\${{ inputs.path }}'}
      run: '[ -z "\$NAME" ] || cp -r "\$FROM" "$tmp/\$NAME"'
DOUBLE
git -C "$tree" init -q
git -C "$tree" add -A
git -C "$tree" -c user.name=nobody -c user.email=nobody@example.org commit -qm tree

git -C "$tree" remote add origin https://github.com/tinyland-inc/gpu-lane
sed -n 's/.*uses: \(actions[^ ]*\) .*/\1/p' "$tree/workflows/test-arc-runners-soak.yml" \
  "$tree/workflows/gpu-canary/action.yml" >"$tmp/pinned"

# soak STATUS EVENT ARGUMENT...: the workflow of this event; fills $tmp/stdout.
soak() {
  expected=$1
  shift
  while read -r pinned; do
    set -- "$@" --local-repository "$pinned=$tmp/double"
  done <"$tmp/pinned"
  rm -rf "$tmp"/tinyland-nix-gpu-*
  expect_status "$expected" env -C "$tree" HOME="$tmp/home" XDG_CACHE_HOME="$tmp/home" "$act" "$@" \
    -W .github/workflows/test-arc-runners-soak.yml -P tinyland-nix-gpu=-self-hosted \
    --env VK_DRIVER_FILES="$VK_DRIVER_FILES" --env VK_ICD_FILENAMES="$VK_ICD_FILENAMES" \
    --env ASAN_OPTIONS="${ASAN_OPTIONS-}" --env GPU_LANE_GITHUB_TIMEOUT_S=2
}

soak 0 workflow_dispatch --input floor=software --input duration=1s \
  --env RUNNER_ENVIRONMENT=self-hosted
expect_stdout 'Test ARC Runners Soak/Test tinyland-nix-gpu on honey'
expect_stdout '::set-output:: verdict=holds'
for name in probe.json facts.json canary-1.json report.md; do
  [ -s "$tmp/tinyland-nix-gpu-1-1/$name" ] || fail "the artefact has no $name"
done

soak 1 workflow_dispatch --input floor=honey --input duration=1s --env RUNNER_ENVIRONMENT=self-hosted
expect_stdout '::set-output:: verdict=broken'
expect_no_stdout '::set-output:: verdict=holds'
[ -s "$tmp/tinyland-nix-gpu-1-1/canary-1.json" ] || fail 'a broken run keeps no report'

# A hosted runner: refused before anything is brought or run.
soak 1 workflow_dispatch --input floor=software --env RUNNER_ENVIRONMENT=github-hosted
expect_stdout 'exit status 3'
grep -qE 'verdict=[a-z]' "$tmp/stdout" && fail 'a refused runner has a verdict'

# A fork's pull request is skipped; the repository's own runs, and meets the broken floor.
for head in somebody:0 tinyland-inc:1; do
  printf '{"pull_request": {"head": {"repo": {"full_name": "%s/gpu-lane"}}}}\n' "${head%:*}" \
    >"$tmp/event.json"
  soak "${head#*:}" pull_request -e "$tmp/event.json" --env RUNNER_ENVIRONMENT=self-hosted
  case $head in
    *:0) expect_no_stdout 'Run Main' ;;
    *:1) expect_stdout '::set-output:: verdict=broken' ;;
  esac
done
