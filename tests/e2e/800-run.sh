# SPDX-License-Identifier: Apache-2.0
# ./run on machines that this one is not: apt, dpkg, sudo, cmake and ninja are doubles that write
# down how they were called, and what they build is a gpu-canary that prints its arguments.
. "$(dirname -- "$0")/../lib.sh"

tree="$tmp/a clone"
doubles=$tmp/doubles
calls=$tmp/calls
mkdir -p -- "$tree" "$doubles"
cp -- "$src/run" "$tree/run"
for tool in cat chmod dirname env flock grep ls mkdir readlink rm sed sh sleep tail tr; do
  ln -s -- "$(command -v "$tool")" "$doubles/$tool"
done

# double NAME: a command that notes its call and then does what stdin says.
double() {
  {
    echo '#!/bin/sh'
    echo "echo \"$1 \$*\" >>'$calls'"
    cat
  } >"$doubles/$1"
  chmod +x -- "$doubles/$1"
}

# lane ARGUMENT...: ./run with nothing on PATH but the doubles, from another folder.
lane() {
  : >"$calls"
  cd -- "$tree"
  run env -i PATH="$doubles" sh "${entry:-./run}" "$@"
}
expect_exit() {
  [ "$status" -eq "$1" ] || fail "exit status $status, expected $1"
}
expect_call() {
  grep -qE -- "$1" "$calls" || fail "was not called: $1; calls were: $(cat -- "$calls")"
}
expect_no_call() {
  if grep -qE -- "$1" "$calls"; then
    fail "was called: $1"
  fi
}
expect_text() {
  [ "$(cat -- "$tmp/stdout")" = "$1" ] || fail "stdout is not: $1"
}

double id <<'DOUBLE'
echo 0
DOUBLE
double dpkg-query <<'DOUBLE'
echo installed dpkg
DOUBLE
double apt-get <<'DOUBLE'
echo chatter of apt
DOUBLE
double cmake <<'DOUBLE'
echo chatter of cmake
mkdir -p build/release
echo "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" >build/release/CMakeCache.txt
echo >build/release/build.ninja
DOUBLE
double ninja <<'DOUBLE'
echo chatter of ninja
mkdir -p build/release/bin
cat >build/release/bin/gpu-canary <<'PROGRAM'
#!/bin/sh
for argument in "$@"; do
  echo "[$argument]"
done
exit 3
PROGRAM
chmod +x build/release/bin/gpu-canary
DOUBLE

# A fresh machine but for cmake and ninja, which a command on PATH stands for: the rest is named and
# installed, and stdout and status are the program's own.
lane canary --format json 'two words'
expect_exit 3
expect_text '[--allow-software]
[--format]
[json]
[two words]'
expect_stderr 'missing to build and run gpu-lane, installing with apt: gcc g++ libc6-dev pkgconf'
expect_no_stderr chatter
expect_call '^apt-get update$'
expect_call '^apt-get .*install -y --no-install-recommends gcc g[+][+] libc6-dev .*mesa-vulkan-drivers'
expect_call '^cmake .*--preset release .*LANE_TESTS=OFF'

# A complete machine, by a link and from elsewhere: no apt, no configuring, no word of run's own.
double dpkg-query <<'DOUBLE'
sed "s/'/ /g" run | tr -s ' ' '\n' | sed 's/:.*//; s/^/installed /'
DOUBLE
ln -s -- "$tree/run" "$tmp/link"
entry=$tmp/link
lane canary list
expect_exit 3
expect_text '[list]'
expect_no_stderr ''
expect_no_call '^apt-get'
expect_no_call '^cmake'
entry=

# A release is made by packaging/dist.sh of the built tree, and its files are named.
mkdir -p -- "$tree/packaging" "$tree/build/dist"
: >"$tree/build/dist/gpu-lane-of-yesterday.tar.gz"
cat >"$tree/packaging/dist.sh" <<'DOUBLE'
echo chatter of dist
mkdir -- "$2"
: >"$2/gpu-lane.tar.gz"
DOUBLE
lane dist
expect_exit 0
expect_no_stdout ''
expect_stderr 'made: gpu-lane.tar.gz in '
expect_no_stderr chatter

# A tree that was built elsewhere and moved is configured anew.
echo 'CMAKE_HOME_DIRECTORY:INTERNAL=/elsewhere' >"$tree/build/release/CMakeCache.txt"
lane canary
expect_call '^cmake .*--preset release --fresh'

# Neither root nor sudo: one line that names what is missing, and nothing is tried.
double dpkg-query <<'DOUBLE'
sed "s/'/ /g" run | tr -s ' ' '\n' | sed '/libdrm-dev/d; s/:.*//; s/^/installed /'
DOUBLE
double id <<'DOUBLE'
echo 1000
DOUBLE
lane canary
expect_exit 2
expect_no_stdout ''
expect_stderr_lines 1
expect_stderr 'neither root nor sudo to install them: libdrm-dev'
expect_no_call '^(apt-get|ninja)'

# sudo that asks for nothing is used, for apt alone.
double sudo <<'DOUBLE'
[ "$1" = -n ] || exec "$@"
DOUBLE
lane canary
expect_exit 3
expect_call '^sudo sh -c'
expect_call '^apt-get .*install .*libdrm-dev$'

# A failing apt: the end of its log is shown, the program does not run.
double apt-get <<'DOUBLE'
echo no such mirror
exit 100
DOUBLE
lane canary
expect_exit 2
expect_no_stdout ''
expect_stderr 'no such mirror'
expect_stderr build/apt.log
expect_no_call '^ninja'

# A failing build: its log's end, no program, and for the suite the line that counts.
double dpkg-query <<'DOUBLE'
sed "s/'/ /g" run | tr -s ' ' '\n' | sed 's/:.*//; s/^/installed /'
DOUBLE
double ninja <<'DOUBLE'
echo undefined reference
exit 1
DOUBLE
lane canary
expect_exit 2
expect_no_stdout ''
expect_stderr 'undefined reference'
lane test
expect_exit 1
expect_text '0 passed, 1 failed, 0 skipped'

# Another distribution: neither dpkg nor apt, so building is tried with what is there.
rm -- "$doubles/dpkg-query" "$doubles/apt-get"
lane canary
expect_exit 2
expect_stderr 'undefined reference'

# Usage.
lane
expect_exit 64
expect_stderr 'usage: ./run COMMAND'
lane --help
expect_exit 0
expect_stdout 'usage: ./run COMMAND'
lane nonsense
expect_exit 64
expect_stderr_lines 1
for prefix in --nonsense --prefix --prefix=; do
  lane install "$prefix"
  expect_exit 64
  expect_stderr_lines 1
done
lane install --prefix ''
expect_exit 64
expect_no_call '^cmake'
# What ctest would pass over, running everything, and what a build or a measurement would trip over.
for words in 'test --bogus' 'test unit' 'test -R' 'test --tests-regex=x' 'build relaese' \
  'build --bogus' 'bench --bogus' 'bench 0' 'bench 3 3' \
  'sim x' 'sim 0' 'sim 1 2 3' 'dist here'; do
  # shellcheck disable=SC2086 # the words are meant to split
  lane $words
  expect_exit 64
  expect_no_stdout ''
  expect_stderr_lines 1
  expect_no_call .
done
