/*
 * list.c - see list.h
 */
#include "config/list.h"

#include <ctype.h>
#include <string.h>

#include "config/ini.h"
#include "config/network.h"
#include "config/url.h"
#include "config/value.h"

/* A rendered list must fit into one line again. */
#define LIST_TEXT_MAX (INI_LINE_MAX - 128)

static bool
is_separator(char c)
{
	return c == ',' || c == ' ' || c == '\t';
}

bool
list_next(struct slice *rest, struct slice *item_r)
{
	size_t from = 0, to;

	while (from < rest->len && is_separator(rest->ptr[from]))
		from++;
	to = from;
	while (to < rest->len && !is_separator(rest->ptr[to]))
		to++;
	*item_r = slice_sub(*rest, from, to - from);
	*rest = slice_sub(*rest, to, rest->len);
	return item_r->len > 0;
}

static int
copy_item(struct slice item, char out_r[static CONFIG_URL_MAX + 1], struct err *err)
{
	if (slice_to_str(item, out_r, CONFIG_URL_MAX + 1) < 0)
		return err_set(err, ERR_INVALID, "an item is longer than %d bytes, shorten it", CONFIG_URL_MAX);
	return 0;
}

static int
normalise_word(struct slice item, char out_r[static CONFIG_URL_MAX + 1], struct err *err)
{
	char shown[VALUE_SHOW_CAP];
	size_t i;

	for (i = 0; i < item.len; i++) {
		unsigned char c = (unsigned char)item.ptr[i];

		if (c <= 0x20 || c >= 0x7f || c == '"' || c == '\\')
			return err_set(err, ERR_INVALID, "\"%s\" is no plain word, write it without quotes and accents",
				       value_show(item, shown));
	}
	return copy_item(item, out_r, err);
}

static int
normalise_class(struct slice item, char out_r[static CONFIG_URL_MAX + 1], struct err *err)
{
	char shown[VALUE_SHOW_CAP];
	size_t i;

	for (i = 0; i < item.len; i++) {
		if (!isalnum((unsigned char)item.ptr[i]) && item.ptr[i] != '_' && item.ptr[i] != '\\')
			return err_set(err, ERR_INVALID, "\"%s\" is no class name, write it like Vendor\\Module\\Name",
				       value_show(item, shown));
	}
	return copy_item(item, out_r, err);
}

/* Letters, digits, - . _ and, for IPv6, brackets and colons; lower case. */
static int
normalise_host(struct slice item, char out_r[static CONFIG_URL_MAX + 1], struct err *err)
{
	char shown[VALUE_SHOW_CAP];
	size_t i;
	int r;

	r = copy_item(item, out_r, err);
	for (i = 0; r == 0 && i < item.len; i++) {
		char *c = &out_r[i];

		if (*c >= 'A' && *c <= 'Z')
			*c += 'a' - 'A';
		if (!(*c >= 'a' && *c <= 'z') && !(*c >= '0' && *c <= '9') && strchr("-._:[]", *c) == NULL)
			r = err_set(err, ERR_INVALID, "\"%s\" is no host, write HOST or HOST:PORT without http://",
				    value_show(item, shown));
	}
	return r;
}

static int
normalise_host_port(struct slice item, char out_r[static CONFIG_URL_MAX + 1], struct err *err)
{
	char shown[VALUE_SHOW_CAP];
	size_t colon = item.len;
	uint64_t port = 0;
	int r;

	r = normalise_host(item, out_r, err);
	if (r < 0)
		return r;
	while (colon > 0 && item.ptr[colon - 1] != ':')
		colon--;
	if (colon < 2 || slice_to_u64(slice_sub(item, colon, item.len), 65535, &port) < 0 || port == 0)
		return err_set(err, ERR_INVALID, "\"%s\" has no port, write HOST:PORT such as varnish.example.com:6081",
			       value_show(item, shown));
	return 0;
}

/* Without a path an origin is a base URL in all that matters here. */
static int
normalise_origin(struct slice item, char out_r[static CONFIG_URL_MAX + 1], struct err *err)
{
	ptrdiff_t slash;
	int r;

	r = config_url_normalise(item, out_r, err);
	if (r < 0)
		return r;
	slash = slice_find(slice_sub(slice_from_str(out_r), sizeof("https://") - 1, CONFIG_URL_MAX), '/');
	if (slash >= 0)
		return err_set(err, ERR_INVALID, "an origin has no path, write https://HOST or https://HOST:PORT");
	return 0;
}

static int
normalise_network(struct slice item, char out_r[static CONFIG_URL_MAX + 1], struct err *err)
{
	struct config_network network;
	char shown[VALUE_SHOW_CAP];

	if (config_network_parse(item, &network) < 0)
		return err_set(err, ERR_INVALID, "\"%s\" is no address, write one such as 192.0.2.7, 10.0.0.0/8 or ::1",
			       value_show(item, shown));
	return copy_item(item, out_r, err);
}

static int
normalise_item(const struct config_key *key, struct slice item, char out_r[static CONFIG_URL_MAX + 1], struct err *err)
{
	char shown[VALUE_SHOW_CAP];
	size_t i;

	switch (key->item) {
	case ITEM_URL:
		return config_url_normalise(item, out_r, err);
	case ITEM_HOST:
		return normalise_host(item, out_r, err);
	case ITEM_HOST_PORT:
		return normalise_host_port(item, out_r, err);
	case ITEM_ORIGIN:
		return normalise_origin(item, out_r, err);
	case ITEM_NETWORK:
		return normalise_network(item, out_r, err);
	case ITEM_CHOICE:
		for (i = 0; key->choices[i].word != NULL; i++) {
			if (slice_is(item, key->choices[i].word))
				return copy_item(item, out_r, err);
		}
		return err_set(err, ERR_INVALID, "\"%s\" is not known here, write words of: %s",
			       value_show(item, shown), key->fallback);
	case ITEM_CLASS:
		return normalise_class(item, out_r, err);
	case ITEM_WORD:
	case ITEM_COUNT:
		break;
	}
	return normalise_word(item, out_r, err);
}

static bool
has_item(const char *const *items, size_t n, const char *item)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (strcmp(items[i], item) == 0)
			return true;
	}
	return false;
}

int
list_parse(const struct config_key *key, struct slice text, struct pool *pool, struct config_list *out_r,
	   struct err *err)
{
	char normal[CONFIG_URL_MAX + 1];
	struct slice rest = text, item;
	const char **items;
	size_t n = 0, i = 0, total = 0;
	int r;

	*out_r = (struct config_list){NULL, 0};
	while (list_next(&rest, &item))
		n++;
	if (n > key->max)
		return err_set(err, ERR_INVALID, "the list has %zu items, at most %u are allowed", n,
			       (unsigned)key->max);
	if (n == 0)
		return 0;
	items = pool_alloc(pool, n * sizeof(*items));
	if (items == NULL)
		return ERR_NOMEM;
	for (rest = text; list_next(&rest, &item); i++) {
		r = normalise_item(key, item, normal, err);
		if (r < 0)
			return r;
		if (has_item(items, i, normal))
			return err_set(err, ERR_INVALID, "an item stands twice in the list, write it once");
		total += strlen(normal) + 2;
		if (total > LIST_TEXT_MAX)
			return err_set(err, ERR_INVALID, "the list is longer than %d bytes, shorten it", LIST_TEXT_MAX);
		items[i] = pool_strdup(pool, normal);
		if (items[i] == NULL)
			return ERR_NOMEM;
	}
	*out_r = (struct config_list){items, n};
	return 0;
}
