/*
 * address.c - see address.h
 */
#include "config/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "config/value.h"

static int
refuse(struct slice text, struct err *err)
{
	char shown[VALUE_SHOW_CAP];

	return err_set(err, ERR_INVALID,
		       "\"%s\" is no address, write ADDRESS:PORT such as 127.0.0.1:8765 or [::1]:8765",
		       value_show(text, shown));
}

/* Port behind the last colon; the host before it, without brackets. */
static int
split(struct slice text, char host_r[static INET6_ADDRSTRLEN], bool *is_ipv6_r, uint16_t *port_r)
{
	size_t colon = text.len;
	struct slice host;
	uint64_t port;
	int r;

	while (colon > 0 && text.ptr[colon - 1] != ':')
		colon--;
	if (colon == 0)
		return ERR_INVALID;
	r = slice_to_u64(slice_sub(text, colon, text.len), 65535, &port);
	if (r < 0)
		return r;
	*port_r = (uint16_t)port;
	host = slice_sub(text, 0, colon - 1);
	*is_ipv6_r = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
	if (*is_ipv6_r)
		host = slice_sub(host, 1, host.len - 2);
	if (slice_is_nocase(host, "localhost"))
		host = SLICE_LIT("127.0.0.1");
	return slice_to_str(host, host_r, INET6_ADDRSTRLEN);
}

static void
set_ipv4(struct config_address *out, struct in_addr addr, uint16_t port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = addr};

	memcpy(&out->addr, &in, sizeof(in));
	out->addr_len = sizeof(in);
	out->is_loopback = (ntohl(addr.s_addr) >> 24) == 127;
}

static void
set_ipv6(struct config_address *out, struct in6_addr addr, uint16_t port)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = addr};

	memcpy(&out->addr, &in6, sizeof(in6));
	out->addr_len = sizeof(in6);
	out->is_loopback = IN6_IS_ADDR_LOOPBACK(&addr);
}

int
address_parse_inet(struct slice text, struct pool *pool, struct config_address *out_r, struct err *err)
{
	char host[INET6_ADDRSTRLEN];
	union {
		struct in_addr v4;
		struct in6_addr v6;
	} addr;
	bool is_ipv6;
	uint16_t port;

	*out_r = (struct config_address){.kind = CONFIG_ADDRESS_INET};
	if (slice_has_prefix(text, "*:"))
		return err_set(err, ERR_INVALID,
			       "* is no address, write 0.0.0.0:PORT for all of IPv4, [::]:PORT for all of IPv6");
	if (split(text, host, &is_ipv6, &port) < 0 || inet_pton(is_ipv6 ? AF_INET6 : AF_INET, host, &addr) != 1)
		return refuse(text, err);
	if (is_ipv6)
		set_ipv6(out_r, addr.v6, port);
	else
		set_ipv4(out_r, addr.v4, port);
	(void)inet_ntop(is_ipv6 ? AF_INET6 : AF_INET, &addr, host, sizeof(host));
	out_r->text = pool_printf(pool, is_ipv6 ? "[%s]:%u" : "%s:%u", host, port);
	return out_r->text == NULL ? ERR_NOMEM : 0;
}

static int
parse_unix(struct slice text, struct pool *pool, struct config_address *out_r, struct err *err)
{
	struct slice path = slice_sub(text, sizeof("unix:") - 1, text.len);
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	if (path.len == 0 || path.ptr[0] != '/')
		return err_set(err, ERR_INVALID,
			       "the socket's path is not absolute, write unix:/run/magento-mcp/admin.sock");
	if (path.len > ADDRESS_UNIX_PATH_MAX)
		return err_set(err, ERR_INVALID, "the socket's path is longer than %d bytes, choose a shorter one",
			       ADDRESS_UNIX_PATH_MAX);
	memcpy(un.sun_path, path.ptr, path.len);
	*out_r = (struct config_address){.kind = CONFIG_ADDRESS_UNIX, .addr_len = sizeof(un), .is_loopback = true};
	memcpy(&out_r->addr, &un, sizeof(un));
	out_r->text = pool_slicedup(pool, text);
	return out_r->text == NULL ? ERR_NOMEM : 0;
}

int
address_parse(struct slice text, struct pool *pool, struct config_address *out_r, struct err *err)
{
	if (slice_is(text, "off")) {
		*out_r = (struct config_address){.kind = CONFIG_ADDRESS_OFF, .text = "off"};
		return 0;
	}
	if (slice_has_prefix(text, "unix:"))
		return parse_unix(text, pool, out_r, err);
	return address_parse_inet(text, pool, out_r, err);
}
