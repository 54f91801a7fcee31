/*
 * url.c - see config/url.h
 */
#include "config/url.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

struct parts {
	bool is_https;
	struct slice host; /* IPv6 with its brackets */
	struct slice port; /* empty when there is none */
	struct slice path; /* empty or begins with / */
};

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* RFC 3986 pchar and "/", without ":" and "@", which no base URL needs and which other readers have taken for userinfo.
 */
static bool
is_path_char(char c)
{
	return is_alnum(c) || (c != '\0' && strchr("/-._~%!$&'()*+,;=", c) != NULL);
}

static int
check_characters(struct slice url, struct err *err)
{
	size_t i;

	for (i = 0; i < url.len; i++) {
		unsigned char c = (unsigned char)url.ptr[i];

		if (c <= 0x20 || c >= 0x7f || c == '\\')
			return err_set(err, ERR_INVALID,
				       "the URL holds a space, a backslash or a character outside ASCII, remove it "
				       "(international names are written in their xn-- form)");
	}
	if (slice_find(url, '?') >= 0 || slice_find(url, '#') >= 0)
		return err_set(err, ERR_INVALID, "the URL has a query or a fragment, leave off what follows ? or #");
	return 0;
}

static int
split_authority(struct slice authority, struct parts *parts, struct err *err)
{
	ptrdiff_t end;

	if (slice_find(authority, '@') >= 0)
		return err_set(err, ERR_INVALID,
			       "the URL holds a user name or password, write them under their own keys");
	if (authority.len > 0 && authority.ptr[0] == '[') {
		end = slice_find(authority, ']');
		if (end < 0)
			return err_set(err, ERR_INVALID,
				       "the IPv6 address has no closing bracket, write http://[::1]:8080");
		parts->host = slice_sub(authority, 0, (size_t)end + 1);
	} else {
		end = slice_find(authority, ':');
		parts->host = end < 0 ? authority : slice_sub(authority, 0, (size_t)end);
	}
	parts->port = slice_sub(authority, parts->host.len, authority.len);
	if (parts->port.len == 0)
		return 0;
	if (parts->port.ptr[0] != ':' || parts->port.len == 1)
		return err_set(err, ERR_INVALID, "the port is not well written, write https://HOST:PORT");
	parts->port = slice_sub(parts->port, 1, parts->port.len);
	return 0;
}

static int
split(struct slice url, struct parts *parts, struct err *err)
{
	struct slice rest;
	ptrdiff_t slash;

	if (url.len >= 8 && slice_is_nocase(slice_sub(url, 0, 8), "https://")) {
		parts->is_https = true;
		rest = slice_sub(url, 8, url.len);
	} else if (url.len >= 7 && slice_is_nocase(slice_sub(url, 0, 7), "http://")) {
		parts->is_https = false;
		rest = slice_sub(url, 7, url.len);
	} else {
		return err_set(err, ERR_INVALID, "the URL has to begin with https:// or http://");
	}
	slash = slice_find(rest, '/');
	parts->path = slash < 0 ? SLICE_NONE : slice_sub(rest, (size_t)slash, rest.len);
	return split_authority(slash < 0 ? rest : slice_sub(rest, 0, (size_t)slash), parts, err);
}

static bool
is_ipv6_literal(struct slice host)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr addr;

	return slice_to_str(slice_sub(host, 1, host.len - 2), text, sizeof(text)) == 0 &&
	       inet_pton(AF_INET6, text, &addr) == 1;
}

static int
check_host(const struct parts *parts, struct err *err)
{
	bool is_ipv6 = parts->host.len > 0 && parts->host.ptr[0] == '[';
	size_t from = is_ipv6 ? 1 : 0;
	size_t to = parts->host.len - from;
	size_t i;

	if (parts->host.len == 0 || parts->host.len > 253)
		return err_set(err, ERR_INVALID, "the URL has no usable host name, write https://HOST/");
	for (i = from; i < to; i++) {
		char c = parts->host.ptr[i];
		bool fits =
		    is_ipv6 ? (c == ':' || c == '.' || is_alnum(c)) : (c == '-' || c == '.' || c == '_' || is_alnum(c));

		if (!fits)
			return err_set(err, ERR_INVALID,
				       "the host name holds a character that no host name has, write https://HOST/");
	}
	if (is_ipv6 && !is_ipv6_literal(parts->host))
		return err_set(err, ERR_INVALID, "what stands in brackets is no IPv6 address, write http://[::1]:8080");
	if (!is_ipv6 && parts->host.ptr[0] == '.')
		return err_set(err, ERR_INVALID, "the host name begins with a dot, write https://HOST/");
	return 0;
}

static int
check_path(struct slice path, struct err *err)
{
	struct slice rest = path, segment;
	size_t i;

	for (i = 0; i < path.len; i++) {
		if (!is_path_char(path.ptr[i]))
			return err_set(err, ERR_INVALID,
				       "the URL's path holds a character that has to be written as %%XX");
	}
	/* The part before the first slash is empty; a trailing slash was cut off. */
	(void)slice_next(&rest, '/', &segment);
	while (slice_next(&rest, '/', &segment)) {
		if (segment.len == 0 || slice_is(segment, ".") || slice_is(segment, ".."))
			return err_set(err, ERR_INVALID,
				       "the URL's path has an empty, . or .. part, write the plain path");
	}
	return 0;
}

/* Port as a number without leading zeros, or nothing when it is the scheme's own. */
static int
check_port(const struct parts *parts, char text_r[static 8], struct err *err)
{
	uint64_t port = 0;
	int r;

	text_r[0] = '\0';
	if (parts->port.len == 0)
		return 0;
	r = slice_to_u64(parts->port, 65535, &port);
	if (r < 0 || port == 0)
		return err_set(err, ERR_INVALID, "the URL's port is no number from 1 to 65535");
	if (port != (parts->is_https ? 443 : 80))
		snprintf(text_r, 8, ":%u", (unsigned)port);
	return 0;
}

int
config_url_normalise(struct slice url, char out_r[static CONFIG_URL_MAX + 1], struct err *err)
{
	struct parts parts = {0};
	char port[8];
	size_t i;
	int r, n;

	r = check_characters(url, err);
	if (r == 0)
		r = split(url, &parts, err);
	while (parts.path.len > 0 && parts.path.ptr[parts.path.len - 1] == '/')
		parts.path.len--;
	if (r == 0)
		r = check_host(&parts, err);
	if (r == 0)
		r = check_port(&parts, port, err);
	if (r == 0)
		r = check_path(parts.path, err);
	if (r < 0)
		return r;
	if (parts.host.len + parts.path.len + 16 > CONFIG_URL_MAX)
		return err_set(err, ERR_LIMIT, "the URL is too long, at most %d bytes are allowed", CONFIG_URL_MAX);

	n = snprintf(out_r, CONFIG_URL_MAX + 1, "%s://%.*s%s%.*s", parts.is_https ? "https" : "http",
		     SLICE_FMT(parts.host), port, (int)parts.path.len, parts.path.len > 0 ? parts.path.ptr : "");
	must(n > 0 && n <= CONFIG_URL_MAX);
	for (i = 0; i < (size_t)n - parts.path.len; i++) {
		if (out_r[i] >= 'A' && out_r[i] <= 'Z')
			out_r[i] += 'a' - 'A';
	}
	return 0;
}

bool
config_url_covers(const char *base, const char *url)
{
	size_t len = strlen(base);

	return strncmp(base, url, len) == 0 && (url[len] == '\0' || url[len] == '/');
}
