# SPDX-License-Identifier: Apache-2.0
# compile.sh FOLDER: every shader beside this script as FOLDER/<name>.spv.
set -eu
for shader in "$(dirname -- "$0")"/*.comp; do
  name=${shader##*/}
  glslangValidator --quiet -V --target-env vulkan1.1 -o "$1/${name%.comp}.spv" "$shader"
done
