#!/bin/sh
# All of lint.  Each step prints its name; the first that fails ends it.
set -eu

build=${BUILD:-build}
step() {
	printf '== %s\n' "$*"
}
step 'warnings are errors: gcc'
make -s -j"$(nproc)" all BUILD="$build" CC=gcc
if command -v clang >/dev/null 2>&1; then
	step 'warnings are errors: clang'
	make -s -j"$(nproc)" all BUILD="$build/clang" CC=clang OPTIMIZE='-O1 -g' HARDEN='-fPIE -fstack-protector-strong'
fi
step 'layers'
sh tests/lint/layers.sh
step 'banned functions'
sh tests/lint/banned.sh
if command -v clang-format >/dev/null 2>&1; then
	step 'format'
	find src include tests -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run -Werror
fi
step 'generated documents'
sh tests/lint/docs.sh "$build"
step 'taste'
sh tests/lint/taste.sh
if command -v systemd-analyze >/dev/null 2>&1; then
	step 'exposure of the systemd unit'
	systemd-analyze security --offline=true --threshold=15 systemd/magento-mcp.service | tail -n 1
fi
