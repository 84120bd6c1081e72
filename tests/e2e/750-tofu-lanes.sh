# SPDX-License-Identifier: Apache-2.0
# The rules of a lane and what the chart is given for honey, by OpenTofu itself, with neither
# provider nor cluster nor network.
. "$(dirname -- "$0")/../lib.sh"
need python3
. "$src/tests/tofu/tofu.sh"

expect_status 0 "$tofu" fmt -check -diff -recursive "$src/tofu"

in_module modules/arc-runner/values 0 init -input=false -no-color
in_module modules/arc-runner/values 0 validate -no-color
in_module modules/arc-runner/values 0 test -no-color
expect_stdout ', 0 failed.'

# render TFVARS STATUS: what the linter says; the chart's values are then in $tmp/values.json.
in_module lint 0 init -input=false -no-color
render() {
  in_module lint "$2" apply -input=false -no-color -auto-approve -compact-warnings \
    -state="$tmp/state" -var-file="$1"
}
render "$src/tofu/stacks/arc-runners/honey.tfvars" 0
expect_no_stdout Warning
expect_status 0 "$tofu" -chdir="$tmp/tree/tofu/lint" output -json -state="$tmp/state" values
python3 -c 'import json, sys
print(json.dumps(json.load(sys.stdin)["gh-nix-gpu"], indent=2, sort_keys=True))' \
  <"$tmp/stdout" >"$tmp/values.json"
diff -u -- "$src/tests/tofu/honey-values.json" "$tmp/values.json" >&2 ||
  fail 'honey.tfvars renders other values than tests/tofu/honey-values.json'
expect_status 0 python3 "$src/tests/tofu/chart.py" "$tmp/values.json"
sed 's/"runner"/"main"/' "$tmp/values.json" >"$tmp/wrong.json"
expect_status 1 python3 "$src/tests/tofu/chart.py" "$tmp/wrong.json"

# The linter says why it refuses, and of which set. Each edit of honey.tfvars breaks one rule.
refused() {
  sed "$1" "$src/tofu/stacks/arc-runners/honey.tfvars" >"$tmp/wrong.tfvars"
  render "$tmp/wrong.tfvars" 1
  # Messages are wrapped to the terminal.
  tr '\n' ' ' <"$tmp/stderr" | tr -s ' ' | grep -qF -- "$2" || fail "not told: $2"
}
refused 's/tinyland-nix-gpu/tinyland-nix-cmux/' 'runner_label is outside the taxonomy'
refused 's/tinyland-nix-gpu/ubuntu-latest/' 'runner_label is outside the taxonomy'
refused 's/run_as_root .*/run_as_root = true\n    privileged = false/' 'open: EPERM'
refused 's/run_as_root .*/run_as_root = true\n    container_mode = "kubernetes"/' \
  'the steps run in another pod'
refused '/node_selector/d' 'nothing else keeps the pod on the node'
refused '/run_as_root/d' 'open: EACCES'
refused 's/max_runners .*/max_runners = -1/' '0 <= min_runners <= max_runners'
refused 's/runner_label .*//' 'attribute "runner_label" is required'

# The labels that OpenTofu takes are those that the guard of the workflows takes.
grep -v '^#' "$src/tests/workflows/labels.txt" >"$tmp/labels"
while read -r label _ shared; do
  sed "s/tinyland-nix-gpu/$label/" "$src/tofu/stacks/arc-runners/honey.tfvars" >"$tmp/label.tfvars"
  render "$tmp/label.tfvars" "$((shared != 0))"
done <"$tmp/labels"
