#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The HTML form: one page that loads nothing, runs nothing, and shows what is hostile as text.
. "$(dirname -- "$0")/../lib.sh"

golden=$src/tests/golden

# page STATUS RESULT...: what the page must be whatever the results are.
page() {
  expected_status=$1
  shift
  expect_status "$expected_status" "$bin/gpu-report" html -o "$tmp/page.html" "$@"
  expect_stderr_lines 0
  python3 - "$tmp/page.html" >"$tmp/words" <<'PYTHON' || fail 'not the page it should be'
import base64, hashlib, html.parser, math, re, sys
with open(sys.argv[1], encoding="utf-8") as file:
    text = file.read()
VOID = {"meta"}
ALLOWED = {"html", "head", "meta", "title", "style", "body", "main", "article", "header", "section",
           "h1", "h2", "h3", "p", "span", "div", "code", "dl", "dt", "dd", "ul", "li", "table", "tr",
           "th", "td", "details", "summary", "svg", "line", "rect", "text", "circle", "polyline"}
NUMBERS = {"x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "width", "height"}

class Page(html.parser.HTMLParser):
    open_tags, words = [], []

    def handle_starttag(self, tag, attributes):
        assert tag in ALLOWED, tag
        if tag not in VOID:
            self.open_tags.append(tag)
        for name, value in attributes:
            assert name not in ("src", "href", "style", "id") and not name.startswith("on"), name
            if name in NUMBERS:
                assert math.isfinite(float(value)) and -1 <= float(value) < 1e5, (tag, name, value)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.open_tags.pop()

    def handle_endtag(self, tag):
        assert self.open_tags.pop() == tag, tag

    def handle_data(self, data):
        if self.open_tags and self.open_tags[-1] != "style":
            print(data)

page = Page()
page.feed(text)
page.close()
assert page.open_tags == [], page.open_tags
style = re.search("<style>(.*)</style>", text, re.S).group(1)
digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
assert (f"default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-{digest}'"
        in text), "the policy"
assert "url(" not in style and "@import" not in style
PYTHON
}

expect_words() {
  grep -qF -e "$1" "$tmp/words" || fail "the page does not say: $1"
}

page 0 "$golden/report-canary-software.json"
expect_words 'gpu-canary: holds'
expect_words '6 of 6 checks held, 1 warning'
expect_words 'software device: proves the toolchain, not a GPU'
[ "$(grep -c '<svg ' "$tmp/page.html")" -ge 3 ] || fail 'no plots'

page 1 "$golden/report-probe-broken.json"
expect_words 'gpu-probe: broken'
expect_words 'Would prove, if it held'
expect_words 'kernel driver'

page 1 "$golden/report-canary-hostile.json"
expect_words 'WRONG, 1 element'
expect_words '<b>@octocat</b>'

# Several results are one page.
page 1 "$golden/report-canary-software.json" "$golden/report-probe-broken.json"
[ "$(grep -c '<article>' "$tmp/page.html")" -eq 2 ] || fail 'not two articles'

# Figures that no plot can hold stay on the paper, and thousands of samples make a small page.
python3 -c 'import json, sys
doc = json.load(open(sys.argv[1]))
w = doc["workloads"]
w[0].update(min=-1e308, max=1e308, median=1e-300, samples=[-1e308, 1e308, 0])
w[1].update(min=0, max=0, median=0, q1=0, q3=0, samples=[0])
w[2].update(min=None, q1=None, cpu_speedup=1e300)
w[3].update(cpu_speedup=1e-300, samples=[])
w[4].update(samples=[i % 7 for i in range(100000)], min=0, max=6)
json.dump(doc, sys.stdout)' "$golden/report-canary-software.json" >"$tmp/figures.json"
page 0 "$tmp/figures.json"
[ "$(wc -c <"$tmp/page.html")" -lt 300000 ] || fail 'the page is too large'
