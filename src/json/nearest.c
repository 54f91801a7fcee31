/*
 * nearest.c - edit distance over names: letter case does not count, "skuList" is near "sku_list"
 */
#include "json/nearest.h"

#include <string.h>

void
json_nearest_init(struct json_nearest *n, struct slice word)
{
	*n = (struct json_nearest){.word = word, .distance = JSON_NEAREST_WORD_MAX + 1};
}

static char
fold(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c | 0x20);
	return c == '-' || c == '.' || c == ' ' ? '_' : c;
}

static size_t
min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Levenshtein's distance, one row at a time.  Both are at most JSON_NEAREST_WORD_MAX long. */
static size_t
distance(struct slice a, struct slice b)
{
	size_t row[JSON_NEAREST_WORD_MAX + 1];

	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t change = diagonal + (fold(a.ptr[i - 1]) != fold(b.ptr[j - 1]));

			diagonal = row[j];
			row[j] = min3(row[j] + 1, row[j - 1] + 1, change);
		}
	}
	return row[b.len];
}

/* One begins with the other: "store" and "store_code".  Counts as one slip. */
static bool
begins_alike(struct slice a, struct slice b)
{
	size_t common = a.len < b.len ? a.len : b.len;

	return common >= 3 && distance(slice_sub(a, 0, common), slice_sub(b, 0, common)) == 0;
}

void
json_nearest_offer(struct json_nearest *n, const char *known)
{
	struct slice word = slice_from_str(known);
	size_t longer = word.len > n->word.len ? word.len : n->word.len;
	size_t shorter = word.len < n->word.len ? word.len : n->word.len;
	size_t d;

	if (longer > JSON_NEAREST_WORD_MAX)
		return;
	d = distance(n->word, word);
	if (d > 1 && begins_alike(n->word, word))
		d = 1;
	if (d > (longer + 2) / 3 || d >= shorter)
		return;
	if (d < n->distance) {
		n->distance = d;
		n->best = known;
	}
}
