/*
 * network.h - addresses of clients and networks of them, IPv4 and IPv6 alike
 *
 * An IPv4 address stands as IPv6 has it, ::ffff:192.0.2.7, so a client is the same whichever socket it came by.
 * Pure.  Runs in: all processes.
 */
#ifndef CONFIG_NETWORK_H
#define CONFIG_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/slice.h"

#define CONFIG_ADDRESS_BYTES 16

struct config_network {
	uint8_t address[CONFIG_ADDRESS_BYTES];
	uint8_t bits; /* that count, of all 128 */
};

/* ADDRESS or ADDRESS/BITS; bits of the address behind them are cleared.  ERR_INVALID. */
int config_network_parse(struct slice text, struct config_network *network_r) MUST_CHECK;
bool config_network_has(const struct config_network *network, const uint8_t address[static CONFIG_ADDRESS_BYTES]);

/* The address of a peer, "192.0.2.1:4711" or "[2001:db8::1]:4711".  ERR_INVALID: it has none ("unix"). */
int config_network_peer(struct slice peer, uint8_t address_r[static CONFIG_ADDRESS_BYTES]) MUST_CHECK;

/*
 * The name under which a client is counted: an IPv4 address, or the first 64 bits of an IPv6 one, which is what one
 * customer gets: "192.0.2.1", "2001:db8:0:1::/64".
 */
#define CONFIG_NETWORK_NAME_CAP 52
void config_network_name(const uint8_t address[static CONFIG_ADDRESS_BYTES],
			 char name_r[static CONFIG_NETWORK_NAME_CAP]);

#endif
