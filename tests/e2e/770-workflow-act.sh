# SPDX-License-Identifier: Apache-2.0
# The soak job, the called workflow and the composite action run for real, by act on this machine:
# green with reports when the floor holds, red when it is broken, refused on a hosted runner, skipped
# for a fork. Actions that live elsewhere are doubles; so is the build, and the word of the programs
# that lavapipe is a GPU.
# shellcheck disable=SC2016 # expressions of GitHub, not of the shell
. "$(dirname -- "$0")/../lib.sh"
need git
engine=$(sh "$src/tests/workflows/setup-tool.sh" act "$src/build/tools") || skip "$engine"
lavapipe

tree=$tmp/tree
commit=0123456789abcdef0123456789abcdef01234567
mkdir -p "$tree" "$tmp/double" "$tmp/programs/bin" "$tmp/home" "$tmp/temp"
cp -r -- "$src/workflows" "$src/.github" "$src/dawn" "$tree/"
ln -s -- "$bin/gpu-report" "$tmp/programs/bin/"
for tool in gpu-probe gpu-canary; do
  cat >"$tmp/programs/bin/$tool" <<DOUBLE
#!/bin/sh
if [ $tool = gpu-canary ] && [ "\$1" != --version ]; then
  echo "\$*" >"$tmp/arguments"
  set -- --allow-software "\$@" --soak=1s
  case "\$*" in *--workload*) ;; *) set -- "\$@" --workload=vadd ;; esac
