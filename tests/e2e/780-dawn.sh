# SPDX-License-Identifier: Apache-2.0
# Dawn's canary before packages that lie, fail, crash or hang: it always ends with a report that
# gpu-report reads, and never green. What real Dawn does is shown by tests/bed/670-dawn.sh.
. "$(dirname -- "$0")/../lib.sh"
need node python3

dawn=$src/dawn/gpu-dawn.js
schema=$build/share/gpu-lane/schemas/gpu-lane-report-v1.schema.json
expect_status 0 node "$dawn" --version
[ "$(cut -d ' ' -f 2 "$tmp/stdout")" = "$("$bin/gpu-report" --version | cut -d ' ' -f 2)" ] ||
  fail 'another version than the C programs'
expect_status 0 node "$dawn" --help
for wrong in --nothing --timeout=0 --timeout=1s argument; do
  expect_usage_error node "$dawn" "$wrong"
done

# ends STATUS CODE [OPTION...]: the report of the package in $tmp/package.
ends() {
  expected=$1
  code=$2
  shift 2
  expect_status "$expected" node "$dawn" --package "$tmp/package" -o "$tmp/dawn.json" "$@"
  expect_no_stdout ''
  expect_schema "$tmp/dawn.json" "$schema"
  expect_json "$tmp/dawn.json" "('$code' in [f['code'] for f in doc['findings']] and
    doc['verdict'] != 'holds' and doc['claims']['proves'] == [])"
  expect_status "$expected" "$bin/gpu-report" text "$tmp/dawn.json"
}
# package SOURCE: a package webgpu that is this.
package() {
  mkdir -p "$tmp/package"
  echo '{"version": "0", "main": "index.js", "type": "module"}' >"$tmp/package/package.json"
  printf '%s\n' "$1" >"$tmp/package/index.js"
}
# adapter MEMBERS: a package whose adapter has these members.
adapter() {
  package "export const globals = new Proxy({}, {});
export const create = () => ({ requestAdapter: async () => ({ $1 }) });"
}

ends 2 DAWN_MISSING
package 'throw new Error("built for another machine\nand more");'
ends 2 DAWN_MISSING
expect_stdout 'built for another machine'
expect_no_stdout 'and more'
package 'export const nothing = 1;'
ends 2 DAWN_FAILED
package 'export const globals = {}; export const create = () => ({ requestAdapter: async () => null });'
ends 2 DAWN_NO_ADAPTER

# Software by any of its names, and however it is hidden.
for info in 'description: "llvmpipe (LLVM 19)"' 'architecture: "software"' 'device: "SwiftShader Device"' \
  'isFallbackAdapter: true' 'description: "Mesa lavapipe"'; do
  adapter "info: { $info }"
  ends 2 DEVICE_SOFTWARE_ONLY
done
adapter 'info: { description: "\u001b[31m::error::" + "x".repeat(1 << 20) + "llvmpipe" }'
ends 2 DEVICE_SOFTWARE_ONLY

adapter 'info: { description: "a GPU" }, requestDevice: async () => { throw new Error("no"); }'
ends 2 DAWN_FAILED

# A crash, an end without a word, words that are none, and no end.
package 'process.kill(process.pid, "SIGSEGV"); await new Promise(() => setTimeout(() => {}, 9999));'
ends 2 DAWN_CRASHED
package 'process.exit(0);'
ends 2 DAWN_CRASHED
package 'import { writeSync } from "node:fs"; writeSync(3, "{\"stage\": 1}"); process.exit(0);'
ends 2 DAWN_CRASHED
package 'import { writeSync } from "node:fs"; for (;;) writeSync(3, "x".repeat(4096));'
ends 2 DAWN_CRASHED
package 'for (;;);'
ends 2 DAWN_TIMEOUT --timeout 1
# A signal ends the part with the driver too, and leaves a report.
printf 'import { writeFileSync } from "node:fs"; writeFileSync("%s", String(process.pid)); for (;;);\n' \
  "$tmp/worker" >"$tmp/package/index.js"
start node "$dawn" --package "$tmp/package" -o "$tmp/dawn.json"
wait_for 20 test -s "$tmp/worker"
kill "$pid"
status=0
wait "$pid" || status=$?
[ "$status" -eq 2 ] || fail "exit status $status after a signal"
expect_json "$tmp/dawn.json" "[f['code'] for f in doc['findings']] == ['CANARY_INTERRUPTED']"
! kill -0 "$(cat "$tmp/worker")" 2>/dev/null || fail 'the part with the driver goes on'

# A device that takes everything and computes nothing: buffers keep what they held.
package 'const nothing = () => ({});
const buffer = ({ size }) => ({ size, mapAsync: async () => {}, destroy: nothing,
  getMappedRange: () => new ArrayBuffer(size) });
const pass = new Proxy({}, { get: () => nothing });
const device = {
  lost: new Promise(() => {}), pushErrorScope: nothing, popErrorScope: async () => null,
  queue: { writeBuffer: nothing, submit: nothing },
  createBuffer: buffer, createShaderModule: nothing, createBindGroup: nothing,
  createTexture: () => ({ createView: nothing }), createRenderPipeline: nothing,
  createComputePipeline: () => ({ getBindGroupLayout: nothing }),
  createCommandEncoder: () => ({ beginComputePass: () => pass, beginRenderPass: () => pass,
    copyBufferToBuffer: nothing, copyTextureToBuffer: nothing, finish: nothing }),
};
export const globals = { GPUBufferUsage: {}, GPUTextureUsage: {}, GPUMapMode: {} };
export const create = () => ({ requestAdapter: async () => ({
  info: { vendor: "amd", description: "a GPU" }, requestDevice: async () => device }) });'
