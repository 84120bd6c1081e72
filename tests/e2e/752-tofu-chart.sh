# SPDX-License-Identifier: Apache-2.0
# The published chart renders honey's pod from the lane's values, word for word as kept. Helm and the
# chart are taken from build/tools (helm, gha-runner-scale-set), else from PATH and GitHub.
. "$(dirname -- "$0")/../lib.sh"
need python3
python3 -c 'import yaml' 2>/dev/null || skip 'python3-yaml is not installed'

helm=$src/build/tools/helm
[ -x "$helm" ] || helm=$(command -v helm) || skip 'helm is not installed'
export HELM_CACHE_HOME="$tmp/cache" HELM_CONFIG_HOME="$tmp/config" HELM_DATA_HOME="$tmp/data"
chart=$src/build/tools/gha-runner-scale-set
if [ ! -d "$chart" ]; then
  LANE_TEST_TIMEOUT=60 run "$helm" pull --version 0.14.2 --untar --untardir "$tmp" \
    oci://ghcr.io/actions/actions-runner-controller-charts/gha-runner-scale-set
  [ "$status" -eq 0 ] || skip 'the chart gha-runner-scale-set 0.14.2 is not to be had'
  chart=$tmp/gha-runner-scale-set
fi
grep -qx 'version: 0.14.2' "$chart/Chart.yaml" || skip "$chart is not version 0.14.2"

# render VALUES STATUS
render() {
  expect_status "$2" "$helm" template gh-nix-gpu "$chart" --namespace arc-runners -f "$1"
}
render "$src/tests/tofu/honey-values.json" 0
python3 - "$tmp/stdout" >"$tmp/pod.json" <<'PYTHON'
import json, sys
import yaml
with open(sys.argv[1], encoding="utf-8") as file:
    sets = [d for d in yaml.safe_load_all(file) if d and d["kind"] == "AutoscalingRunnerSet"]
spec = sets[0]["spec"]
print(json.dumps({key: spec[key] for key in ("runnerScaleSetName", "minRunners", "maxRunners",
                                             "githubConfigUrl", "githubConfigSecret", "template")},
                 indent=2, sort_keys=True))
PYTHON
diff -u -- "$src/tests/tofu/honey-pod.json" "$tmp/pod.json" >&2 ||
  fail 'the chart renders another pod than tests/tofu/honey-pod.json'

# The chart's own refusals, which the lane's rules come before.
sed 's/"tinyland-nix-gpu"/"tinyland-nix-gpu-of-more-than-forty-five-characters"/' \
  "$src/tests/tofu/honey-values.json" >"$tmp/long.json"
render "$tmp/long.json" 1
expect_stderr 'Name must have up to 45 characters'
sed 's/"minRunners": 0/"minRunners": 2/' "$src/tests/tofu/honey-values.json" >"$tmp/many.json"
render "$tmp/many.json" 1
expect_stderr 'maxRunners has to be greater or equal to minRunners'
