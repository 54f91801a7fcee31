/*
 * address.h - texts of listen addresses
 */
#ifndef CONFIG_ADDRESS_H
#define CONFIG_ADDRESS_H

#include "base/compiler.h"
#include "base/err.h"
#include "base/pool.h"
#include "base/slice.h"
#include "config/config.h"

/* ADDRESS:PORT with a numeric address ([...] around IPv6) or localhost.  Only inet. */
int address_parse_inet(struct slice text, struct pool *pool, struct config_address *out_r, struct err *err) MUST_CHECK;

/* The same, or unix:/PATH, or off. */
int address_parse(struct slice text, struct pool *pool, struct config_address *out_r, struct err *err) MUST_CHECK;

/* Longest path that fits into a Unix socket address. */
#define ADDRESS_UNIX_PATH_MAX 107

#endif
