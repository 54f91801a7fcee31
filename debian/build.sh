#!/bin/sh
# `make deb`: builds the package from a copy of the sources, so that they stay as they are.  BUILD is the folder that takes the
# copy and, at the end, the .deb; VERSION may name another version than the file VERSION does (an upgrade is tested so).
set -eu

build=${BUILD:-build}
version=${VERSION:-$(cat VERSION)}
copy=$build/deb/magento-mcp
# Who builds a package answers for it.  Without DEBEMAIL nobody does, and the address says so (RFC 2606).
maintainer="${DEBFULLNAME:-The magento-mcp authors} <${DEBEMAIL:-magento-mcp@users.noreply.magento-mcp.invalid}>"

missing=''
for pair in dpkg-buildpackage:dpkg-dev dh:debhelper lintian:lintian; do
	command -v "${pair%:*}" >/dev/null 2>&1 || missing="$missing ${pair#*:}"
done
if [ -n "$missing" ]; then
	echo "Packages are missing.  Run this, then try again:" >&2
	echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends$missing" >&2
	exit 1
fi

rm -rf "$copy"
mkdir -p "$copy"
tar -c --exclude=./.git --exclude=./build --exclude=__pycache__ . | tar -x -C "$copy"
printf '%s\n' "$version" >"$copy/VERSION"
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y VERSION)}
export SOURCE_DATE_EPOCH
cat >"$copy/debian/changelog" <<EOF
magento-mcp ($version-1) bookworm; urgency=medium

  * What is new stands in changelog.gz beside this file.

 -- $maintainer  $(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")
EOF

sed -i "s|^Maintainer: .*|Maintainer: $maintainer|" "$copy/debian/control"

(
	cd "$copy"
	unset MAKEFLAGS MFLAGS BUILD VERSION
	dpkg-checkbuilddeps || {
		echo 'Install what is missing: sudo apt-get build-dep ./, or by name as above.' >&2
		exit 1
	}
	dpkg-buildpackage -b -us -uc >../build.log 2>&1 || {
		tail -n 40 ../build.log >&2
		exit 1
	}
)
lintian --fail-on error,warning --tag-display-limit 0 --allow-root "$build/deb/magento-mcp_${version}-1_"*.changes
mv "$build/deb/magento-mcp"*"_${version}-1_"*.deb "$build/"
rm -rf "$copy"
ls "$build/magento-mcp_${version}-1_"*.deb
