#!/bin/sh
# coverage.sh BUILD MINIMUM PARSER...: how many lines of each parser its unit tests and the corpora of the fuzz targets reach,
# in percent; under MINIMUM is a failure.  BUILD holds objects made for gcov.
set -eu

build=$1 minimum=$2
shift 2
find "$build" -name '*.gcda' -delete
for test in "$build"/unit/*/test_* "$build"/unit/*/alloc_*; do
	case $test in *.d | *.gc*) continue ;; esac
	"$test" >"$build/test.log" 2>&1 || { cat "$build/test.log"; exit 1; }
done
for target in "$build"/replay_*; do
	case $target in *.d | *.gc*) continue ;; esac
	"$target" "tests/fuzz/corpus/${target##*/replay_}" >"$build/test.log" 2>&1 || { cat "$build/test.log"; exit 1; }
done
failed=0
for parser in "$@"; do
	line=$(gcov -n -o "$build/obj/$(dirname "$parser")" "src/$parser.c" 2>/dev/null | grep -A 1 "^File 'src/$parser.c'$" | tail -n 1)
	reached=$(expr "$line" : 'Lines executed:\([0-9]*\)\.') || reached=0
	verdict=
	[ "$reached" -ge "$minimum" ] || { verdict=" UNDER $minimum %"; failed=1; }
	printf '%-28s %s%s\n' "src/$parser.c" "${line:-not reached at all}" "$verdict"
done
exit "$failed"
