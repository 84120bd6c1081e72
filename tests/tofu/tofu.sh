# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154 # src, build and tmp are lib.sh's
# For the tests of tofu/, after lib.sh: $tofu, a copy of the room in $tmp/tree (what init writes stays
# out of the sources), and in_module.

tofu=$(sh "$src/tests/tofu/setup-tofu.sh" "$src/build/tools") || skip "$tofu"
mkdir "$tmp/tree"
cp -r -- "$src/tofu" "$src/workflows" "$tmp/tree/"
find "$tmp/tree" -name .terraform -prune -exec rm -rf -- {} +
export TF_CLI_CONFIG_FILE=/dev/null CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1

# in_module FOLDER STATUS ARGUMENT...: tofu in that folder of the room.
in_module() {
  folder=$1
  expected=$2
  shift 2
  expect_status "$expected" "$tofu" -chdir="$tmp/tree/tofu/$folder" "$@"
}
