#!/bin/sh
# tally.sh BUILD_DIR...: one line, "N passed, N failed, N skipped", over all .trs files below.
# A tree that "make distcheck" left inside is not counted.  An expected failure counts as passed; an
# error and an unexpected pass count as failed.
find "$@" -name 'npusim-*' -prune -o -name '*.trs' -exec cat {} + | awk '
    /^:test-result: (PASS|XFAIL)/ { passed++ }
    /^:test-result: (FAIL|ERROR|XPASS)/ { failed++ }
    /^:test-result: SKIP/ { skipped++ }
    END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped }'
