#!/bin/sh
# Runs test binaries one after the other; prints the whole output of those that fail, one line for those that pass.
set -u
failed=0 passed=0
for t in "$@"; do
	out=$("$t" 2>&1)
	status=$?
	if [ $status -eq 0 ]; then
		n=$(printf '%s\n' "$out" | sed -n 's/^\[  PASSED  \] \([0-9]*\) test(s).*/\1/p' | tail -n 1)
		passed=$((passed + ${n:-1}))
	else
		failed=$((failed + 1))
		printf 'FAILED (status %s): %s\n%s\n' "$status" "$t" "$out"
	fi
done
printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
