# SPDX-License-Identifier: Apache-2.0
# Every command of docs/lane.md and docs/claims.md that does not need honey runs, and says what the
# page says that it says. `./run` hands over to the programs under test here, as 800-run.sh tests it.
# shellcheck disable=SC2016 # a sed script
. "$(dirname -- "$0")/../lib.sh"
need python3
lavapipe

mkdir "$tmp/clone" "$tmp/path"
cp -r -- "$src/tofu" "$src/workflows" "$src/dawn" "$tmp/clone/"
mkdir "$tmp/clone/tests"
cp -r -- "$src/tests/tofu" "$tmp/clone/tests/"
cd -- "$tmp/clone"
cat >run <<DOUBLE
#!/bin/sh
command=\$1
shift
case \$command in
  canary)
    case \$1 in history | compare) exec "$bin/gpu-canary" "\$@" ;; esac
    exec "$bin/gpu-canary" --allow-software "\$@"
    ;;
  probe) exec "$bin/gpu-probe" "\$@" ;;
  *) exit 64 ;;
esac
DOUBLE
chmod +x run
export TF_CLI_CONFIG_FILE=/dev/null CHECKPOINT_DISABLE=1
tofu=$(sh "$src/tests/tofu/setup-tofu.sh" "$src/build/tools") && ln -sf -- "$tofu" "$tmp/path/tofu"
PATH=$tmp/path:$PATH

for page in lane claims; do
  # Blocks marked `sh honey` need the cluster.
  sed -n '/^```sh$/,/^```$/{/^```/d;p;}' "$src/docs/$page.md" >"$tmp/commands"
  [ "$(wc -l <"$tmp/commands")" -ge 3 ] || fail "docs/$page.md has no commands"
  while read -r command; do
    case $command in
      tofu*) command -v tofu >/dev/null || continue ;;
      node*) command -v node >/dev/null || continue ;;
    esac
    run sh -c "$command"
    case $command:$status in
      './run probe'*:[012] | './run canary'*:0 | 'tofu '*:0 | 'grep '*:0 | 'node '*:0) ;;
      'RUNNER_ENVIRONMENT=github-hosted '*:3 | 'RUNNER_ENVIRONMENT=self-hosted '*:4) ;;
      'RUNNER_TEMP='*:0) continue ;;
      *) fail "exit status $status" ;;
    esac
    case $command in
      *' -o '* | *--record* | 'node '*) ;;
      *) [ -s "$tmp/stdout" ] || fail 'printed nothing' ;;
    esac
  done <"$tmp/commands"
done

# The pages' words about claims are the programs' own.
expect_status 0 ./run canary --workload vadd --format json
cp "$tmp/stdout" "$tmp/canary.json"
expect_json "$tmp/canary.json" "any('Dawn or WebGPU' in c for c in doc['claims']['does_not_prove'])"
expect_json "$tmp/canary.json" "any(c.startswith('leased compute') for c in doc['claims']['proves'])"
expect_json "$tmp/canary.json" "any('no baseline' in c for c in doc['claims']['does_not_prove'])"

# Nothing that these pages name in a command is an option that the programs do not have.
for program in gpu-probe gpu-canary gpu-report gpu-lease; do
  "$bin/$program" --help
done >"$tmp/help"
grep -ohE '(\./run (probe|canary)|gpu-(probe|canary|report|lease)) [^|`]*' "$src/docs/lane.md" \
  "$src/docs/claims.md" | grep -oE -e '--[a-z-]+' | sort -u >"$tmp/options"
[ -s "$tmp/options" ] || fail 'the pages name no option'
while read -r option; do
  grep -qF -e "$option" "$tmp/help" || fail "$option is no option of the programs"
done <"$tmp/options"
