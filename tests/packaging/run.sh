#!/bin/sh
# `make deb-test`: the package in a small Debian of its own.  Installs it with its dependencies, serves as the service's user,
# upgrades it under the running server with a login that must live on, removes and purges it.  There is no systemd in the
# chroot: the server is started by hand as the unit says, and what the maintainer scripts do about units is not seen here.
# Needs root and debootstrap; the base system is kept in BASE for the next run.
set -eu

build=$(realpath "${BUILD:-build}")
version=$(cat VERSION)
arch=$(dpkg --print-architecture)
next=$version+next
base=${BASE:-$build/deb/base}
root=$build/deb/root
store_port=${STORE_PORT:-18080}
mcp_port=${MCP_PORT:-18765}
admin_port=${ADMIN_PORT:-19464}
store=''
server=''

say() {
	printf '== %s\n' "$*"
}
die() {
	printf 'FAILED: %s\n' "$*" >&2
	[ ! -f "$root/tmp/server.log" ] || tail -n 5 "$root/tmp/server.log" >&2
	exit 1
}
inside() {
	LC_ALL=C DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"
}
# apt ARGUMENTS...: quiet unless it fails
apt() {
	inside apt-get -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 "$@" >"$root/tmp/apt.log" 2>&1 ||
		die "apt-get $*: $(cat "$root/tmp/apt.log")"
}
finish() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	[ -z "$store" ] || kill "$store" 2>/dev/null || true
	wait # or they would keep the mounts busy
	for place in dev/shm proc; do
		umount "$root/$place" 2>/dev/null || true
	done
}
# until_true SECONDS COMMAND...
until_true() {
	tries=$(($1 * 10))
	shift
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.1
	done
}
# call TOOL ARGUMENTS: the answer of a tool
call() {
	curl -sS --max-time 20 "http://127.0.0.1:$mcp_port/mcp" -H 'Content-Type: application/json' \
		-H 'MCP-Protocol-Version: 2026-07-28' -H 'Mcp-Method: tools/call' -H "Mcp-Name: $1" -d '{"jsonrpc":"2.0","id":1,
		"method":"tools/call","params":{"name":"'"$1"'","arguments":'"$2"',"_meta":{"io.modelcontextprotocol/protocolVersion":
		"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}'
}
has_file() {
	[ "$(inside stat -c '%U:%G %a' "$1" 2>/dev/null)" = "$2" ] || die "$1 is not $2 but $(inside stat -c '%U:%G %a' "$1" 2>&1)"
}
listed() { # what of the package is in the root, its documents and the account aside
	find "$root" -xdev -name '*magento-mcp*' ! -path "$root/proc/*" ! -path "$root/tmp/*" ! -path "$root/var/lib/dpkg/*" |
		sed "s|^$root||" | sort
}

[ "$(id -u)" -eq 0 ] || die 'a chroot needs root'
command -v debootstrap >/dev/null || die 'debootstrap is missing: apt-get install debootstrap'
trap finish EXIT
trap 'exit 1' INT TERM

say "packages $version and $next"
deb=$build/magento-mcp_${version}-1_$arch.deb
[ -f "$deb" ] || die "$deb is missing: make deb"
VERSION=$next BUILD=$build sh debian/build.sh
[ -d "$base" ] || debootstrap --variant=minbase bookworm "$base" "${MIRROR:-http://deb.debian.org/debian}" >"$build/deb/base.log"
rm -rf --one-file-system "$root"
cp -a "$base" "$root"
mount -t proc proc "$root/proc"
mkdir -p "$root/dev/shm"
mount -t tmpfs tmpfs "$root/dev/shm"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp "$deb" "$build/magento-mcp_${next}-1_$arch.deb" "$root/tmp/"

say 'install'
apt update
apt install systemd-standalone-sysusers systemd-standalone-tmpfiles
apt install "/tmp/${deb##*/}"
has_file /usr/sbin/magento-mcp 'root:root 755'
has_file /etc/magento-mcp/magento-mcp.conf 'root:magento-mcp 640'
for file in /etc/logrotate.d/magento-mcp /lib/systemd/system/magento-mcp.service /lib/systemd/system/magento-mcp.socket \
	/usr/lib/sysusers.d/magento-mcp.conf /usr/lib/tmpfiles.d/magento-mcp.conf; do
	has_file "$file" 'root:root 644'
done
[ -L "$root/etc/systemd/system/multi-user.target.wants/magento-mcp.service" ] || die 'the service is not enabled'
[ ! -e "$root/etc/systemd/system/sockets.target.wants/magento-mcp.socket" ] || die 'the socket is enabled'
inside magento-mcp check || die 'the configuration as installed is refused'
[ "$(inside magento-mcp --version)" = "magento-mcp $version" ] || die 'the version is another'

say 'serve as the user of the service'
"$build/demo-store" --listen "127.0.0.1:$store_port" --products 20 >"$build/deb/store.log" 2>&1 &
store=$!
cat >"$root/etc/magento-mcp/magento-mcp.conf" <<EOF
[server]
listen = 127.0.0.1:$mcp_port
workers = 2
[admin]
listen = 127.0.0.1:$admin_port
[store "demo"]
base_url = http://127.0.0.1:$store_port
oauth_consumer_key = dummyconsumerkey0000000000000000
oauth_consumer_secret = dummyconsumersecret0000000000000
oauth_token = dummyaccesstoken0000000000000000
oauth_token_secret = dummytokensecret0000000000000000
EOF
inside install -d -m 700 -o magento-mcp -g magento-mcp /var/lib/magento-mcp # StateDirectory=
ids=$(inside id -u magento-mcp):$(inside id -g magento-mcp)
LC_ALL=C chroot --userspec="$ids" "$root" /usr/sbin/magento-mcp serve -c /etc/magento-mcp/magento-mcp.conf \
	>"$root/tmp/server.log" 2>&1 &
server=$!
until_true 20 curl -fsS "http://127.0.0.1:$admin_port/readyz" || die 'the server does not come up'
[ "$(stat -c '%u:%g' "/proc/$server")" = "$ids" ] || die 'the server runs as another user'
login=$(call auth_login '{}' | sed -n 's/.*"session":"\([^"]*\)".*/\1/p')
[ -n "$login" ] || die "no login: $(call auth_login '{}')"
is_logged_in() {
	call auth_whoami '{"session":"'"${1:-$login}"'"}' | grep -q '"isError":false'
}
! is_logged_in "x$login" || die 'a login that nobody made works'
is_logged_in || die "the login does not work: $(call auth_whoami '{"session":"'"$login"'"}')"

say 'upgrade under the running server'
apt install "/tmp/magento-mcp_${next}-1_$arch.deb"
kill -0 "$server" || die 'the server ended'
inside magento-mcp ctl status --json | grep -q "\"version\":\"$next\"" || die 'the version before still runs'
is_logged_in || die 'the login was lost'
has_file /etc/magento-mcp/magento-mcp.conf 'root:magento-mcp 640'
grep -q "127.0.0.1:$mcp_port" "$root/etc/magento-mcp/magento-mcp.conf" || die 'the edited configuration was replaced'

say 'an upgrade that cannot take over leaves the server as it is'
cp "$root/etc/magento-mcp/magento-mcp.conf" "$root/tmp/good.conf"
echo 'nonsense' >>"$root/etc/magento-mcp/magento-mcp.conf"
inside dpkg --force-confold -i "/tmp/magento-mcp_${next}-1_$arch.deb" >"$root/tmp/refused.log" 2>&1 ||
	die "a broken configuration breaks the package: $(cat "$root/tmp/refused.log")"
grep -q 'goes on serving' "$root/tmp/refused.log" || die "nobody said so: $(cat "$root/tmp/refused.log")"
is_logged_in || die 'the login was lost'
cat "$root/tmp/good.conf" >"$root/etc/magento-mcp/magento-mcp.conf"

say 'logrotate'
inside sh -c "$(sed -n '/postrotate/,/endscript/p' "$root/etc/logrotate.d/magento-mcp" | sed '1d;$d')" ||
	die 'postrotate fails while the server runs'

say 'remove'
apt remove magento-mcp
until_true 40 sh -c "! kill -0 $server" || die 'the server still runs'
server=''
[ -f "$root/etc/magento-mcp/magento-mcp.conf" ] || die 'remove took the configuration'
[ -d "$root/var/lib/magento-mcp" ] || die 'remove took the state'
[ ! -e "$root/usr/sbin/magento-mcp" ] || die 'remove left the program'
inside sh -c "$(sed -n '/postrotate/,/endscript/p' "$root/etc/logrotate.d/magento-mcp" | sed '1d;$d')" ||
	die 'postrotate fails after removal'

say 'purge'
apt purge magento-mcp
[ -z "$(listed)" ] || die "left behind: $(listed)"
[ -z "$(ls -A "$root/dev/shm")" ] || die "shared memory left behind: $(ls -A "$root/dev/shm")"
rm -f "$build/magento-mcp_${next}-1_$arch.deb" "$build/magento-mcp-dbgsym_${next}-1_$arch.deb"
echo 'ok'
