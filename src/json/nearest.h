/*
 * nearest.h - which known word was probably meant
 */
#ifndef JSON_NEAREST_H
#define JSON_NEAREST_H

#include <stddef.h>

#include "base/slice.h"

#define JSON_NEAREST_WORD_MAX 64

struct json_nearest {
	struct slice word;
	const char *best; /* NULL: nothing is near enough */
	size_t distance;  /* of best */
};

/* `word` is what was written.  Words longer than 64 bytes have no neighbours. */
void json_nearest_init(struct json_nearest *n, struct slice word);

/* Offers a known word; `best` becomes it when it is nearer than what was offered before.  The word is borrowed. */
void json_nearest_offer(struct json_nearest *n, const char *known);

#endif
