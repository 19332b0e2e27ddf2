#!/usr/bin/env bash
# The JSON profile keeps its published schema: made-up profiles and the in-tree example are valid.
. "$(dirname "$0")/tap.sh"

schema=$top_srcdir/docs/schema/npusim.profile-1.json
make=$top_builddir/tests/unit/make_report

if ! python3 -c 'import jsonschema' 2>/dev/null; then
    skip "profiles are valid" "python3 has no jsonschema"
    finish
    exit
fi

valid() {
    python3 -c '
import json, sys
import jsonschema
with open(sys.argv[1]) as s, open(sys.argv[2]) as f:
    schema, profile = json.load(s), json.load(f)
jsonschema.Draft7Validator.check_schema(schema)
for e in jsonschema.Draft7Validator(schema).iter_errors(profile):
    print("/".join(map(str, e.path)), e.message[:200])
    sys.exit(1)' "$schema" "$1"
}

for shape in small hostile empty new; do
    "$make" json "$shape" >"$tmp/profile.json"
    check "the $shape profile is valid" valid "$tmp/profile.json"
done

if fixture "$tmp/tiny.cvimodel" 2>/dev/null; then
    expect 0 "the in-tree example has a profile" \
        "$NPUSIM" profile --format json -o "$tmp/profile.json" "$tmp/tiny.cvimodel"
    check "the profile of the in-tree example is valid" valid "$tmp/profile.json"
fi

expect 0 "a network has a profile" "$NPUSIM" profile --format json --what-if \
    -o "$tmp/net.json" "$top_srcdir/tests/fixtures/small.prototxt"
check "the profile of a network is valid" valid "$tmp/net.json"

# The check itself must bite.
sed 's/"latency_ms"/"latency"/' "$tmp/profile.json" >"$tmp/broken.json"
if valid "$tmp/broken.json" >/dev/null; then
    fail "a profile without latency_ms is refused"
else
    pass "a profile without latency_ms is refused"
fi
finish
