#!/bin/sh
# Size and complexity of functions and files, printed each time; the far end of the scale fails.
set -eu

command -v pmccabe >/dev/null 2>&1 || { echo "taste: pmccabe is not installed, skipped"; exit 0; }
pmccabe $(find src -name '*.c') | awk '
	{
		complexity = $1
		lines = $5
		all[++n] = lines
		if (lines > 100 || complexity > 25) {
			print "too large: " $6 " " $7 " (" lines " lines, complexity " complexity ")"
			bad = 1
		}
		if (lines > 50)
			over50++
		if (complexity > 15)
			over15++
	}
	END {
		asort_n = n
		for (i = 2; i <= n; i++) {
			v = all[i]
			for (j = i - 1; j > 0 && all[j] > v; j--)
				all[j + 1] = all[j]
			all[j + 1] = v
		}
		printf "functions: %d, lines median %d, p90 %d, max %d; over 50 lines: %d; complexity over 15: %d\n", n,
		    all[int((n + 1) / 2)], all[int(n * 0.9)], all[n], over50, over15
		exit bad
	}'
find src include -name '*.[ch]' | xargs wc -l | awk '$2 != "total" && $1 > 700 { print "long file: " $2 " (" $1 " lines)"; bad = 1 } END { exit bad }'
