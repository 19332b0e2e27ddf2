#!/usr/bin/env bash
# ACCURACY.md is what this version prints, and the chip files quote it.
. "$(dirname "$0")/tap.sh"

page=$top_srcdir/ACCURACY.md
table=$top_srcdir/tests/accuracy/published.csv
printf 'chip,file,metric,value,unit,conditions,source\ncv181x,absent.cvimodel,latency_ms,1.5,ms,%s\n' \
    '"a board, warm",somebody' >"$tmp/table.csv"

# The generator, without data.
expect 0 "a table whose files are absent" "$NPUSIM" accuracy -t "$tmp/table.csv" -d "$tmp"
check "... says so" grep -qF '| absent.cvimodel | latency_ms | 1.5 ms | file not at hand |' \
    "$tmp/out"
check "... quotes conditions and source" grep -qF 'a board, warm (somebody)' "$tmp/out"
expect 3 "no table" "$NPUSIM" accuracy -t "$tmp/none.csv" -d "$tmp"
echo "chip,file" >"$tmp/short.csv"
expect 3 "a table of other columns" "$NPUSIM" accuracy -t "$tmp/short.csv" -d "$tmp"
fixture "$tmp/tiny.cvimodel"
printf 'chip,file,metric,value,unit,conditions,source\ncv181x,tiny.cvimodel,%s,1.5,ms,c,s\n' charm \
    >"$tmp/metric.csv"
expect 3 "a figure nobody knows" "$NPUSIM" accuracy -t "$tmp/metric.csv" -d "$tmp"
check "... is named" grep -q charm "$tmp/err"

for file in $(awk -F, 'NR > 1 && $2 !~ /prototxt$/ { print $2 }' "$table"); do
    if ! [ -e "$NPUSIM_DATA/cvimodel/$file" ] && ! [ -e "$NPUSIM_DATA/pmu/$file" ]; then
        skip "ACCURACY.md is current" "$file is not in NPUSIM_DATA"
        finish
        exit
    fi
done
if ! [ -e "$NPUSIM_DATA/../validation/DRAM_REFERENCE.csv" ]; then
    skip "ACCURACY.md is current" "the DRAM reference points are not beside NPUSIM_DATA"
    finish
    exit
fi
if ! [ -e "$page" ]; then
    skip "ACCURACY.md is current" "it is not there"
    finish
    exit
fi
expect 0 "ACCURACY.md can be made" \
    "$NPUSIM" accuracy -t "$table" -d "$NPUSIM_DATA" -o "$tmp/ACCURACY.md"
check "ACCURACY.md is current" diff "$page" "$tmp/ACCURACY.md"

# Rows of the chip files: what they say was predicted is what the page says, to the printed digits.
if ! python3 -c '' 2>/dev/null; then
    skip "chip files quote ACCURACY.md" "no python3"
    finish
    exit
fi
check "chip files quote ACCURACY.md" python3 - "$tmp/ACCURACY.md" "$top_srcdir" <<'PY'
import glob, json, re, sys

page = open(sys.argv[1]).read()
models = re.findall(r"^\| (\w+) \| (\S+)\.(?:cvimodel|prototxt) \| (\w+) \| ([\d.]+) (\S+) \| ([\d.]+) \| "
                    r"([+-][\d.]+) % \|", page, re.M)
traces = re.findall(r"^## Trace (\S+) on (\w+)\n.*?durations: (\d+) ticks, measured (\d+) "
                    r"\(([+-][\d.]+) %\)", page, re.M | re.S)
wrong, rows = [], 0
for path in sorted(glob.glob(sys.argv[2] + "/models/chips/*.json")):
    chip = json.load(open(path))
    largest = []
    for r in chip.get("accuracy", {}).get("rows", []):
        rows += 1
        hits = [(float(v), float(m), abs(float(e))) for c, f, k, m, u, v, e in models
                if c == chip["name"] and k.endswith("_" + r["unit"].lower()) and
                f.startswith(r["name"].split()[0])]
        hits += [(float(v), float(m), abs(float(e))) for f, c, v, m, e in traces
                 if c == chip["name"] and r["unit"] == "ticks"]
        if len(hits) != 1:
            wrong.append("%s: %s: %d rows of the page fit" % (path, r["name"], len(hits)))
            continue
        value, measured, error = hits[0]
        if (round(r["predicted"], 2), r["measured"]) != (value, measured):
            wrong.append("%s: %s: %r of %r, the page says %r of %r" %
                         (path, r["name"], r["predicted"], r["measured"], value, measured))
        largest.append(error)
    if largest:
        stated = chip["accuracy"]["latency_error_percent"]
        if abs(stated - max(largest)) > 0.051:
            wrong.append("%s: states %r %%, the page %r %%" % (path, stated, max(largest)))
print("\n".join(wrong) if wrong else "%d rows" % rows)
sys.exit(bool(wrong) or rows < 4)
PY
finish