ends 1 WRONG_RESULT
expect_stdout '1048576 of 1048576 words are wrong'
expect_stdout '4096 of 4096 pixels are wrong'
sed -i 's/new ArrayBuffer(size)/new ArrayBuffer(4)/' "$tmp/package/index.js"
ends 1 WRONG_RESULT

expect_status 2 node "$dawn" --package "$tmp/none" -o "$tmp/no/such/folder"
expect_stderr_lines 1

# Titles and remedies are those of the one table.
expect_status 0 "$bin/gpu-report" faults
cp "$tmp/stdout" "$tmp/faults.md"
cat >"$tmp/table.mjs" <<TABLE
import { readFileSync } from "node:fs";
import { FAULTS } from "file://$src/dawn/report.js";
const page = readFileSync("$tmp/faults.md", "utf8").split(/^## /m);
for (const [code, [title, remedy]] of Object.entries(FAULTS)) {
  const entry = page.find((part) => part.startsWith(code + "\n")) ?? "";
  if (!entry.includes("**" + title + ".**") || !entry.includes("*Remedy:* " + remedy + "\n")) {
    console.log(code);
  }
}
TABLE
expect_status 0 node "$tmp/table.mjs"
expect_no_stdout ''

# The action's step: what the report says is its verdict; without Node or package there is none.
mkdir "$tmp/temp" "$tmp/bare"
# step STATUS VARIABLE=VALUE...: fills $tmp/output.
step() {
  expected=$1
  shift
  : >"$tmp/output"
  : >"$tmp/summary"
  expect_status "$expected" env GITHUB_ACTIONS=true GITHUB_OUTPUT="$tmp/output" LANE_BIN="$bin" \
    GITHUB_STEP_SUMMARY="$tmp/summary" RUNNER_TEMP="$tmp/temp" LANE_TOKEN=ghs_secretSECRETsecret \
    GITHUB_API_URL=http://127.0.0.1:1 GPU_LANE_GITHUB_TIMEOUT_S=1 GITHUB_REPOSITORY=tinyland-inc/lab \
    LANE_DAWN_PACKAGE="$tmp/package" "$@" sh "$src/workflows/gpu-dawn/dawn.sh"
  ! grep -q ghs_secret "$tmp/stdout" "$tmp/stderr" "$tmp/output" "$tmp/summary" ||
    fail 'the token was printed'
}
# output NAME: its value; the last one counts.
output() {
  sed -n "s/^$1=//p" "$tmp/output" | tail -n 1
}
step 1
[ "$(output verdict)" = broken ] || fail "verdict $(output verdict)"
[ -s "$(dirname -- "$(output report)")/dawn.html" ] || fail 'no page'
grep -q 'gpu-dawn: broken' "$tmp/summary" || fail 'no summary'
package 'console.log("::error title=driver::from a driver"); export const globals = {};
export const create = () => ({ requestAdapter: async () => null });'
mkdir "$tmp/reports"
step 2 LANE_REPORTS="$tmp/reports"
[ "$(output verdict):$(output report)" = "unknown:$tmp/reports/dawn.json" ] || fail 'other outputs'
sed -n '/^::stop-commands::/,/^::[0-9a-f]*::$/!p' "$tmp/stdout" | grep -q 'from a driver' &&
  fail 'a driver speaks as the step'
# A cancelled job: the signal reaches Dawn through the step.
rm "$tmp/worker"
printf 'import { writeFileSync } from "node:fs"; writeFileSync("%s", String(process.pid)); for (;;);\n' \
  "$tmp/worker" >"$tmp/package/index.js"
: >"$tmp/output"
start env --default-signal=INT GITHUB_OUTPUT="$tmp/output" RUNNER_TEMP="$tmp/temp" LANE_BIN="$bin" \
  LANE_DAWN_PACKAGE="$tmp/package" sh "$src/workflows/gpu-dawn/dawn.sh"
wait_for 20 test -s "$tmp/worker"
kill -INT "$pid"
status=0
wait "$pid" || status=$?
[ "$status:$(output verdict)" = 2:unknown ] || fail "a cancelled step: $status $(output verdict)"
expect_json "$(output report)" "[f['code'] for f in doc['findings']] == ['CANARY_INTERRUPTED']"
for program in sh sed tr od mktemp dirname cp; do
  ln -s "$(command -v "$program")" "$tmp/bare/"
done
step 2 PATH="$tmp/bare"
expect_stdout 'node is not on PATH'
[ "$(output verdict)" = unknown ] || fail "verdict $(output verdict)"
# No package is given, and npm does not bring one.
printf '#!/bin/sh\necho "$*" >"%s/npm"\nexit 1\n' "$tmp" >"$tmp/bare/npm"
chmod +x "$tmp/bare/npm"
ln -s "$(command -v node)" "$tmp/bare/node"
step 2 PATH="$tmp/bare" LANE_DAWN_PACKAGE=
expect_stdout 'npm does not bring what package-lock.json names'
grep -q -e '^ci --prefix .* --ignore-scripts' "$tmp/npm" || fail 'npm may run scripts of packages'
