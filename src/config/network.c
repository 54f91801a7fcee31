#include "config/network.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

#define V4_BITS 96 /* before the address, in the IPv6 form */

static const uint8_t v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

static bool
is_v4(const uint8_t address[static CONFIG_ADDRESS_BYTES])
{
	return memcmp(address, v4_prefix, sizeof(v4_prefix)) == 0;
}

static int
parse_address(struct slice text, uint8_t address_r[static CONFIG_ADDRESS_BYTES])
{
	char host[INET6_ADDRSTRLEN];

	if (slice_to_str(text, host, sizeof(host)) < 0)
		return ERR_INVALID;
	memcpy(address_r, v4_prefix, sizeof(v4_prefix));
	if (inet_pton(AF_INET, host, address_r + sizeof(v4_prefix)) == 1 || inet_pton(AF_INET6, host, address_r) == 1)
		return 0;
	return ERR_INVALID;
}

static void
clear_behind(uint8_t address[static CONFIG_ADDRESS_BYTES], unsigned bits)
{
	for (unsigned i = 0; i < CONFIG_ADDRESS_BYTES; i++) {
		unsigned from = 8 * i;

		if (from >= bits)
			address[i] = 0;
		else if (bits - from < 8)
			address[i] &= (uint8_t)(0xff << (8 - (bits - from)));
	}
}

int
config_network_parse(struct slice text, struct config_network *network_r)
{
	ptrdiff_t slash = slice_find(text, '/');
	struct slice address = slash < 0 ? text : slice_sub(text, 0, (size_t)slash);
	uint64_t most, bits;

	if (parse_address(address, network_r->address) < 0)
		return ERR_INVALID;
	most = slice_find(address, ':') < 0 ? 32 : 128;
	bits = most;
	if (slash >= 0 && slice_to_u64(slice_sub(text, (size_t)slash + 1, text.len), most, &bits) < 0)
		return ERR_INVALID;
	network_r->bits = (uint8_t)(most == 32 ? V4_BITS + bits : bits);
	clear_behind(network_r->address, network_r->bits);
	return 0;
}

bool
config_network_has(const struct config_network *network, const uint8_t address[static CONFIG_ADDRESS_BYTES])
{
	uint8_t prefix[CONFIG_ADDRESS_BYTES];

	memcpy(prefix, address, sizeof(prefix));
	clear_behind(prefix, network->bits);
	return memcmp(prefix, network->address, sizeof(prefix)) == 0;
}

int
config_network_peer(struct slice peer, uint8_t address_r[static CONFIG_ADDRESS_BYTES])
{
	size_t colon = peer.len;
	struct slice host;

	while (colon > 0 && peer.ptr[colon - 1] != ':')
		colon--;
	if (colon < 2)
		return ERR_INVALID;
	host = slice_sub(peer, 0, colon - 1);
	if (host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
		host = slice_sub(host, 1, host.len - 2);
	return parse_address(host, address_r);
}

void
config_network_name(const uint8_t address[static CONFIG_ADDRESS_BYTES], char name_r[static CONFIG_NETWORK_NAME_CAP])
{
	uint8_t prefix[CONFIG_ADDRESS_BYTES];
	char text[INET6_ADDRSTRLEN] = "";

	memcpy(prefix, address, sizeof(prefix));
	if (is_v4(address)) {
		inet_ntop(AF_INET, prefix + sizeof(v4_prefix), text, sizeof(text));
		snprintf(name_r, CONFIG_NETWORK_NAME_CAP, "%s", text);
		return;
	}
	clear_behind(prefix, 64);
	inet_ntop(AF_INET6, prefix, text, sizeof(text));
	snprintf(name_r, CONFIG_NETWORK_NAME_CAP, "%s/64", text);
}
