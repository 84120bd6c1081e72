# SPDX-License-Identifier: Apache-2.0
# gpu-bridge-host --list: the synthetic namespace byte for byte, the same shape for real devices, and
# usage errors that say what is wrong.
. "$(dirname -- "$0")/../lib.sh"
need python3

host=$bin/gpu-bridge-host
expect_status 0 "$host" --mock --list
expect_stdout_is "$src/tests/golden/mock-list.json"
expect_no_stderr ''
# Neither drivers nor the environment have a say in it.
expect_status 0 env -i VK_DRIVER_FILES=/nonexistent "$host" --list --mock
expect_stdout_is "$src/tests/golden/mock-list.json"

# As many as are asked for, of the same two kinds.
expect_status 0 "$host" --mock --mock-gpus 2 --list
expect_stdout_is "$src/tests/golden/mock-list.json"
expect_status 0 "$host" --mock-gpus 5 --list
expect_json "$tmp/stdout" '[node["id"] for node in doc["nodes"]] == [f"GPU-{i}" for i in range(5)]'
expect_json "$tmp/stdout" '"Mock 4090" in doc["nodes"][4]["info_payload"]'
for count in 0 4097 two; do
  expect_usage_error "$host" --mock-gpus "$count"
  expect_stderr '--mock-gpus'
done

expect_status 0 "$host" --help
expect_stdout 'usage: gpu-bridge-host'
expect_status 0 "$host" --version
expect_stdout 'gpu-bridge-host'

for address in tcp: tcp:127.0.0.1 tcp:127.0.0.1: tcp:127.0.0.1:0 tcp:127.0.0.1:65536 \
  tcp:127.0.0.1:564x tcp:localhost:564 tcp:::1:564 'tcp:[127.0.0.1]:564'; do
  expect_usage_error "$host" --mock --listen "$address"
  expect_stderr "'$address' is no address"
done
# What is not encrypted does not leave the machine.
for address in tcp:0.0.0.0:564 'tcp:[::]:564' tcp:192.0.2.1:564; do
  expect_usage_error "$host" --mock --listen "$address"
  expect_stderr "$address: without encryption"
done
expect_usage_error "$host" --listen unix:
expect_usage_error "$host" --listen bridge
expect_usage_error "$host" --listen "unix:/$(printf '%0120d' 0)"
expect_usage_error "$host" --device gpu0
expect_usage_error "$host" --state
expect_usage_error "$host" stray

lavapipe
expect_status 0 "$host" --list --allow-software
expect_json "$tmp/stdout" 'list(doc) == ["nodes", "models", "telemetry_schema"]'
expect_json "$tmp/stdout" 'list(doc["nodes"][0]) == ["id", "info_payload", "ctl_payload",
  "lease_payload", "status_payload"]'
expect_json "$tmp/stdout" '"llvmpipe" in doc["nodes"][0]["info_payload"]'
# A software renderer is not a GPU unless it is asked for.
expect_status 2 "$host" --list
expect_no_stdout ''
expect_stderr llvmpipe
