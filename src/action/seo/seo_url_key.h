/*
 * seo_url_key.h - new URL keys from old ones (private to action/); pure
 */
#ifndef ACTION_SEO_URL_KEY_H
#define ACTION_SEO_URL_KEY_H

#include <jansson.h>
#include <stdbool.h>

#include "base/compiler.h"

#define SEO_URL_KEY_MAX 255
#define SEO_URL_KEY_CAP (SEO_URL_KEY_MAX + 1)

enum seo_url_key_verdict {
	SEO_URL_KEY_OK,
	SEO_URL_KEY_EMPTY,
	SEO_URL_KEY_TOO_LONG,
	SEO_URL_KEY_ODD /* holds something that Magento would write in another way */
};

/*
 * Applies {prefix?, suffix?, replace?: {search, replacement, all?}} in this order, then makes one of several hyphens
 * and takes those at both ends away.  What is OK is what Magento's own rule for URL keys leaves alone: [a-z0-9-]+.
 */
enum seo_url_key_verdict seo_url_key_transform(const char *old_key, const json_t *transform,
					       char new_r[static SEO_URL_KEY_CAP]) MUST_CHECK;

/* Has the key the prefix or the suffix already? */
bool seo_url_key_has(const char *key, const json_t *transform);

const char *seo_url_key_reason(enum seo_url_key_verdict verdict); /* why an item is left out */

#endif
