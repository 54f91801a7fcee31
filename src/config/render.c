/*
 * render.c - the canonical text of a configuration, and what differs between two
 */
#include <string.h>

#include "base/fd.h"
#include "config/config.h"
#include "config/keys.h"
#include "config/value.h"

/* Every key of one section.  What has no default and is not set is left out: its absence is its value. */
static int
render_keys(const char *section, const void *owner, struct buf *out)
{
	size_t i;
	int r;

	for (i = 0; i < keys_count; i++) {
		const struct config_key *key = &keys_table[i];
		size_t start = out->len, value_at;

		if (strcmp(key->section, section) != 0)
			continue;
		(void)buf_printf(out, "%s = ", key->key);
		value_at = out->len;
		r = value_print(key, owner, out);
		if (r < 0)
			return r;
		if (key->fallback == NULL && out->len == value_at)
			buf_truncate(out, start);
		else
			(void)buf_put_char(out, '\n');
	}
	return out->failed;
}

int
config_render(const struct config *cfg, struct buf *secret_buf)
{
	size_t i, k;
	int r = 0;

	for (i = 0; r == 0 && i < keys_sections_count; i++) {
		const struct config_section *section = &keys_sections[i];

		if (section->flags == 0) {
			(void)buf_printf(secret_buf, "[%s]\n", section->name);
			r = render_keys(section->name, cfg, secret_buf);
		}
		for (k = 0; r == 0 && section->flags == KEY_PER_STORE && k < cfg->n_stores; k++) {
			(void)buf_printf(secret_buf, "[store \"%s\"]\n", cfg->stores[k].name);
			r = render_keys(section->name, &cfg->stores[k], secret_buf);
		}
		for (k = 0; r == 0 && section->flags == KEY_PER_PRINCIPAL && k < cfg->n_principals; k++) {
			(void)buf_printf(secret_buf, "[principal \"%s\"]\n", cfg->principals[k].name);
			r = render_keys(section->name, &cfg->principals[k], secret_buf);
		}
	}
	return r;
}

/* ---- comparing ---- */

struct comparison {
	struct buf a, b; /* texts of one value; they may be secrets */
	struct buf *changed, *restart;
};

static int
put_name(struct buf *out, const char *section, const char *name, const char *key)
{
	return buf_printf(out, "%s%s%s%s%s%s", out->len > 0 ? ", " : "", section, name != NULL ? "." : "",
			  name != NULL ? name : "", key != NULL ? "." : "", key != NULL ? key : "");
}

/* `name` is NULL for plain sections. */
static int
compare_keys(struct comparison *c, const char *section, const char *name, const void *a, const void *b)
{
	size_t i;
	int r;

	for (i = 0; i < keys_count; i++) {
		const struct config_key *key = &keys_table[i];

		if (strcmp(key->section, section) != 0)
			continue;
		buf_clear(&c->a);
		buf_clear(&c->b);
		r = value_print(key, a, &c->a);
		if (r == 0)
			r = value_print(key, b, &c->b);
		if (r < 0)
			return r;
		if (secret_eq(buf_slice(&c->a), buf_slice(&c->b)))
			continue;
		r = put_name(c->changed, section, name, key->key);
		if (r == 0 && (key->flags & KEY_RESTART))
			r = put_name(c->restart, section, name, key->key);
		if (r < 0)
			return r;
	}
	return 0;
}

static int
compare_stores(struct comparison *c, const struct config *a, const struct config *b)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < a->n_stores; i++) {
		const struct config_store *other = config_store_find(b, slice_from_str(a->stores[i].name));

		if (other == NULL)
			r = put_name(c->changed, "store", a->stores[i].name, NULL);
		else
			r = compare_keys(c, "store", other->name, &a->stores[i], other);
	}
	for (i = 0; r == 0 && i < b->n_stores; i++) {
		if (config_store_find(a, slice_from_str(b->stores[i].name)) == NULL)
			r = put_name(c->changed, "store", b->stores[i].name, NULL);
	}
	return r;
}

static int
compare_principals(struct comparison *c, const struct config *a, const struct config *b)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < a->n_principals; i++) {
		const struct config_principal *other = config_principal_find(b, slice_from_str(a->principals[i].name));

		if (other == NULL)
			r = put_name(c->changed, "principal", a->principals[i].name, NULL);
		else
			r = compare_keys(c, "principal", other->name, &a->principals[i], other);
	}
	for (i = 0; r == 0 && i < b->n_principals; i++) {
		if (config_principal_find(a, slice_from_str(b->principals[i].name)) == NULL)
			r = put_name(c->changed, "principal", b->principals[i].name, NULL);
	}
	return r;
}

int
config_diff(const struct config *a, const struct config *b, struct buf *changed, struct buf *restart)
{
	struct comparison c = {.changed = changed, .restart = restart};
	size_t i;
	int r = 0;

	buf_init_secret(&c.a, CONFIG_RENDERED_MAX);
	buf_init_secret(&c.b, CONFIG_RENDERED_MAX);
	for (i = 0; r == 0 && i < keys_sections_count; i++) {
		if (keys_sections[i].flags == 0)
			r = compare_keys(&c, keys_sections[i].name, NULL, a, b);
	}
	if (r == 0)
		r = compare_stores(&c, a, b);
	if (r == 0)
		r = compare_principals(&c, a, b);
	buf_fini(&c.a);
	buf_fini(&c.b);
	return r;
}

int
config_read_rendered(int fd, struct config **out_r, struct err *err)
{
	struct buf text;
	int r;

	*out_r = NULL;
	buf_init_secret(&text, CONFIG_RENDERED_MAX);
	r = fd_read_all(fd, CONFIG_RENDERED_MAX, &text, err);
	if (r == 0)
		r = config_parse_rendered(buf_slice(&text), out_r, err);
	buf_fini(&text);
	return r;
}
