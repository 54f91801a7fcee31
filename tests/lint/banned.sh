#!/bin/sh
# Functions that have no safe use here, and what to use instead.
set -eu

status=0
ban() { # pattern, reason
	if grep -nE "(^|[^A-Za-z0-9_])($1)[[:space:]]*\(" $(find src include -name '*.[ch]') /dev/null | grep -vE '^[^:]*:[0-9]+:[[:space:]]*(/?\*|//)'; then
		echo "  ^ $2"
		status=1
	fi
}
ban 'strcpy|strcat|strncpy|strncat|sprintf|vsprintf|gets' 'use snprintf, struct buf or slice_to_str'
ban 'strtok|strtok_r' 'use slice_next'
ban 'atoi|atol|atoll|atof' 'use slice_to_u64'
ban 'alloca|system|popen|tmpnam|mktemp' 'not in a server'
ban 'sleep|usleep|nanosleep' 'nothing may block the loop'
ban 'gethostbyname|getaddrinfo' 'names are resolved by libcurl'
ban 'assert' 'use must()'
exit $status
