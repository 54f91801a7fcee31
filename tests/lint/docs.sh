#!/bin/sh
# What is generated from the tables must be as the program prints it today, and the manual pages must be well formed.
set -eu

build=$1
"$build/magento-mcp" check --print-sample | diff -u conf/magento-mcp.conf - || { echo "conf/magento-mcp.conf is stale: make docs"; exit 1; }
"$build/magento-mcp" check --print-man | diff -u docs/man/magento-mcp.conf.5 - || { echo "docs/man/magento-mcp.conf.5 is stale: make docs"; exit 1; }
"$build/magento-mcp" tools --markdown | diff -u docs/tools.md - || { echo "docs/tools.md is stale: make docs"; exit 1; }
python3 tests/lint/docs.py "$build"
if command -v mandoc >/dev/null 2>&1; then
	mandoc -T lint -W warning docs/man/magento-mcp.8 docs/man/magento-mcp.conf.5
fi
