# SPDX-License-Identifier: Apache-2.0
# The unit test of the 9P codec takes every branch of it, both ways: gcov's report says so.
. "$(dirname -- "$0")/../lib.sh"
need cc gcov
case $(cc --version) in
  *[Cc]lang*) skip 'gcov belongs to gcc, and cc is clang' ;;
esac

cd -- "$tmp"
cc --coverage -O0 -std=c11 -D_GNU_SOURCE -I"$src" "$src/bridge/wire.c" \
  "$src/tests/unit/bridge_wire_test.c" -lcmocka -o wire_test || fail 'the codec alone does not build'
expect_status 0 ./wire_test
gcov -b -c ./*wire.gcda 2>&1 | sed -n "/wire\.c'\$/,/^\$/p" >report
cat report
for figure in 'Lines executed' 'Taken at least once'; do
  grep -qx "$figure:100.00% of [0-9]*" report ||
    fail "not every branch: $(grep -B1 'taken 0\|never' wire.c.gcov)"
done
