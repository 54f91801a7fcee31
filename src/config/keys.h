/*
 * keys.h - the one table of configuration keys
 *
 * To add a key: a field in config/config.h, a row in keys.c.  Parsing, environment names, -s, the sample file, the
 * manual page, rendering and comparing follow.
 */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum config_type {
	TYPE_STRING,	/* const char *; min and max bound its length */
	TYPE_PATH,	/* const char *; absolute */
	TYPE_BOOL,	/* bool */
	TYPE_INT,	/* uint32_t */
	TYPE_PERCENT,	/* double, at most two decimals */
	TYPE_SIZE,	/* uint64_t, bytes */
	TYPE_DURATION,	/* uint64_t, ms */
	TYPE_ENUM,	/* int-sized enum */
	TYPE_ADDRESS,	/* struct config_address */
	TYPE_ADDRESSES, /* struct config_addresses */
	TYPE_LIST,	/* struct config_list; `item` says of what */
	TYPE_SECRET,	/* struct secret */
	TYPE_URL,	/* const char *, normalised */
	TYPE_DIGEST,	/* const char *, 64 lower-case hex digits */
	TYPE_ROUTE,	/* const char *, REST route from /V1/ on with an optional query, or "" */
	TYPE_DATE,	/* uint64_t, Unix ms */
	TYPE_COUNT
};

enum config_item {
	ITEM_WORD,	/* visible ASCII without separators */
	ITEM_CLASS,	/* PHP class: letters, digits, _ and backslashes */
	ITEM_CHOICE,	/* one of `choices` */
	ITEM_URL,	/* base URL, normalised */
	ITEM_HOST,	/* name or address, optional port */
	ITEM_HOST_PORT, /* name or address, and port */
	ITEM_ORIGIN,	/* scheme://host[:port] */
	ITEM_NETWORK,	/* address, or address/bits */
	ITEM_COUNT
};

enum {
	KEY_RESTART = 1,       /* a reload cannot apply a change */
	KEY_PER_STORE = 2,     /* offset into struct config_store */
	KEY_PER_PRINCIPAL = 4, /* offset into struct config_principal */
	KEY_REQUIRED = 8,
	KEY_IN_STATE_DIR = 16 /* TYPE_PATH: the default is this file name in server.state_dir */
};

struct config_choice {
	const char *word;
	int value;
};

struct config_key {
	const char *section;
	const char *key;
	size_t offset;
	enum config_type type;
	const char *fallback; /* text of the default, parsed like any other value; NULL for none */
	uint64_t min;
	uint64_t max;
	unsigned flags;
	enum config_item item;
	const struct config_choice *choices; /* ended by a NULL word */
	const char *seed;		     /* environment name that older set-ups use, or NULL */
	const char *example;		     /* for the sample file, where the default says little */
	const char *doc;
};

struct config_section {
	const char *name;
	unsigned flags; /* 0, KEY_PER_STORE or KEY_PER_PRINCIPAL: sections that carry a name */
	const char *example_name;
	const char *doc;
};

extern const struct config_key keys_table[];
extern const size_t keys_count;
extern const struct config_section keys_sections[];
extern const size_t keys_sections_count;

const struct config_section *keys_section_find(struct slice name);
const struct config_key *keys_find(const char *section, struct slice key);

/* Finds `KEY_file`: the secret key KEY whose value is to be read from a file. */
const struct config_key *keys_find_file(const char *section, struct slice key);

/*
 * Writes the known name that looks most like a mistyped one: a key of `section` (KEY_file forms left out), or a section
 * when `section` is NULL.  NULL when nothing is near.  *elsewhere_r (may be NULL) gets the section that does have a key
 * of exactly this name, or NULL.
 */
const char *keys_nearest(const char *section, struct slice word, const char **elsewhere_r);

#endif
