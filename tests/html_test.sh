#!/usr/bin/env bash
# The HTML pages in a real browser: they draw, report no error and ask nobody for anything.
. "$(dirname "$0")/tap.sh"

make=$top_builddir/tests/unit/make_report
browser=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}

if [ -z "$browser" ]; then
    echo "1..0 # SKIP no chromium"
    exit 0
fi

# Prints the page as the browser has it after its scripts ran.
dom() {
    timeout 120 "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
        --user-data-dir="$tmp/profile" --window-size="${2:-1440},1000" --dump-dom "file://$1" \
        2>"$tmp/browser.log"
}

ready() { grep -q '<body[^>]* data-ready="1"' "$tmp/dom"; }
silent() { grep -q '<pre id="errors" hidden=""></pre>' "$tmp/dom"; }
alone() { ! grep -noE '(src|href|action|data)=["'\'']?[a-z]*:?//[^ ]*|@import|url\(' "$tmp/page.html"; }
drawn() { grep -q '<canvas id="cv"' "$tmp/dom" && grep -q 'In view' "$tmp/dom"; }

"$make" html small >"$tmp/page.html"
dom "$tmp/page.html" >"$tmp/dom"
if ! [ -s "$tmp/dom" ]; then
    echo "1..0 # SKIP $browser cannot run here"
    exit 0
fi

for shape in small hostile empty new large; do
    "$make" html "$shape" >"$tmp/page.html"
    dom "$tmp/page.html" >"$tmp/dom"
    check "the $shape page is ready" ready
    check "the $shape page has no error" silent
    check "the $shape page loads nothing" alone
    [ "$shape" = empty ] || check "the $shape page has a timeline" drawn
done

for part in 0 1; do
    "$make" html hostile "$part" >"$tmp/page.html"
    dom "$tmp/page.html" >"$tmp/dom"
    check "the page of sub-graph $part is ready" ready
    check "the page of sub-graph $part has no error" silent
    check "the page of sub-graph $part loads nothing" alone
done

"$make" html small >"$tmp/page.html"
dom "$tmp/page.html#l5z" >"$tmp/dom"
check "a link selects its layer" grep -q 'id="r5"[^>]*aria-selected="true"' "$tmp/dom"
check "a link zooms to its layer" \
    sh -c '! grep -q "In view </span><b>0.00 to" "$1"' sh "$tmp/dom"
dom "$tmp/page.html#dark" >"$tmp/dom"
check "a link forces the dark theme" grep -q '<html[^>]*data-theme="dark"' "$tmp/dom"

# A frame of 375 pixels: the page inside must not be wider than its window.
cat >"$tmp/phone.html" <<'END'
<!doctype html><iframe id=f src="page.html" style="width:375px;height:900px;border:0"></iframe>
<script>onload = function () {
    var d = document.getElementById('f').contentDocument.documentElement;
    document.title = d.scrollWidth <= d.clientWidth ? 'fits' : 'wide ' + d.scrollWidth;
};</script>
END
timeout 120 "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
    --user-data-dir="$tmp/profile" --allow-file-access-from-files --dump-dom \
    "file://$tmp/phone.html" >"$tmp/dom" 2>"$tmp/browser.log"
check "the page fits a phone" grep -q '<title>fits</title>' "$tmp/dom"
finish
