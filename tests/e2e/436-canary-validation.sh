# SPDX-License-Identifier: Apache-2.0
# The validation layer with its synchronization checks has nothing to say of any workload. A worker
# ends a job in which it spoke with ERR WORKER, so that the report tells.
. "$(dirname -- "$0")/../lib.sh"
need python3
lavapipe
[ -e /usr/share/vulkan/explicit_layer.d/VkLayer_khronos_validation.json ] ||
  skip 'the validation layer (vulkan-validationlayers) is not installed'

export VK_INSTANCE_LAYERS=VK_LAYER_KHRONOS_validation
export VK_LAYER_ENABLES=VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT
names=$("$bin/gpu-canary" list | cut -d ' ' -f 1 | paste -s -d ,)
expect_status 0 "$bin/gpu-canary" --allow-software --workload "$names" --format json
cp "$tmp/stdout" "$tmp/report.json"
# All but the matrices that older drivers do not have.
# Cooperative matrices are not for every device; all others are for lavapipe.
expect_json "$tmp/report.json" "([e['id'] for e in doc['expectations']
    if e['id'].startswith('canary.')] == ['canary.' + n for n in '$names'.split(',')] and
  all(e['state'] == 'held' or (e['state'] == 'skipped' and '_coop_' in e['id'])
    for e in doc['expectations']) and
  all(w['verified'] for w in doc['workloads']))"
