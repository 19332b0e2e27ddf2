#!/bin/sh
# Latency gate of a build: profiles every model, holds the profiles against budget.json and against
# the last accepted profiles, and keeps them in the history.
#
# Usage: gate.sh COMMIT [MODEL.cvimodel...]      (default: the example model)
#
#   NPUSIM   program (default: npusim)
#   HISTORY  history file, kept between runs (default: npusim-history.sqlite)
#   OUT      folder for the results (default: npusim-gate)
#
# Exit status: that of `npusim check`: 0 met, 1 broken, 3 malformed file, 4 something missing.
set -eu
here=$(dirname "$0")
npusim=${NPUSIM:-npusim}
history=${HISTORY:-npusim-history.sqlite}
out=${OUT:-npusim-gate}
commit=${1:?usage: gate.sh COMMIT [MODEL.cvimodel...]}
shift

rm -rf "$out"
mkdir -p "$out/profiles"
if [ $# -eq 0 ]; then
    "$npusim" asm -o "$out/tiny_cv181x.cvimodel" "$here/../tiny_cv181x.npuasm"
    set -- "$out/tiny_cv181x.cvimodel"
fi

for model in "$@"; do
    name=$(basename "$model" .cvimodel)
    "$npusim" profile --format json -o "$out/profiles/$name.json" "$model"
done

# The first run has no history yet; its "regress" rules then say NO BASELINE.
set --
if [ -f "$history" ]; then
    "$npusim" history baseline --db "$history" --set last -o "$out/baseline.json"
    set -- --baseline "$out/baseline.json"
fi
if [ -n "${GITHUB_ACTIONS:-}" ]; then
    set -- "$@" --annotate github
fi

status=0
"$npusim" check -b "$here/budget.json" "$@" --junit "$out/junit.xml" --json "$out/check.json" \
    --md "$out/check.md" "$out"/profiles/*.json || status=$?
if [ -n "${GITHUB_STEP_SUMMARY:-}" ] && [ -f "$out/check.md" ]; then
    cat "$out/check.md" >>"$GITHUB_STEP_SUMMARY"
fi

# Only what was accepted becomes the next baseline.
if [ "$status" -eq 0 ]; then
    "$npusim" history add --db "$history" --commit "$commit" "$out"/profiles/*.json
    "$npusim" history show --db "$history" --html "$out/history.html"
fi
exit "$status"
