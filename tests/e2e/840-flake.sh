#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The flake as far as it goes without nixpkgs: Nix reads it, and evaluates every output against a
# nixpkgs of this test's own, which has the names that it asks for and no others; its shell lines then
# wrap the programs of this tree for real. That nixpkgs builds it is not shown here.
. "$(dirname -- "$0")/../lib.sh"
need nix-instantiate python3
lavapipe

cp -R -- "$src/flake.nix" "$src/packaging" "$tmp"
cat >"$tmp/mock.nix" <<'NIX'
let
  names = list: value: builtins.listToAttrs (map (name: { inherit name; value = value name; }) list);
  lib = {
    genAttrs = names;
    makeLibraryPath = list: builtins.concatStringsSep ":" (map (one: "${one}/lib") list);
    licenses.asl20 = "Apache-2.0";
    platforms.linux = [ "linux" ];
  };
  pkgs = {
    inherit lib;
    mesa = "@mesa@";
    stdenv.mkDerivation = set: set // { outPath = "@out@"; };
    mkShell = set: set;
    runCommand = name: env: text: { inherit name env text; };
    python3.withPackages = choose: choose (names [ "jsonschema" "pyyaml" ] (name: name));
    callPackage = file: more:
      let make = import file;
      in make (builtins.intersectAttrs (builtins.functionArgs make) pkgs // more);
  } // names [
    "cjson" "clang-tools" "cmake" "cmocka" "curl" "glslang" "libdrm" "libseccomp" "makeWrapper"
    "ninja" "openssl" "pciutils" "pkg-config" "scdoc" "shellcheck" "spirv-tools" "vulkan-headers"
    "vulkan-loader" "vulkan-tools" "vulkan-validation-layers"
  ] (name: "/nix/store/${name}");
  outputs = (import @tmp@/flake.nix).outputs {
    self = "/source";
    nixpkgs = { inherit lib; legacyPackages = names [ "x86_64-linux" "aarch64-linux" ] (_: pkgs); };
  };
in
# A set that has an outPath is printed as that alone.
outputs // { package = removeAttrs outputs.packages.x86_64-linux.default [ "outPath" ]; }
NIX
sed -i "s|@tmp@|$tmp|; s|@out@|$tmp/out|; s|@mesa@|$tmp/mesa|" "$tmp/mock.nix"
export NIX_STATE_DIR="$tmp/nix" NIX_STORE_DIR="$tmp/store" NIX_LOCALSTATE_DIR="$tmp/nix" HOME="$tmp"
for file in "$tmp/flake.nix" "$tmp"/packaging/nix/*.nix; do
  expect_status 0 nix-instantiate --parse "$file"
done
expect_status 0 nix-instantiate --eval --strict --json "$tmp/mock.nix"
cp -- "$tmp/stdout" "$tmp/outputs.json"
version=$("$bin/gpu-probe" --version)
expect_json "$tmp/outputs.json" "(doc['package']['version'] == '${version#* }'
  and set(doc['packages']) == {'x86_64-linux', 'aarch64-linux'})"
expect_json "$tmp/outputs.json" "set(doc['apps']['x86_64-linux']) == set('''$(cd -- "$bin" &&
  echo gpu-*) default'''.split())"
expect_json "$tmp/outputs.json" "all('$tmp/out/bin/' in app['program']
  for app in doc['apps']['aarch64-linux'].values())"
expect_json "$tmp/outputs.json" "(doc['checks'] and doc['devShells'] and
  'gpu-canary --allow-software' in doc['checks']['x86_64-linux']['software']['text'])"

# The lines that run after installing, with doubles of patchelf and wrapProgram, around this tree.
mkdir -p -- "$tmp/out" "$tmp/mesa/share/vulkan/icd.d"
cp -R -- "$bin" "$build/libexec" "$build/share" "$tmp/out"
ln -s -- "$VK_DRIVER_FILES" "$tmp/mesa/share/vulkan/icd.d/lvp_icd.x86_64.json"
python3 - "$tmp/outputs.json" >"$tmp/fixup" <<'PYTHON'
import json, sys
print(json.load(open(sys.argv[1]))["package"]["postFixup"])
PYTHON
cat >"$tmp/doubles" <<'DOUBLES'
patchelf() { [ "$1 $2" = '--add-rpath /nix/store/vulkan-loader/lib' ] && [ -x "$3" ]; }
wrapProgram() {
  mv -- "$1" "${1%/*}/.${1##*/}-wrapped"
  [ "$2 $3" = '--set-default VK_DRIVER_FILES' ] || return
  printf '#!/bin/sh\nexport VK_DRIVER_FILES="${VK_DRIVER_FILES-%s}"\nexec "%s" "$@"\n' "$4" \
    "${1%/*}/.${1##*/}-wrapped" >"$1"
  chmod +x "$1"
}
DOUBLES
# shellcheck disable=SC2016 # expanded by bash
out=$tmp/out expect_status 0 bash -eu -c '. "$1"; . "$2"' sh "$tmp/doubles" "$tmp/fixup"
expect_status 0 env -u VK_DRIVER_FILES -u VK_ICD_FILENAMES "$tmp/out/bin/gpu-probe" \
  --only vulkan --facts-only --format json
expect_json "$tmp/stdout" "[icd['path'] for icd in doc['vulkan']['icds']
  if icd['used']] == ['$tmp/mesa/share/vulkan/icd.d/lvp_icd.x86_64.json']"
expect_status 0 env -u VK_DRIVER_FILES -u VK_ICD_FILENAMES "$tmp/out/bin/gpu-canary" \
  --allow-software --floor software --workload vadd
expect_stdout verified
