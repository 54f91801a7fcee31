/*
 * url.h - the address of a store taken apart, and addresses a caller must not be able to reach through us
 *
 * Normalising and comparing base URLs is config/url.h.  Pure; runs anywhere.
 */
#ifndef MAGENTO_URL_H
#define MAGENTO_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/slice.h"

struct url_parts {
	bool tls;
	struct slice host; /* as written, IPv6 without brackets; points into the URL */
	uint16_t port;	   /* the scheme's own when none is written */
	struct slice path; /* "" or "/..." without query */
};

/* ERR_INVALID: no http(s) URL, userinfo, no host, a port outside 1..65535. */
int url_split(struct slice url, struct url_parts *parts_r) MUST_CHECK;

enum url_reach {
	URL_NAME,   /* a host name: what it resolves to must be checked when connecting */
	URL_PUBLIC, /* a literal address of the public internet */
	URL_PRIVATE /* loopback, link-local, private, shared, multicast, reserved; or a name that means this host */
};

/*
 * Judges a host as it stands in a URL.  Odd spellings of IPv4 that resolvers accept (decimal, octal, hexadecimal, fewer
 * than four parts) are read as what they mean; IPv4 inside IPv6 (mapped, compatible, 6to4, NAT64) counts as that IPv4.
 * `localhost`, `*.localhost`, `*.local`, `*.internal` and an empty host are private.
 */
enum url_reach url_judge_host(struct slice host);

/* The same for an address in binary: 4 or 16 bytes, network order.  Any other length is private. */
enum url_reach url_judge_address(const uint8_t *address, size_t len);

#endif
