# TAP for shell tests; source it first, call "finish" last.  Sets $tmp, a folder of the test's own.
#
#   check WHAT COMMAND...       passes when COMMAND succeeds; its output is shown when it fails
#   expect STATUS WHAT COMMAND...   passes when COMMAND exits with STATUS; keeps $tmp/{out,err}
#   pass WHAT / fail WHAT / skip WHAT WHY
set -u
export LC_ALL=C
top_srcdir=${top_srcdir:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}
top_builddir=${top_builddir:-$(pwd)}
NPUSIM=${NPUSIM:-$top_builddir/npusim}
NPUSIM_DATA=${NPUSIM_DATA:-$top_srcdir/../shared/data}
tmp=$(mktemp -d)
trap 'chmod -R u+w "$tmp" 2>/dev/null; rm -rf "$tmp"' EXIT
count=0
failures=0

pass() { count=$((count + 1)); echo "ok $count - $*"; }
fail() { count=$((count + 1)); failures=$((failures + 1)); echo "not ok $count - $*"; }
skip() { count=$((count + 1)); echo "ok $count - $1 # SKIP $2"; }
note() { sed 's/^/# /' "$@"; }

check() {
    local what=$1
    shift
    if "$@" >"$tmp/log" 2>&1; then
        pass "$what"
    else
        fail "$what"
        head -n 40 "$tmp/log" | note
    fi
}

# Standard input is empty, so that no command can wait for a person.
expect() {
    local want=$1 what=$2 got=0
    shift 2
    "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || got=$?
    if [ "$got" = "$want" ]; then
        pass "$what"
    else
        fail "$what: exit $got instead of $want"
        head -n 20 "$tmp/err" | note
        return 1
    fi
}

# Assembles the in-tree example into FILE.
fixture() {
    "$NPUSIM" asm -o "$1" "$top_srcdir/examples/tiny_cv181x.npuasm"
}

finish() {
    echo "1..$count"
}
