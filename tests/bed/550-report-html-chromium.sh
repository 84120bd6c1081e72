#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The HTML form in headless Chromium: it asks for nothing, says nothing on the console, shows its
# verdict, and follows the reader's light or dark scheme. Chromium is large, so ./run does not bring
# it along.
. "$(dirname -- "$0")/../lib.sh"
need chromium python3
LANE_TEST_TIMEOUT=60

# browse FILE: opens the page; what became of it is in $tmp/seen.
browse() {
  run python3 "$src/tests/bed/550-browser.py" "file://$1"
  [ "$status" -eq 0 ] || fail 'the browser could not be driven'
  cp "$tmp/stdout" "$tmp/seen"
}

for result in probe-broken:broken canary-software:holds canary-hostile:broken; do
  run "$bin/gpu-report" html -o "$tmp/page.html" "$src/tests/golden/report-${result%:*}.json"
  browse "$tmp/page.html"
  expect_json "$tmp/seen" "doc['requests'] == ['file://$tmp/page.html'] and doc['console'] == []"
  expect_json "$tmp/seen" "': ${result#*:}' in doc['text'].split(chr(10))[0]"
  expect_json "$tmp/seen" "doc['light'] == 'rgb(246, 247, 249)' and doc['dark'] == 'rgb(14, 17, 22)'"
done

# A picture or a script that got into the page would be seen, and is stopped by its own policy.
foreign='<img src="http://127.0.0.1:9/x"><script>console.log("ran")</script>'
sed "s|</main>|$foreign</main>|" "$tmp/page.html" >"$tmp/foreign.html"
browse "$tmp/foreign.html"
expect_json "$tmp/seen" "len([m for m in doc['console'] if 'Content Security Policy' in m]) == 2"
expect_json "$tmp/seen" "not any('ran' in m.split() for m in doc['console'])"
printf '<!DOCTYPE html><title>x</title>%s' "$foreign" >"$tmp/free.html"
browse "$tmp/free.html"
expect_json "$tmp/seen" "'http://127.0.0.1:9/x' in doc['requests'] and len(doc['console']) > 0"
