#!/bin/sh
# Holds every #include against the house's table in the Makefile: a module includes only its own headers and those of the
# modules it USES, and library headers only of the libraries it NEEDS.
set -eu

make -s print-house | awk '
	# The table: "module: uses... / needs..."
	FILENAME == "-" {
		name = $1
		sub(/:$/, "", name)
		modules[name] = 1
		part = 1
		for (i = 2; i <= NF; i++) {
			if ($i == "/")
				part = 2
			else if (part == 1)
				uses[name, $i] = 1
			else
				needs[name, $i] = 1
		}
		next
	}
	FNR == 1 {
		n = split(FILENAME, path, "/")
		module = path[2]
		top = n == 2
	}
	/^[ \t]*#[ \t]*include/ {
		if (top)
			next
		if (match($0, /"[^"]+"/)) {
			file = substr($0, RSTART + 1, RLENGTH - 2)
			split(file, part_of, "/")
			if (index(file, "/") && part_of[1] in modules && part_of[1] != module && !((module, part_of[1]) in uses)) {
				print FILENAME ":" FNR ": module " module " does not use module " part_of[1]
				bad = 1
			}
		} else if (match($0, /<[^>]+>/)) {
			file = substr($0, RSTART + 1, RLENGTH - 2)
			library = ""
			if (file ~ /^event2\//) library = "libevent"
			if (file ~ /^curl\//) library = "libcurl"
			if (file ~ /^jansson/) library = "jansson"
			if (file ~ /^openssl\//) library = "libcrypto"
			if (file ~ /^sqlite3/) library = "sqlite3"
			if (library != "" && !((module, library) in needs)) {
				print FILENAME ":" FNR ": module " module " does not need library " library
				bad = 1
			}
		}
	}
	END { exit bad }
' - $(find src include -name '*.[ch]' | sort)
