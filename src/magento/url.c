/*
 * url.c - splitting, and the special-purpose address registries of IANA (RFC 6890) in two tables
 */
#include "magento/url.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/err.h"

/* ---- Splitting ---- */

static int
split_port(struct slice text, uint16_t *port_r)
{
	uint64_t port;

	if (text.len == 0 || slice_to_u64(text, 65535, &port) < 0 || port == 0)
		return ERR_INVALID;
	*port_r = (uint16_t)port;
	return 0;
}

static int
split_authority(struct slice authority, struct url_parts *parts)
{
	ptrdiff_t at;

	if (slice_find(authority, '@') >= 0)
		return ERR_INVALID;
	if (authority.len > 0 && authority.ptr[0] == '[') {
		at = slice_find(authority, ']');
		if (at < 0)
			return ERR_INVALID;
		parts->host = slice_sub(authority, 1, (size_t)at - 1);
		authority = slice_sub(authority, (size_t)at + 1, authority.len);
		if (authority.len > 0 && authority.ptr[0] != ':')
			return ERR_INVALID;
		at = authority.len > 0 ? 0 : -1;
	} else {
		at = slice_find(authority, ':');
		parts->host = at < 0 ? authority : slice_sub(authority, 0, (size_t)at);
	}
	if (parts->host.len == 0)
		return ERR_INVALID;
	if (at < 0)
		return 0;
	return split_port(slice_sub(authority, (size_t)at + 1, authority.len), &parts->port);
}

int
url_split(struct slice url, struct url_parts *parts_r)
{
	struct slice rest, authority;
	size_t i;

	memset(parts_r, 0, sizeof(*parts_r));
	parts_r->tls = slice_is_nocase(slice_sub(url, 0, 8), "https://");
	if (!parts_r->tls && !slice_is_nocase(slice_sub(url, 0, 7), "http://"))
		return ERR_INVALID;
	parts_r->port = parts_r->tls ? 443 : 80;
	rest = slice_sub(url, parts_r->tls ? 8 : 7, url.len);
	for (i = 0; i < rest.len && strchr("/?#\\", rest.ptr[i]) == NULL; i++)
		;
	authority = slice_sub(rest, 0, i);
	rest = slice_sub(rest, i, rest.len);
	for (i = 0; i < rest.len && rest.ptr[i] != '?' && rest.ptr[i] != '#'; i++)
		;
	parts_r->path = slice_sub(rest, 0, i);
	return split_authority(authority, parts_r);
}

/* ---- Addresses ---- */

struct range {
	uint8_t prefix[16];
	uint8_t bits;
};

static const struct range private_v4[] = {
    {{0}, 8},		  /* this network */
    {{10}, 8},		  /* private */
    {{100, 64}, 10},	  /* shared, carrier NAT */
    {{127}, 8},		  /* loopback */
    {{169, 254}, 16},	  /* link-local; cloud metadata */
    {{172, 16}, 12},	  /* private */
    {{192, 0, 0}, 24},	  /* protocol assignments */
    {{192, 0, 2}, 24},	  /* documentation */
    {{192, 88, 99}, 24},  /* 6to4 relays */
    {{192, 168}, 16},	  /* private */
    {{198, 18}, 15},	  /* benchmarking */
    {{198, 51, 100}, 24}, /* documentation */
    {{203, 0, 113}, 24},  /* documentation */
    {{224}, 4},		  /* multicast */
    {{240}, 4},		  /* reserved, broadcast */
};

/* Of IPv6 only 2000::/3 is handed out; these are its exceptions. */
static const struct range private_v6[] = {
    {{0x20, 0x01, 0x00}, 23},	    /* protocol assignments, Teredo */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x3f, 0xff}, 20},		    /* documentation */
};

static bool
is_in(const struct range *range, const uint8_t *address)
{
	size_t whole = range->bits / 8;
	unsigned rest = range->bits % 8;
	uint8_t mask = (uint8_t)(0xff00 >> rest);

	if (memcmp(range->prefix, address, whole) != 0)
		return false;
	return rest == 0 || (range->prefix[whole] & mask) == (address[whole] & mask);
}

static enum url_reach
judge_v4(const uint8_t *address)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(private_v4); i++) {
		if (is_in(&private_v4[i], address))
			return URL_PRIVATE;
	}
	return URL_PUBLIC;
}

static enum url_reach
judge_v6(const uint8_t *address)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	static const uint8_t compatible[12] = {0};
	static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
	static const uint8_t six_to_four[2] = {0x20, 0x02};
	size_t i;

	if (memcmp(address, mapped, 12) == 0 || memcmp(address, nat64, 12) == 0)
		return judge_v4(address + 12);
	if (memcmp(address, compatible, 12) == 0) /* holds :: and ::1 too, both inside 0.0.0.0/8 */
		return judge_v4(address + 12);
	if (memcmp(address, six_to_four, 2) == 0)
		return judge_v4(address + 2);
	if ((address[0] & 0xe0) != 0x20)
		return URL_PRIVATE;
	for (i = 0; i < ARRAY_LEN(private_v6); i++) {
		if (is_in(&private_v6[i], address))
			return URL_PRIVATE;
	}
	return URL_PUBLIC;
}

enum url_reach
url_judge_address(const uint8_t *address, size_t len)
{
	if (len == 4)
		return judge_v4(address);
	if (len == 16)
		return judge_v6(address);
	return URL_PRIVATE;
}

/* ---- Hosts ---- */

static bool
ends_with(struct slice host, const char *tail)
{
	size_t len = strlen(tail);

	return host.len >= len && slice_is_nocase(slice_sub(host, host.len - len, len), tail);
}

static bool
is_private_name(struct slice host)
{
	static const char *const names[] = {"localhost", "local",	  "internal",	 "localdomain",
					    "home.arpa", "ip6-localhost", "ip6-loopback"};
	struct slice before;
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		if (!ends_with(host, names[i]))
			continue;
		before = slice_sub(host, 0, host.len - strlen(names[i]));
		if (before.len == 0 || before.ptr[before.len - 1] == '.')
			return true;
	}
	return false;
}

/*
 * inet_aton() reads what resolvers read: 127.1, 0x7f.1, 017700000001, 2130706433.  A name never consists of such parts,
 * since the last label of a host name is not numeric.
 */
static bool
is_odd_v4(const char *host, uint8_t address[static 4])
{
	struct in_addr parsed;

	if (inet_aton(host, &parsed) == 0)
		return false;
	memcpy(address, &parsed, 4);
	return true;
}

static bool
looks_numeric(struct slice host)
{
	struct slice last = host;
	ptrdiff_t dot;

	for (dot = slice_find(last, '.'); dot >= 0; dot = slice_find(last, '.'))
		last = slice_sub(last, (size_t)dot + 1, last.len);
	return last.len > 0 && last.ptr[0] >= '0' && last.ptr[0] <= '9';
}

enum url_reach
url_judge_host(struct slice host)
{
	uint8_t address[16];
	char text[256];
	char *zone;

	while (host.len > 0 && host.ptr[host.len - 1] == '.')
		host.len--;
	if (host.len == 0 || slice_to_str(host, text, sizeof(text)) < 0)
		return URL_PRIVATE;
	if (strchr(text, ':') != NULL) {
		zone = strchr(text, '%'); /* only link-local addresses have zones */
		if (zone != NULL || inet_pton(AF_INET6, text, address) != 1)
			return URL_PRIVATE;
		return judge_v6(address);
	}
	if (is_odd_v4(text, address))
		return judge_v4(address);
	if (is_private_name(host) || looks_numeric(host))
		return URL_PRIVATE;
	return URL_NAME;
}
