# SPDX-License-Identifier: Apache-2.0
# What RADV's compiler makes of every kernel for Navi 48 (GFX1201), by the real driver on drm-shim:
# all compile, none spills, and none is worse than the table in tests/golden by more than a margin;
# the loop of the fp32 peak kernel in subgroups of 32 is pairs of instructions throughout.
#
#   sh tests/bed/650-radv-kernels.sh BUILD >/dev/null; cp BUILD/radv-gfx1201.txt tests/golden/
#
# takes what is as the new measure.
. "$(dirname -- "$0")/../lib.sh"
need python3
bed_root forky

in_shim_ends() {
  expected=$1
  shift
  in_root LD_PRELOAD=libamdgpu_noop_drm_shim.so AMDGPU_GPU_ID=gfx1201 \
    VK_DRIVER_FILES=/usr/share/vulkan/icd.d/radeon_icd.json "$@"
  [ "$status" -eq "$expected" ] || fail "exit status $status, expected $expected"
}

in_shim_ends 0 /mnt/tests/pipeline_stats
expect_stdout '(RADV GFX1201)'
cp -- "$tmp/stdout" "$tmp/statistics"
golden=$src/tests/golden/radv-gfx1201.txt
python3 - "$tmp/statistics" "$golden" "$build/radv-gfx1201.txt" <<'PYTHON' ||
import sys

KEYS = ["VGPRs", "Subgroups_per_SIMD", "Code_size", "Instructions", "VOPD"]

def worse(now, then):
    """What got worse beyond the margin: a new compiler may shift a little of everything."""
    if now["VGPRs"] > then["VGPRs"] + 12:
        yield "VGPRs"
    if now["Subgroups_per_SIMD"] < then["Subgroups_per_SIMD"]:
        yield "Subgroups_per_SIMD"
    for key in ("Code_size", "Instructions"):
        if now[key] > then[key] * 1.1 + 16:
            yield key
    if now["VOPD"] < then["VOPD"] * 0.9:
        yield "VOPD"

def table(lines):
    rows = (line.split() for line in lines if not line.startswith("#"))
    return {tuple(row[:2]): dict(zip(KEYS, map(int, row[2:]))) for row in rows}

kernels, faults = {}, []
with open(sys.argv[1], encoding="utf-8") as file:
    device = next(file).strip()
    for line in file:
        name, variant, *pairs = line.split()
        if not pairs or "=" not in pairs[0]:
            faults.append(f"{name}: {' '.join(pairs)}")
            continue
        found = {key: int(value) for key, value in (pair.rsplit("=", 1) for pair in pairs)}
        for key in ("Spilled_VGPRs", "Spilled_SGPRs", "Scratch_size"):
            if found[key]:
                faults.append(f"{name} {variant}: {key} is {found[key]}")
        kernels[name, variant] = {key: found[key] for key in KEYS}
with open(sys.argv[3], "w", encoding="utf-8") as file:
    print(device, "# kernel variant " + " ".join(KEYS), sep="\n", file=file)
    for key, row in kernels.items():
        print(*key, *row.values(), file=file)
with open(sys.argv[2], encoding="utf-8") as file:
    golden = table(file)
for key in sorted(golden.keys() ^ kernels.keys()):
    faults.append(f"{' '.join(key)}: only in {'the table' if key in golden else 'the program'}")
for key in golden.keys() & kernels.keys():
    for what in worse(kernels[key], golden[key]):
        faults.append(f"{' '.join(key)}: {what} is {kernels[key][what]}, was {golden[key][what]}")
print("\n".join(faults))
sys.exit(1 if faults else 0)
PYTHON
  fail 'a kernel got worse'

# The share of paired instructions among those of the vector unit, in the longest block of the code.
in_shim_ends 0 /mnt/tests/pipeline_stats peak_f32
python3 - "$tmp/stdout" <<'PYTHON' || fail 'the loop of peak_f32 is not paired'
import re, sys

blocks, variant = {}, None
with open(sys.argv[1], encoding="utf-8") as file:
    for line in file:
        if line.startswith("peak_f32 "):
            variant, block = line.split()[1], None
        elif re.match(r"BB\d+:", line):
            block = blocks.setdefault(variant, {}).setdefault(line.strip(), [])
        elif line.startswith("\tv_") and block is not None:
            block.append(line.split()[0])
loop = max(blocks["16_rotating_numbers,_subgroups_of_32"].values(), key=len)
# A pair does two instructions' work.
pairs = sum(name.startswith("v_dual_") for name in loop)
share = 2 * pairs / (len(loop) + pairs)
print(f"{share:.1%} of {len(loop) + pairs} instructions are paired")
sys.exit(share < 0.9)
PYTHON

# Packed half floats and dot products of bytes are single instructions, and so is the product of two
# matrices: sixteen in the loop of either size of subgroups.
for kind in peak_f16:v_pk_fma_f16:1 matmul_f16:v_pk_fma_f16:1 peak_i8dot:v_dot4_i32_iu8:1 \
  matmul_coop_f16:v_wmma_f32_16x16x16_f16:32 matmul_coop_bf16:v_wmma_f32_16x16x16_bf16:32 \
  matmul_coop_fp8:v_wmma_f32_16x16x16_fp8_fp8:32 matmul_coop_i8:v_wmma_i32_16x16x16_iu8:32; do
  name=${kind%%:*} least=${kind##*:} instruction=${kind#*:}
  instruction=${instruction%:*}
  in_shim_ends 0 /mnt/tests/pipeline_stats "$name"
  found=$(grep -cF "$instruction" "$tmp/stdout") || fail "$name has no $instruction"
  [ "$found" -ge "$least" ] || fail "$name has $found of $instruction"
done
