#!/usr/bin/env bash
# installed.sh PROGRAM PKGDATADIR: the installed program finds its chip files by itself, away from
# the build tree and without NPUSIM_CHIP_DIR.  Run by "make installcheck".
set -eu
program=$1 pkgdatadir=$2
unset NPUSIM_CHIP_DIR
cd /
test -f "$pkgdatadir/chips/cv181x.json"
"$program" chips >/dev/null
"$program" chips cv181x >/dev/null
"$(dirname "$program")/hb_perf" --version >/dev/null
echo "installed program: ok"
