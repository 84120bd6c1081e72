# SPDX-License-Identifier: Apache-2.0
# Modules and stack against the schemas of the real providers, mocked: nothing is called. Providers
# come from build/tools/plugins where somebody has put them (a filesystem mirror), else from the
# registry. The Go proxy has their v1 alone, as their modules name no major version.
. "$(dirname -- "$0")/../lib.sh"
. "$src/tests/tofu/tofu.sh"

plugins=$src/build/tools/plugins
for folder in modules/arc-runner modules/gpu-bridge stacks/arc-runners; do
  set -- init -backend=false -input=false -no-color
  if [ -d "$plugins" ]; then
    in_module "$folder" 0 "$@" -plugin-dir="$plugins"
  else
    LANE_TEST_TIMEOUT=60 run "$tofu" -chdir="$tmp/tree/tofu/$folder" "$@"
    [ "$status" -eq 0 ] ||
      skip "neither build/tools/plugins nor the registry has the providers helm and kubernetes"
  fi
  in_module "$folder" 0 validate -no-color
  set -- test -no-color
  if [ "$folder" = stacks/arc-runners ]; then
    set -- "$@" -var-file=honey.tfvars
  fi
  in_module "$folder" 0 "$@"
  expect_stdout ', 0 failed.'
done
