/*
 * memory.c - see memory.h
 */
#include "supervisor/memory.h"

#include "base/fd.h"
#include "base/log.h"

static int
open_table(struct house *h, struct err *err)
{
	int r = table_new(h->segment, h->keys, &h->table);

	return r < 0 ? err_set(err, r, "the table cannot be opened (%s)", err_name(r)) : 0;
}

int
memory_make(struct house *h, const struct config *cfg, struct err *err)
{
	const struct segment_config want = {.slots = cfg->server.table_slots};
	int r;

	r = segment_keys_create(&h->keys, err);
	if (r == 0)
		r = segment_create(&want, h->keys, &h->segment, err);
	return r < 0 ? r : open_table(h, err);
}

int
memory_adopt(struct house *h, int table_fd, int keys_fd, struct err *err)
{
	int r;

	r = segment_attach(table_fd, &h->segment, err);
	if (r < 0)
		fd_close(&table_fd);
	if (r == 0)
		r = segment_keys_attach(keys_fd, &h->keys, err);
	if (h->keys == NULL)
		fd_close(&keys_fd);
	if (r == 0)
		r = open_table(h, err);
	if (r == 0)
		return 0;
	memory_free(h);
	return r;
}

void
memory_say_anew(const struct err *why)
{
	log_write(LOG_WARN, "table_anew", LOG_STR("reason", why->text),
		  LOG_STR("text", "there is an empty table: clients log in again, plans stay"), LOG_END);
}

bool
memory_fits(const struct house *h, const struct config *cfg)
{
	uint32_t slots = segment_slots(h->segment);

	return slots >= cfg->server.table_slots && slots / 2 < cfg->server.table_slots;
}

void
memory_free(struct house *h)
{
	table_free(&h->table);
	segment_free(&h->segment);
	segment_keys_free(&h->keys);
}