fi
"$bin/$tool" "\$@" || exit
while [ \$# -gt 0 ] && [ "\$1" != -o ]; do shift; done
[ \$# -eq 0 ] || sed -i 's/^\( *"software": \)true/\1false/' "\$2"
DOUBLE
  chmod +x "$tmp/programs/bin/$tool"
done
cat >"$tree/run" <<DOUBLE
#!/bin/sh
mkdir -p "\$3" && cp -r "$tmp/programs/bin" "\$3/"
DOUBLE
chmod +x "$tree/run"
# One double for checkout, cache and upload: it brings this repository where a path is asked for, and
# keeps what an artefact would hold.
cat >"$tmp/double/action.yml" <<DOUBLE
name: double
inputs: {path: {default: ''}, name: {default: ''}, key: {default: ''}, repository: {default: ''},
  ref: {default: ''}, token: {default: ''}, if-no-files-found: {default: ''},
  retention-days: {default: ''}, persist-credentials: {default: ''}}
outputs:
  artifact-id: {value: '\${{ steps.double.outputs.artifact-id }}'}
runs:
  using: composite
  steps:
    - shell: sh
      id: double
      env: {NAME: '\${{ inputs.name }}', FROM: '\${{ inputs.path }}', REF: '\${{ inputs.ref }}',
        REPOSITORY: '\${{ inputs.repository }}'}
      run: |
        if [ -n "\$NAME" ]; then
          cp -r "\$FROM" "$tmp/\$NAME"
          echo artifact-id=1 >>"\$GITHUB_OUTPUT"
        elif [ "\$REPOSITORY" = tinyland-inc/gpu-lane ] && [ "\$REF" = $commit ]; then
          mkdir "\$FROM"
          cp -r "$tree/workflows" "$tree/run" "\$FROM/"
        fi
DOUBLE
# act does not tell a called workflow its commit, as GitHub does.
sed -i -e "s/\${{ job.workflow_sha }}/$commit/" \
  -e 's/${{ job.workflow_repository }}/tinyland-inc\/gpu-lane/' "$tree/.github/workflows/gpu-canary.yml"
cat >"$tree/.github/workflows/downstream.yml" <<'CALLER'
on:
  workflow_dispatch:
    inputs: {floor: {}, duration: {}, package: {}}
  pull_request:
jobs:
  lane:
    uses: ./.github/workflows/gpu-canary.yml
    with:
      floor: ${{ inputs.floor || 'honey' }}
      duration: ${{ inputs.duration }}
      package: ${{ inputs.package }}
      workload: vadd,matmul
  work:
    needs: lane
    runs-on: tinyland-nix-gpu
    steps:
      - env:
          OUTPUTS: ${{ toJSON(needs.lane.outputs) }}
        run: echo "work after $OUTPUTS"
CALLER
sed -n 's/.*uses: \(actions[^ ]*\) .*/\1/p' "$tree"/workflows/*.yml \
  "$tree/workflows/gpu-canary/action.yml" | sort -u >"$tmp/pinned"
# Dawn, by a package that finds no adapter.
mkdir "$tmp/webgpu"
echo '{"version": "0", "main": "index.js", "type": "module"}' >"$tmp/webgpu/package.json"
echo 'export const globals = {}; export const create = () => ({ requestAdapter: async () => null });' \
  >"$tmp/webgpu/index.js"
cat >"$tree/.github/workflows/dawn.yml" <<CALLER
on: workflow_dispatch
jobs:
  dawn:
    runs-on: tinyland-nix-gpu
    steps:
      - uses: $(grep '^actions/checkout@' "$tmp/pinned")
      - id: dawn
        uses: ./workflows/gpu-dawn
        with: {bin: "$bin", package: "$tmp/webgpu", reports: "$tmp/temp"}
      - if: always()
        env: {VERDICT: '\${{ steps.dawn.outputs.verdict }}'}
        run: echo "dawn is \$VERDICT"
CALLER
git -C "$tree" init -q
git -C "$tree" add -A
git -C "$tree" -c user.name=nobody -c user.email=nobody@example.org commit -qm tree

git -C "$tree" remote add origin https://github.com/tinyland-inc/gpu-lane

runner=self-hosted
# act WORKFLOW STATUS EVENT ARGUMENT...: the workflow of this event; fills $tmp/stdout.
act() {
  workflow=$1
  expected=$2
  shift 2
  while read -r pinned; do
    set -- "$@" --local-repository "$pinned=$tmp/double"
  done <"$tmp/pinned"
  rm -rf "$tmp"/tinyland-nix-gpu-*
  expect_status "$expected" env -C "$tree" HOME="$tmp/home" XDG_CACHE_HOME="$tmp/home" \
    "$engine" "$@" -W ".github/workflows/$workflow.yml" -P tinyland-nix-gpu=-self-hosted \
    --env VK_DRIVER_FILES="$VK_DRIVER_FILES" --env VK_ICD_FILENAMES="$VK_ICD_FILENAMES" \
    --env ASAN_OPTIONS="${ASAN_OPTIONS-}" --env GPU_LANE_GITHUB_TIMEOUT_S=2 \
    --env RUNNER_ENVIRONMENT="$runner"
}

act test-arc-runners-soak 0 workflow_dispatch --input floor=software --input duration=2h
expect_stdout 'Test ARC Runners Soak/Test tinyland-nix-gpu on honey'
expect_stdout '::set-output:: verdict=holds'
grep -q -e '--soak=2h --compare-cpu' "$tmp/arguments" || fail 'another soak than was asked for'
for name in probe.json facts.json canary.json report.md report.html trace.json history.jsonl; do
  [ -s "$tmp/tinyland-nix-gpu-1-1/$name" ] || fail "the artefact has no $name"
done

act test-arc-runners-soak 1 workflow_dispatch --input floor=honey
expect_stdout '::set-output:: verdict=broken'
expect_no_stdout '::set-output:: verdict=holds'
[ -s "$tmp/tinyland-nix-gpu-1-1/canary.json" ] || fail 'a broken run keeps no report'
grep -q -e '--soak=10m' "$tmp/arguments" || fail 'another soak than the usual one'

# A hosted runner: refused before anything is brought or run.
runner=github-hosted
act test-arc-runners-soak 1 workflow_dispatch --input floor=software
expect_stdout 'exit status 3'
grep -qE 'verdict=[a-z]' "$tmp/stdout" && fail 'a refused runner has a verdict'
runner=self-hosted

# A fork's pull request is skipped; the repository's own runs, and meets the broken floor.
for head in somebody:0 tinyland-inc:1; do
  printf '{"pull_request": {"head": {"repo": {"full_name": "%s/gpu-lane"}}}}\n' "${head%:*}" \
    >"$tmp/event.json"
  act test-arc-runners-soak "${head#*:}" pull_request -e "$tmp/event.json"
  case $head in
    *:0) expect_no_stdout 'Run Main' ;;
    *:1)
      expect_stdout '::set-output:: verdict=broken'
      grep -q -e '--soak=1m' "$tmp/arguments" || fail 'a pull request soaks for long'
      ;;
  esac
done

# Another repository's job, by the called workflow: its verdict, artefact and page are the caller's,
# and work that needs it runs after a green one alone.
act downstream 0 workflow_dispatch --input floor=software --input duration=90s
expect_stdout '"verdict": "holds"'
expect_stdout '"report": "tinyland-nix-gpu-1-1"'
grep -q -e '--workload=vadd,matmul --soak=90s' "$tmp/arguments" || fail 'inputs are not handed on'
[ -s "$tmp/tinyland-nix-gpu-1-1/trace.json" ] || fail 'the called workflow keeps no trace'
act downstream 1 workflow_dispatch --input floor=honey --input package="$tmp/programs"
expect_stdout '::set-output:: way=package'
expect_stdout '::set-output:: verdict=broken'
expect_no_stdout 'work after'
[ -s "$tmp/tinyland-nix-gpu-1-1/report.html" ] || fail 'a broken call keeps no report'

if command -v node >/dev/null; then
  act dawn 1 workflow_dispatch
  expect_stdout 'dawn is unknown'
  [ -s "$tmp/temp/dawn.md" ] || fail "Dawn's report is not where it was to be"
fi
