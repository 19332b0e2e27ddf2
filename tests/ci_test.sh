#!/usr/bin/env bash
# The CI examples run as written: the command of each workflow file, in a copy of the example tree.
. "$(dirname "$0")/tap.sh"

mkdir -p "$tmp/bin" "$tmp/tree"
ln -s "$NPUSIM" "$tmp/bin/npusim"
PATH=$tmp/bin:$PATH
unset NPUSIM GITHUB_ACTIONS GITHUB_STEP_SUMMARY HISTORY OUT
cp -r "$top_srcdir/examples" "$tmp/tree/examples"
chmod -R u+w "$tmp/tree"
cd "$tmp/tree" || exit 99

# The line of a workflow file that runs the gate.
command_of() {
    sed -n 's/^ *\(run:\|-\) \(examples\/ci\/gate\.sh .*\)$/\2/p' "examples/ci/$1"
}

says() { grep -qF -e "$1" "$2" || { cat "$2"; false; }; }

github=$(command_of github.yml)
gitlab=$(command_of gitlab.yml)
check "github.yml has the command" test -n "$github"
check "gitlab.yml has the command" test -n "$gitlab"

# First run: no history yet.
expect 0 "GitHub: first run" env GITHUB_SHA=aaa1111 GITHUB_ACTIONS=true \
    GITHUB_STEP_SUMMARY="$tmp/summary.md" bash -ec "$github"
check "it says that there is no baseline" says "NO BASELINE" "$tmp/out"
check "as a remark, too" grep -q '^::warning title=NO BASELINE' "$tmp/out"
check "the summary has the table" says "| verdict |" "$tmp/summary.md"
for file in junit.xml check.json check.md history.html profiles/tiny_cv181x.json; do
    check "$file is written" test -s "npusim-gate/$file"
done
check "the history is there" test -s npusim-history.sqlite

# Second run: the same model again.
expect 0 "GitLab: second run" env CI_COMMIT_SHA=bbb2222 bash -ec "$gitlab"
check "now there is a baseline" bash -c '! grep -q "NO BASELINE" "$1"' - "$tmp/out"
expect 0 "the history shows both" npusim history show
check "the first commit" says aaa1111 "$tmp/out"
check "the second commit" says bbb2222 "$tmp/out"

# A broken budget: the job fails, the profile does not become the baseline.
sed -i 's/"max": 0.4/"max": 0.1/' examples/ci/budget.json
expect 1 "GitLab: a broken budget" env CI_COMMIT_SHA=ccc3333 bash -ec "$gitlab"
check "the rule is named" grep -q '^FAIL *latency_ms max model=tiny_cv181x ' "$tmp/out"
expect 0 "the history still opens" npusim history show
check "the failed commit is not in it" bash -c '! grep -q ccc3333 "$1"' - "$tmp/out"
if command -v xmllint >/dev/null; then
    check "junit.xml is valid" xmllint --noout --schema "$top_srcdir/tests/schema/junit.xsd" \
        npusim-gate/junit.xml
else
    skip "junit.xml is valid" "no xmllint"
fi
if python3 -c 'import yaml' 2>/dev/null; then
    for file in github.yml gitlab.yml; do
        check "$file is YAML" python3 -c 'import sys, yaml; yaml.safe_load(open(sys.argv[1]))' \
            "examples/ci/$file"
    done
else
    skip "the workflow files are YAML" "python3 has no yaml"
fi
finish
