/*
 * list.h - texts of lists: items separated by commas, spaces or both
 */
#ifndef CONFIG_LIST_H
#define CONFIG_LIST_H

#include "base/compiler.h"
#include "base/err.h"
#include "base/pool.h"
#include "base/slice.h"
#include "config/config.h"
#include "config/keys.h"

/* Cuts the next item off *rest; false at the end.  Empty items between two commas do not count. */
bool list_next(struct slice *rest, struct slice *item_r);

/* Each item is checked and brought into normal form as key->item says; at most key->max items, none twice. */
int list_parse(const struct config_key *key, struct slice text, struct pool *pool, struct config_list *out_r,
	       struct err *err) MUST_CHECK;

#endif
