#include "seo_url_key.h"

#include <string.h>

#include "base/buf.h"
#include "json/get.h"

/* A key, a prefix, a suffix, and replacements of every letter: more than this is too long in any case. */
#define WORK_MAX (64 * 1024)

static void
replace(const char *text, const json_t *rule, struct buf *out)
{
	const char *search = json_get_str(rule, "search", "");
	bool all = json_get_bool(rule, "all", true);
	size_t len = strlen(search);
	const char *hit = len > 0 ? strstr(text, search) : NULL;

	while (hit != NULL) {
		buf_put(out, text, (size_t)(hit - text));
		buf_put_str(out, json_get_str(rule, "replacement", ""));
		text = hit + len;
		hit = all ? strstr(text, search) : NULL;
	}
	buf_put_str(out, text);
}

/* One hyphen for several, none at the ends. */
static void
tidy(const char *text, struct buf *out)
{
	for (const char *c = text; *c != '\0'; c++) {
		if (*c != '-' || (out->len > 0 && buf_cstr(out)[out->len - 1] != '-'))
			buf_put_char(out, *c);
	}
	if (out->len > 0 && buf_cstr(out)[out->len - 1] == '-')
		buf_truncate(out, out->len - 1);
}

static enum seo_url_key_verdict
judge(const struct buf *key)
{
	const char *text = buf_cstr(key);

	if (key->failed != 0 || key->len > SEO_URL_KEY_MAX)
		return SEO_URL_KEY_TOO_LONG;
	if (key->len == 0)
		return SEO_URL_KEY_EMPTY;
	return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == key->len ? SEO_URL_KEY_OK : SEO_URL_KEY_ODD;
}

enum seo_url_key_verdict
seo_url_key_transform(const char *old_key, const json_t *transform, char new_r[static SEO_URL_KEY_CAP])
{
	enum seo_url_key_verdict verdict;
	struct buf joined, replaced, key;

	buf_init(&joined, WORK_MAX);
	buf_init(&replaced, WORK_MAX);
	buf_init(&key, WORK_MAX);
	buf_put_str(&joined, json_get_str(transform, "prefix", ""));
	buf_put_str(&joined, old_key);
	buf_put_str(&joined, json_get_str(transform, "suffix", ""));
	replace(buf_cstr(&joined), json_get_object(transform, "replace"), &replaced);
	tidy(buf_cstr(&replaced), &key);
	verdict = joined.failed != 0 || replaced.failed != 0 ? SEO_URL_KEY_TOO_LONG : judge(&key);
	new_r[0] = '\0';
	if (verdict == SEO_URL_KEY_OK)
		memcpy(new_r, buf_cstr(&key), key.len + 1);
	buf_fini(&joined);
	buf_fini(&replaced);
	buf_fini(&key);
	return verdict;
}

bool
seo_url_key_has(const char *key, const json_t *transform)
{
	const char *prefix = json_get_str(transform, "prefix", NULL);
	const char *suffix = json_get_str(transform, "suffix", NULL);
	size_t len = strlen(key);

	if (prefix != NULL && strncmp(key, prefix, strlen(prefix)) == 0)
		return true;
	return suffix != NULL && strlen(suffix) <= len && strcmp(key + len - strlen(suffix), suffix) == 0;
}

const char *
seo_url_key_reason(enum seo_url_key_verdict verdict)
{
	switch (verdict) {
	case SEO_URL_KEY_OK:
		break;
	case SEO_URL_KEY_EMPTY:
		return "nothing would be left of its URL key";
	case SEO_URL_KEY_TOO_LONG:
		return "its URL key would be longer than 255 characters";
	case SEO_URL_KEY_ODD:
		return "its URL key would hold something else than a-z, 0-9 and -, which Magento writes in another way";
	}
	return "";
}
