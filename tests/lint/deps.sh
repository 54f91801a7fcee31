#!/bin/sh
# Installs what is missing from Debian.  PACKAGES are pkg-config names that decide for libraries; for the rest the presence
# of the package does.  Root installs directly, others through sudo without a password; otherwise the command is printed.
set -eu

missing=
for package in $DEBIAN; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
# A tool that came from elsewhere is as good (a newer node, another compiler).
for pair in nginx-light:nginx gcc:gcc make:make pkg-config:pkg-config nodejs:node npm:npm python3:python3 strace:strace; do
	command -v "${pair#*:}" >/dev/null 2>&1 && missing=$(printf '%s' "$missing" | sed "s/ ${pair%%:*}\( \|\$\)/ /")
done
if [ -n "$PACKAGES" ] && command -v pkg-config >/dev/null 2>&1 && pkg-config --exists $PACKAGES; then
	missing=$(printf '%s\n' $missing | grep -v -- '-dev$' | tr '\n' ' ')
fi
[ -n "$(printf '%s' "$missing" | tr -d ' ')" ] || exit 0

export DEBIAN_FRONTEND=noninteractive
echo "installing:$missing"
if [ "$(id -u)" -eq 0 ]; then
	run=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
	run='sudo -n -E'
else
	echo "Packages are missing.  Run this, then try again:" >&2
	echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends$missing" >&2
	exit 1
fi
$run apt-get update -qq
$run apt-get install -y -qq --no-install-recommends $missing >/dev/null
