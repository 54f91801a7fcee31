#!/bin/sh
# run.sh BUILD SECONDS TARGET...: each libFuzzer target on its corpus for SECONDS.  New inputs go to BUILD/corpus, not to the
# tree; a finding is left in BUILD and fails the run.
set -eu

build=$1 seconds=$2
shift 2
for target in "$@"; do
	name=${target#fuzz_}
	mkdir -p "$build/corpus/$name"
	dictionary=
	[ -f "tests/fuzz/$name.dict" ] && dictionary="-dict=tests/fuzz/$name.dict"
	printf '%s: ' "$target"
	if ! "$build/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 $dictionary \
	    -artifact_prefix="$build/$target-" "$build/corpus/$name" "tests/fuzz/corpus/$name" >"$build/$target.log" 2>&1; then
		tail -n 60 "$build/$target.log"
		exit 1
	fi
	sed -n 's/^stat::number_of_executed_units: */clean after /p' "$build/$target.log" | sed 's/$/ inputs/'
done
