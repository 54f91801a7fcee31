#include "hosts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

void
hosts_init(struct hosts *hosts, const struct config *config)
{
	memset(hosts, 0, sizeof(*hosts));
	hosts->allowed_hosts = &config->server.allowed_hosts;
	hosts->allowed_origins = &config->server.allowed_origins;
}

static void
add_inet(struct hosts_listener *listener, const struct sockaddr_in *addr)
{
	char text[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &addr->sin_addr, text, sizeof(text));
	listener->port = ntohs(addr->sin_port);
	listener->is_loopback = (ntohl(addr->sin_addr.s_addr) >> 24) == 127;
	snprintf(listener->text, sizeof(listener->text), "%s:%u", text, listener->port);
}

static void
add_inet6(struct hosts_listener *listener, const struct sockaddr_in6 *addr)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET6, &addr->sin6_addr, text, sizeof(text));
	listener->port = ntohs(addr->sin6_port);
	listener->is_loopback = IN6_IS_ADDR_LOOPBACK(&addr->sin6_addr);
	snprintf(listener->text, sizeof(listener->text), "[%s]:%u", text, listener->port);
}

int
hosts_add_listener(struct hosts *hosts, int fd, struct err *err)
{
	union {
		struct sockaddr any;
		struct sockaddr_in inet;
		struct sockaddr_in6 inet6;
		struct sockaddr_storage storage;
	} addr;
	socklen_t len = sizeof(addr);
	struct hosts_listener *listener = &hosts->listeners[hosts->n_listeners];

	must(hosts->n_listeners < HOSTS_LISTENERS_MAX);
	if (getsockname(fd, &addr.any, &len) < 0)
		return err_set_errno(err, ERR_IO, errno, "the address of a listening socket cannot be had");
	if (addr.any.sa_family == AF_INET)
		add_inet(listener, &addr.inet);
	else if (addr.any.sa_family == AF_INET6)
		add_inet6(listener, &addr.inet6);
	else
		listener->is_loopback = true; /* a Unix socket: who reaches it is a matter of the file system */
	hosts->n_listeners++;
	return 0;
}

/* `pattern` without a port stands for every port. */
static bool
host_matches(const char *pattern, struct slice host)
{
	size_t len = strlen(pattern);

	if (slice_is_nocase(host, pattern))
		return true;
	return host.len > len && host.ptr[len] == ':' && slice_is_nocase(slice_sub(host, 0, len), pattern) &&
	       memchr(host.ptr + len + 1, ':', host.len - len - 1) == NULL;
}

static bool
is_listed_host(const struct hosts *hosts, struct slice host)
{
	for (size_t i = 0; i < hosts->allowed_hosts->n; i++) {
		if (host_matches(hosts->allowed_hosts->items[i], host))
			return true;
	}
	return false;
}

static bool
is_local_name(const struct hosts_listener *listener, struct slice host)
{
	static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
	char text[32];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(text, sizeof(text), "%s:%u", names[i], listener->port);
		if (slice_is_nocase(host, text) || (listener->port == 80 && slice_is_nocase(host, names[i])))
			return true;
	}
	return false;
}

bool
hosts_serve_host(const struct hosts *hosts, struct slice host)
{
	bool all_local = true;

	for (size_t i = 0; i < hosts->n_listeners; i++) {
		const struct hosts_listener *listener = &hosts->listeners[i];

		if (slice_is_nocase(host, listener->text) || (listener->is_loopback && is_local_name(listener, host)))
			return true;
		all_local = all_local && listener->is_loopback;
	}
	if (is_listed_host(hosts, host))
		return true;
	return !all_local && hosts->allowed_hosts->n == 0;
}

bool
hosts_is_foreign_name(const struct hosts *hosts, struct slice host)
{
	static const struct slice digits = SLICE_LIT("0123456789.:");
	size_t n = 0;

	for (size_t i = 0; i < hosts->n_listeners; i++) {
		if (!hosts->listeners[i].is_loopback || hosts->listeners[i].text[0] == '\0')
			return false;
	}
	while (n < host.len && memchr(digits.ptr, host.ptr[n], digits.len) != NULL)
		n++;
	return n < host.len && host.ptr[0] != '[' && !host_matches("localhost", host) && !is_listed_host(hosts, host);
}

bool
hosts_is_listed_origin(const struct hosts *hosts, struct slice origin)
{
	for (size_t i = 0; i < hosts->allowed_origins->n; i++) {
		if (slice_is_nocase(origin, hosts->allowed_origins->items[i]))
			return true;
	}
	return false;
}

/* A page that this very server would have served, were there one: http://HOST with a HOST that is ours by address. */
static bool
is_own_origin(const struct hosts *hosts, struct slice origin)
{
	struct slice host;

	if (!slice_has_prefix(origin, "http://"))
		return false;
	host = slice_sub(origin, strlen("http://"), origin.len);
	for (size_t i = 0; i < hosts->n_listeners; i++) {
		const struct hosts_listener *listener = &hosts->listeners[i];

		if (slice_is_nocase(host, listener->text) || (listener->is_loopback && is_local_name(listener, host)))
			return true;
	}
	return false;
}

bool
hosts_allow_origin(const struct hosts *hosts, struct slice origin)
{
	return hosts_is_listed_origin(hosts, origin) || is_own_origin(hosts, origin);
}
